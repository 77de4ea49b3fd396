import { createSocket, type Socket } from 'node:dgram';
import { constants } from 'node:os';
import { type Bundle, closeAll, connectAll, type Receive, SOCKETS } from './bundle.ts';
import { type Libc, loadLibc, type Messages } from './libc.ts';
import { countOverflow } from './overflow.ts';
import { LONGEST_QUERY } from './query.ts';
import { optionsFor, type Peer } from './udp.ts';

/** Datagrams of one system call. */
const MANY = 128;
/** Of replies to queries without EDNS 512 bytes are allowed; what is longer than this is cut off, and so malformed. */
const REPLY_BYTES = 4096;

/**
 * With sockets that send and read many datagrams with one system call, which takes less than half the time. Node waits for
 * them, and reads what comes while nobody drains them.
 * @returns null where the server cannot be reached from here, or this machine cannot do it
 */
export async function openBatched(peer: Peer, receive: Receive): Promise<Bundle | null> {
  const libc = await loadLibc();
  if (libc === null) return null;
  const sockets: Socket[] = [];
  const outlets: Outlet[] = [];
  for (let place = 0; place < SOCKETS; place += 1) {
    const descriptor = libc.openUdp(peer.family);
    const queries = libc.messages(MANY, LONGEST_QUERY);
    if (!isAble(libc, descriptor, queries)) {
      if (descriptor >= 0) libc.close(descriptor);
      closeAll(sockets);
      return null;
    }
    outlets.push({ descriptor, queries, waiting: 0 });
    sockets.push(createSocket(optionsFor(peer.family)).bind({ fd: descriptor }));
  }
  if (!(await connectAll(sockets, peer, receive))) return null;
  return createBundle(libc, outlets, sockets, receive);
}

function createBundle(libc: Libc, outlets: readonly Outlet[], sockets: readonly Socket[], receive: Receive): Bundle {
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
    overflowed: () => countOverflow(sockets),
    close() {
      open = false; // the kernel gives the descriptor to the next one that opens a file
      closeAll(sockets);
    },
  };
}

/** A socket's way out, and the messages that are to leave. */
type Outlet = { descriptor: number; queries: Messages; waiting: number };

/** Of all sockets: what is in it is used up before the next call. */
let replies: Messages | undefined;

/** Some sandboxes know no such system calls. */
function isAble(libc: Libc, descriptor: number, messages: Messages): boolean {
  return descriptor >= 0 && libc.send(descriptor, messages, 0, 0) === 0;
}

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
