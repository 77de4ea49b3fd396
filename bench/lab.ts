import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ListDefinition } from '../src/catalogue/list.ts';
import { addressText } from '../src/target.ts';

/** 60 zones that list one address in a hundred, and servers for them on loopback. */

export const LISTS = 60;
/** The first address that is asked for. */
export const FIRST = 0x14000000;
const BESIDE = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(':');

export const zoneOf = (list: number): string => `bl${list}.bench.example`;

/** As bench/responder.c has it. */
export function isListed(address: number, list: number): boolean {
  return address >>> 24 === 20 && (Math.imul(Math.imul(address, LISTS) + list, 2654435761) >>> 8) % 100 === 0;
}

export function nameOf(address: number, list: number): string {
  return `${addressText('ipv4', BigInt(address)).split('.').reverse().join('.')}.${zoneOf(list)}`;
}

/** How many of the targets' pairs are listed. */
export function listedPairs(targets: number): number {
  let pairs = 0;
  for (let address = FIRST; address < FIRST + targets; address += 1)
    for (let list = 0; list < LISTS; list += 1) if (isListed(address, list)) pairs += 1;
  return pairs;
}

/** `servers`: where each list listens, one for all or one each. */
export function definitionsOf(servers: readonly string[]): ListDefinition[] {
  return Array.from({ length: LISTS }, (_, list) => ({
    id: `bl${list}`,
    zone: zoneOf(list),
    accepts: ['ipv4'],
    control: { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
    servers: [servers[list % servers.length] ?? ''],
  }));
}

export type Running = { address: string; pid: number; stop(): void };

export function isInstalled(program: string): boolean {
  return spawnSync('which', [program], { env: { ...process.env, PATH: BESIDE } }).status === 0;
}

let responder: string | undefined;

function buildResponder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-responder-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'responder');
  const built = spawnSync('cc', ['-O2', '-o', program, new URL('responder.c', import.meta.url).pathname]);
  if (built.status !== 0) throw new Error('the responder needs a C compiler: cc');
  return program;
}

/** The least that a server can do, so that it is not the limit. */
export async function startResponder(loss = 0): Promise<Running> {
  responder ??= buildResponder();
  const child = spawn(responder, ['0', String(loss)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(createInterface(child.stdout), 'line');
  return running(child, `127.0.0.1:${port}`);
}

export async function startRbldnsd(targets: number, port = 5390): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-rbldnsd-'));
  chmodSync(folder, 0o755); // started by root it reads as another account
  const zones: string[] = [];
  for (let list = 0; list < LISTS; list += 1) {
    const lines = [':127.0.0.2:listed', '127.0.0.2'];
    for (let address = FIRST; address < FIRST + targets; address += 1)
      if (isListed(address, list)) lines.push(addressText('ipv4', BigInt(address)));
    writeFileSync(join(folder, `bl${list}`), `${lines.join('\n')}\n`);
    zones.push(`${zoneOf(list)}:ip4set:bl${list}`);
  }
  const words = ['-n', '-4', '-b', `127.0.0.1/${port}`, '-w', folder, '-c', '0', ...zones];
  const child = spawn('rbldnsd', words, { stdio: 'ignore', env: { ...process.env, PATH: BESIDE } });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  if (child.exitCode !== null) throw new Error(`rbldnsd ended with ${child.exitCode}`);
  return running(child, `127.0.0.1:${port}`, folder);
}

/** A server that says nothing, or after a second what a list without entries says: what it should list counts as missed. */
export async function startOdd(late: boolean): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    if (!late) return;
    const control = query.subarray(12, 22).equals(Buffer.from([1, 0x32, 1, 0x30, 1, 0x30, 3, 0x31, 0x32, 0x37]));
    const reply = Buffer.concat([query, Buffer.from(control ? 'c00c00010001000000640004' + '7f000002' : '', 'hex')]);
    reply[2] = 0x84;
    reply[3] = control ? 0 : 3;
    reply[7] = control ? 1 : 0;
    setTimeout(() => socket.send(reply, from.port, from.address), 1000);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.unref();
  return `127.0.0.1:${socket.address().port}`;
}

function running(child: ChildProcess, address: string, folder?: string): Running {
  const stop = (): void => {
    child.kill();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', stop);
  return { address, pid: child.pid ?? 0, stop };
}
