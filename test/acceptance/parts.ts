import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeReply } from '../../src/dns/codec.ts';
import { encodeQuery } from '../../src/dns/query.ts';

export const ZONES = fileURLToPath(new URL('../../../shared/zones/', import.meta.url));

/** Debian keeps servers in sbin, which an ordinary user's PATH lacks. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin`;

/** Why these tests cannot run here; null when all programs are there. The package is named where it is another word. */
function missingPart(programs: Record<string, string>): string | null {
  for (const [program, pack] of Object.entries(programs))
    if (spawnSync('sh', ['-c', `command -v ${program}`], { env: { PATH } }).status !== 0)
      return `${program} is not installed (apt-get install ${pack})`;
  return null;
}

/**
 * What the tests of this folder do: run; fail, where CI lacks a program; or are reported as not run, with the reason as
 * their name. `reason`: another reason why they cannot run.
 */
export function partsOf(programs: Record<string, string>, reason: string | null = null) {
  const missing = missingPart(programs);
  return {
    run: reason === null && (missing === null || process.env.CI === 'true'),
    named: (name: string): string =>
      missing === null && reason === null ? name : `${name}: not run, ${reason ?? missing}`,
    demandParts(): void {
      if (missing !== null) throw new Error(`CI must have all parts: ${missing}`);
    },
  };
}

/** The zone data is no part of the repository, so a clone that stands alone is excused from it, in CI too. */
const data = existsSync(ZONES) ? null : `no zone data at ${ZONES}`;

/** For tests with rbldnsd and unbound. */
export const acceptance = partsOf({ rbldnsd: 'rbldnsd', unbound: 'unbound' }, data);

export async function freePort(): Promise<number> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

export type Part = { process: ChildProcess; stop(): Promise<void> };

/** Starts a server and waits until `ready` says so; its own words are part of the error when it does not get there. */
export async function startPart(command: string, args: string[], ready: () => Promise<boolean>): Promise<Part> {
  const child = spawn(command, args, { env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  for (const started = Date.now(); Date.now() - started < 20_000; await wait(50)) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}: ${said}`);
    if (await ready()) return { process: child, stop };
  }
  await stop();
  throw new Error(`${command} was not ready within 20 s: ${said}`);
}

/**
 * What a server answers to one question: addresses, or the rcode where there are none. Read from the bytes, so that
 * what is tested is not also the judge.
 */
export async function ask(server: string, name: string): Promise<string> {
  const { hostname, port } = new URL(`udp://${server}`);
  const socket = dgram.createSocket('udp4');
  try {
    socket.send(encodeQuery(0x2a2a, { name, type: 'A' }, true), Number(port), hostname);
    const [message]: Buffer[] = await once(socket, 'message', { signal: AbortSignal.timeout(1000) });
    if (message === undefined) return 'nothing';
    const rcode = (message[3] ?? 0) & 0xf;
    // unbound refuses with a bare header, so there is not always a question to decode.
    if (rcode !== 0) return rcode === 3 ? 'NXDOMAIN' : rcode === 5 ? 'REFUSED' : `RCODE${rcode}`;
    const addresses = decodeReply(message).records.filter((record) => record.type === 'A');
    return addresses.map((record) => record.data).join(' ') || 'NOERROR';
  } catch (error) {
    if (error instanceof Error && (error.name === 'AbortError' || 'code' in error)) return 'nothing';
    throw error;
  } finally {
    socket.close();
  }
}

/** Polls until a server answers as wanted; a change of zone data is there only after rbldnsd has read it. */
export async function untilAnswers(server: string, name: string, wanted: string): Promise<void> {
  let last = '';
  for (const started = Date.now(); Date.now() - started < 20_000; await wait(50)) {
    last = await ask(server, name);
    if (last === wanted) return;
  }
  throw new Error(`${server} still answers ${last} for ${name}, not ${wanted}`);
}
