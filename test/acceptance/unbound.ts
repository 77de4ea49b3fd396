import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, freePort, startPart } from './parts.ts';
import type { Rbldnsd } from './rbldnsd.ts';

export type Unbound = { address: string; stop(): Promise<void> };

/**
 * A caching resolver in front of rbldnsd, which it knows under the lists' real names.
 *
 * @param access `refuse`: answers everybody REFUSED, as a resolver does that is not for us.
 */
export async function startUnbound(behind: Rbldnsd, access: 'allow' | 'refuse' = 'allow'): Promise<Unbound> {
  const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-unbound-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const stubs = behind.zones.map(
    (zone) => `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.1@${behind.port}\n  stub-prime: no\n`,
  );
  const server = [`access-control: 127.0.0.0/8 ${access}`, 'do-not-query-localhost: no', 'module-config: "iterator"'];
  const configuration = unboundConfiguration(folder, port, server, stubs);
  const file = join(folder, 'unbound.conf');
  writeFileSync(file, configuration);
  const address = `127.0.0.1:${port}`;
  const ready = access === 'allow' ? '127.0.0.2' : 'REFUSED';
  const part = await startPart(
    'unbound',
    ['-d', '-c', file],
    async () => (await ask(address, `2.0.0.127.${behind.zones[0]}`)) === ready,
  );
  return {
    address,
    async stop() {
      await part.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of an unbound that a test starts: on loopback, as itself, with nothing of the machine's own settings. */
export function unboundConfiguration(
  folder: string,
  port: number,
  server: readonly string[],
  zones: readonly string[],
): string {
  const common = [
    ...['interface: 127.0.0.1', `port: ${port}`, 'qname-minimisation: no', 'username: ""', 'chroot: ""'],
    ...[`directory: "${folder}"`, 'pidfile: ""', 'use-syslog: no', 'do-ip6: no', 'num-threads: 1'],
  ];
  const lines = [...common, ...server].map((line) => `  ${line}\n`).join('');
  return `server:\n${lines}remote-control:\n  control-enable: no\n${zones.join('')}`;
}
