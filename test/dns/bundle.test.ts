import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { openBatched } from '../../src/dns/batched.ts';
import { type Bundle, openBundle, type Receive, SOCKETS } from '../../src/dns/bundle.ts';
import { loadLibc } from '../../src/dns/libc.ts';
import { splitServer } from '../../src/dns/resolvers.ts';
import { type Peer, widen } from '../../src/dns/udp.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function open(host: '127.0.0.1' | '::1', port = 0): Promise<{ socket: Socket; peer: Peer }> {
  const family = host === '::1' ? 6 : 4;
  const socket = createSocket(`udp${family}`);
  socket.bind(port, host);
  await once(socket, 'listening');
  return { socket, peer: { address: host, port: socket.address().port, family } };
}

/** Sends everything back, from where it came. */
async function echo(host: '127.0.0.1' | '::1' = '127.0.0.1'): Promise<{ peer: Peer; ports: Set<number> }> {
  const { socket, peer } = await open(host);
  widen(socket);
  const ports = new Set<number>();
  socket.on('message', (message, from) => {
    ports.add(from.port);
    socket.send(message, from.port, from.address);
  });
  closing.push(() => socket.close());
  return { peer, ports };
}

async function openDrained(peer: Peer, receive: Receive): Promise<Bundle | null> {
  const libc = await loadLibc();
  const watch = libc?.watch() ?? null;
  if (libc === null || watch === null) return null;
  closing.push(watch.close);
  return await openBatched(peer, receive, libc, watch);
}

function sendOne(bundle: Bundle, socket: number, message: Buffer): void {
  bundle.send(socket, message, message.length);
}

describe.each([
  ['of Node', openBundle],
  ['with many datagrams at once', openDrained],
])('sockets %s', (_, openSockets) => {
  async function opened(peer: Peer, receive: Receive): Promise<Bundle> {
    const bundle = await openSockets(peer, receive);
    if (bundle === null) throw new Error('not to be had');
    closing.push(bundle.close);
    return bundle;
  }

  /** What has come, as it is read. */
  function drained<T>(bundle: Bundle, came: T[]): T[] {
    bundle.drain();
    return came;
  }

  test.each(['127.0.0.1', '::1'] as const)(
    'what a server at %s says comes in at the socket that asked',
    async (host) => {
      const { peer, ports } = await echo(host);
      const came: string[] = [];
      const bundle = await opened(peer, (socket, message) => came.push(`${socket} ${message}`));
      for (let socket = 0; socket < SOCKETS; socket += 1) sendOne(bundle, socket, Buffer.from(`to ${socket}`));
      bundle.flush();
      await expect.poll(() => drained(bundle, came).toSorted()).toEqual(['0 to 0', '1 to 1']);
      expect(ports.size).toBe(SOCKETS);
    },
  );

  test('thousands are sent and read, each once', async () => {
    const { peer } = await echo();
    const came: number[] = [];
    const bundle = await opened(peer, (_socket, message) => came.push(message.readUInt16BE(0)));
    const sent = Array.from({ length: 4000 }, (_one, at) => at);
    for (let from = 0; from < sent.length; from += 400) {
      for (const at of sent.slice(from, from + 400)) sendOne(bundle, at % SOCKETS, Buffer.from([at >> 8, at & 255]));
      bundle.flush();
      await expect.poll(() => drained(bundle, came).length).toBe(from + 400);
    }
    expect(came.toSorted((one, other) => one - other)).toEqual(sent);
  });

  test('messages of all lengths come whole, up to what DNS without EDNS may send and beyond', async () => {
    const { peer } = await echo();
    const came: string[] = [];
    const bundle = await opened(peer, (_socket, message) => came.push(message.toString()));
    const sent = [1, 12, 40, 271].map((length) => `${length}`.padEnd(length, '.'));
    for (const message of sent) sendOne(bundle, 0, Buffer.from(message));
    bundle.flush();
    await expect.poll(() => drained(bundle, came)).toEqual(sent);
  });

  test('a closed port loses what was sent to it, and no more once it is open', async () => {
    const { socket, peer } = await open('127.0.0.1');
    socket.close();
    await once(socket, 'close');
    const came: string[] = [];
    const bundle = await opened(peer, (_socket, message) => came.push(message.toString()));
    const ask = (count: number): void => {
      for (let at = 0; at < count; at += 1) sendOne(bundle, 0, Buffer.from(`${at}`));
      bundle.flush();
      bundle.drain();
    };
    ask(10);
    ask(10);
    const again = await open('127.0.0.1', peer.port);
    again.socket.on('message', (message, from) => again.socket.send(message, from.port, from.address));
    closing.push(() => again.socket.close());
    ask(1); // may be told of the ones before
    ask(20);
    await expect
      .poll(() => drained(bundle, came).slice(-20))
      .toEqual(Array.from({ length: 20 }, (_one, at) => `${at}`));
  });

  test.runIf(process.platform === 'linux')('what found no room in the receive buffers is counted', async () => {
    const { socket, peer } = await open('127.0.0.1');
    closing.push(() => socket.close());
    let came = 0;
    const bundle = await opened(peer, () => {
      came += 1;
    });
    expect(bundle.overflowed()).toBe(0);
    sendOne(bundle, 0, Buffer.from('one'));
    bundle.flush();
    const [, from] = await once(socket, 'message');
    const most = 40_000;
    const flood = Buffer.alloc(1000);
    for (let at = 0; at < most; at += 1) socket.send(flood, from.port, from.address);
    await expect
      .poll(
        () => {
          bundle.drain();
          return came + bundle.overflowed();
        },
        { timeout: 10_000 },
      )
      .toBe(most);
    expect(bundle.overflowed()).toBeGreaterThan(0);
  });

  test('to an address that lacks its interface there are none', async () => {
    expect(await openSockets(splitServer('[fe80::1]:53'), () => {})).toBeNull();
  });

  test('after the end nothing is sent and nothing comes', async () => {
    const { peer, ports } = await echo();
    const came: string[] = [];
    const bundle = await opened(peer, (_socket, message) => came.push(message.toString()));
    sendOne(bundle, 0, Buffer.from('one'));
    bundle.close();
    closing.pop();
    bundle.flush();
    bundle.drain();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(came).toEqual([]);
    expect([...ports].length).toBeLessThan(2);
  });
});

const srcDns = new URL('../../src/dns/', import.meta.url).href;

test('sockets that are open do not keep a process alive', async () => {
  const script = `
    import { openBatched } from '${srcDns}batched.ts';
    import { loadLibc } from '${srcDns}libc.ts';
    const libc = await loadLibc();
    const peer = { address: '127.0.0.1', port: 9, family: 4 };
    const bundle = await openBatched(peer, () => {}, libc, libc.watch());
    console.log(bundle.batched);`;
  expect(await run(script)).toBe('true\n');
});

test('without koffi there are those of Node only', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(name, context, next) {
        if (name === 'koffi') throw new Error('not installed');
        return next(name, context);
      },
    });
    const { loadLibc } = await import('${srcDns}libc.ts');
    console.log(await loadLibc());`;
  expect(await run(script)).toBe('null\n');
});

test('a thread waits for what arrives at any socket, and not longer than it is told', async () => {
  const { peer } = await echo();
  const libc = await loadLibc();
  const watch = libc?.watch() ?? null;
  if (libc === null || watch === null) throw new Error('not to be had');
  closing.push(watch.close);
  const came: string[] = [];
  const bundle = await openBatched(peer, (_socket, message) => came.push(message.toString()), libc, watch);
  if (bundle === null) throw new Error('not to be had');
  closing.push(bundle.close);
  await watch.wait(1);
  bundle.drain();
  expect(came).toEqual([]);
  sendOne(bundle, 1, Buffer.from('one'));
  bundle.flush();
  await watch.wait(60_000);
  bundle.drain();
  expect(came).toEqual(['one']);
});

async function run(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  return out;
}
