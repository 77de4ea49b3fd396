import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ask, freePort, partsOf, startPart } from './parts.ts';
import { unboundConfiguration } from './unbound.ts';

/** Zones that ldns signs, and unbound serves to itself and validates: a signed root, and below it what a test wants. */

export const signedParts = partsOf({ unbound: 'unbound', 'ldns-signzone': 'ldnsutils' });

/** `bogus`: changed after it was signed. `records`: lines of a zone file, beside SOA and NS. */
export type LabZone = { origin: string; records: string[]; state: 'signed' | 'bogus' | 'unsigned' };
export type SignedZones = { address: string; stop(): Promise<void> };

export async function startSigned(zones: LabZone[]): Promise<SignedZones> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-signed-'));
  chmodSync(folder, 0o755);
  const delegations = zones.flatMap(({ origin }) => [
    `${origin}. 300 IN NS ns.${origin}.`,
    `ns.${origin}. 300 IN A 127.0.0.1`,
  ]);
  const all: LabZone[] = [{ origin: '.', records: delegations, state: 'signed' }, ...zones];
  const made = all.map((zone) => makeZone(folder, zone));
  writeFileSync(path.join(folder, 'anchors'), `${made.map(({ anchor }) => anchor).join('\n')}\n`);
  const port = await freePort();
  const file = path.join(folder, 'unbound.conf');
  const own = made.map(
    ({ origin, file: zonefile }) =>
      `auth-zone:\n  name: "${origin}"\n  zonefile: "${zonefile}"\n  for-downstream: no\n  for-upstream: yes\n`,
  );
  const server = [
    ...['access-control: 127.0.0.0/8 allow', 'module-config: "validator iterator"', 'ede: yes'],
    ...[`trust-anchor-file: "${path.join(folder, 'anchors')}"`, 'local-zone: "test." nodefault'],
    'local-zone: "127.in-addr.arpa." nodefault',
  ];
  writeFileSync(file, unboundConfiguration(folder, port, server, own));
  const address = `127.0.0.1:${port}`;
  const part = await startPart(
    'unbound',
    ['-d', '-c', file],
    async () => (await ask(address, `ns.${zones[0]?.origin}`)) === '127.0.0.1',
  );
  return {
    address,
    async stop() {
      await part.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function makeZone(
  folder: string,
  { origin, records, state }: LabZone,
): { origin: string; file: string; anchor: string } {
  const run = (program: string, args: string[]): string =>
    execFileSync(program, args, { cwd: folder, encoding: 'utf8', env: { PATH: `${process.env.PATH}:/usr/bin` } });
  const dot = origin === '.' ? '.' : `${origin}.`;
  const ns = origin === '.' ? 'ns.' : `ns.${dot}`;
  const name = `zone${origin === '.' ? '-root' : `-${origin}`}`;
  const head = [
    `${dot} 300 IN SOA ${ns} hostmaster.${origin === '.' ? '' : dot} 1 3600 600 86400 300`,
    `${dot} 300 IN NS ${ns}`,
    `${ns} 300 IN A 127.0.0.1`,
  ];
  writeFileSync(path.join(folder, name), `${[...head, ...records].join('\n')}\n`);
  if (state === 'unsigned') return { origin: dot, file: path.join(folder, name), anchor: '' };
  const key = run('ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', dot]).trim();
  run('ldns-signzone', ['-o', dot, '-f', `${name}.signed`, name, key]);
  const signed = readFileSync(path.join(folder, `${name}.signed`), 'utf8');
  // Another serial and other certificates than those that were signed.
  const text =
    state === 'bogus'
      ? signed
          .replace(/^(.*\bSOA\b\s+\S+\s+\S+\s+)\d+/m, '$199')
          .replaceAll(/(\bTLSA\s+3\s+1\s+1\s+)[0-9a-f]{4}/gi, '$1dead')
      : signed;
  writeFileSync(path.join(folder, `${name}.signed`), text);
  return {
    origin: dot,
    file: path.join(folder, `${name}.signed`),
    anchor: readFileSync(path.join(folder, `${key}.ds`), 'utf8').trim(),
  };
}
