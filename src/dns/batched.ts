import { createSocket } from 'node:dgram';
import { constants } from 'node:os';
import { holdYoungSpace } from '../young-space.ts';
import { type Bundle, connectAll, type Receive, SOCKETS } from './bundle.ts';
import type { Libc, Messages, Watch } from './libc.ts';
import { countOverflow, portsOf } from './overflow.ts';
import { LONGEST_QUERY } from './query.ts';
import { optionsFor, type Peer } from './udp.ts';

/** Datagrams of one system call. */
const MANY = 128;
/** Of replies to queries without EDNS 512 bytes are allowed; what is longer than this is cut off, and so malformed. */
const REPLY_BYTES = 4096;

/**
 * With sockets that send and read many datagrams with one system call, which takes less than half the time. Node only
 * opens them: it would read one by one what arrives between two drains. `watch` waits for them instead.
 * @returns null where the server cannot be reached from here, or this machine cannot do it
 */
export async function openBatched(peer: Peer, receive: Receive, libc: Libc, watch: Watch): Promise<Bundle | null> {
  holdYoungSpace();
  const opened = await Promise.all(Array.from({ length: SOCKETS }, () => openOutlet(peer, libc)));
  const outlets = opened.filter((outlet) => outlet !== null);
  if (outlets.length === SOCKETS) {
    for (const { descriptor } of outlets) watch.add(descriptor);
    return createBundle(libc, outlets, receive);
  }
  for (const { descriptor } of outlets) libc.close(descriptor);
  return null;
}

/** A socket, and the messages that are to leave by it. */
type Outlet = { descriptor: number; ports: string; queries: Messages; waiting: number };

async function openOutlet(peer: Peer, libc: Libc): Promise<Outlet | null> {
  const descriptor = libc.openUdp(peer.family);
  const queries = libc.messages(MANY, LONGEST_QUERY);
  const ports = isAble(libc, descriptor, queries) ? await connect(peer, libc.duplicate(descriptor)) : null;
  if (ports !== null) return { descriptor, ports, queries, waiting: 0 };
  if (descriptor >= 0) libc.close(descriptor);
  return null;
}

/** Some sandboxes know no such system calls. */
function isAble(libc: Libc, descriptor: number, messages: Messages): boolean {
  return descriptor >= 0 && libc.send(descriptor, messages, 0, 0) === 0;
}

/** By a descriptor that is closed again: the socket stays connected for the other one. @returns its ports */
async function connect(peer: Peer, fd: number): Promise<string | null> {
  if (fd < 0) return null;
  const socket = createSocket(optionsFor(peer.family)).bind({ fd });
  if (!(await connectAll([socket], peer, () => {}))) return null;
  const ports = portsOf(socket);
  socket.close();
  return ports;
}

function createBundle(libc: Libc, outlets: readonly Outlet[], receive: Receive): Bundle {
  replies ??= libc.messages(MANY, REPLY_BYTES);
  const inbox = replies;
  let open = true;

  function drain(descriptor: number, place: number): void {
    for (let read = inbox.count; open && read === inbox.count; ) {
      read = libc.receive(descriptor, inbox);
      for (let at = 0; at < read && open; at += 1) receive(place, inbox.received(at));
    }
  }

  return {
    batched: true,
    send(socket, message, length) {
      const outlet = outlets[socket];
      if (outlet === undefined || !open) return;
      if (outlet.waiting === MANY) flush(libc, outlet);
      outlet.queries.put(outlet.waiting, message, length);
      outlet.waiting += 1;
    },
    flush() {
      if (open) for (const outlet of outlets) flush(libc, outlet);
    },
    drain() {
      for (const [place, { descriptor }] of outlets.entries()) drain(descriptor, place);
    },
    overflowed: () => countOverflow(outlets.map(({ ports }) => ports)),
    close() {
      if (!open) return;
      open = false; // the kernel gives a descriptor to the next one that opens a file
      for (const { descriptor } of outlets) libc.close(descriptor);
    },
  };
}

/** Of all sockets: what is in it is used up before the next call. */
let replies: Messages | undefined;

/** What fails, or finds no room in the socket's buffer, is lost as it could be on the way. */
function flush(libc: Libc, outlet: Outlet): void {
  const { descriptor, queries, waiting } = outlet;
  for (let sent = 0; sent < waiting; ) {
    const more = libc.send(descriptor, queries, sent, waiting);
    if (more === -constants.errno.EAGAIN) break;
    sent += Math.max(1, more);
  }
  outlet.waiting = 0;
}
