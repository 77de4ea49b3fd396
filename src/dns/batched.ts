import { createSocket, type Socket } from 'node:dgram';
import { constants } from 'node:os';
import { type Bundle, closeAll, connectAll, type Receive, SOCKETS } from './bundle.ts';
import { type Libc, loadLibc, type Messages } from './libc.ts';
import { optionsFor, type Peer } from './udp.ts';

/** Datagrams of one system call. */
const MANY = 128;
/** No name makes a query longer (RFC 1035 section 2.3.4). */
const QUERY_BYTES = 288;
/** Of replies to queries without EDNS 512 bytes are allowed; what is longer than this is cut off, and so malformed. */
const REPLY_BYTES = 4096;

/**
 * With sockets that send and read many datagrams with one system call, which takes a fourth of the time. Node waits for
 * them, and reads what comes while nobody drains them.
 * @returns null where the server cannot be reached from here, or this machine cannot do it
 */
export async function openBatched(peer: Peer, receive: Receive): Promise<Bundle | null> {
  const loaded = await loadLibc();
  if (loaded === null) return null;
  const { libc } = loaded;
  room ??= { queries: loaded.messages(MANY, QUERY_BYTES), replies: loaded.messages(MANY, REPLY_BYTES) };
  const { queries, replies } = room;
  const descriptors: number[] = [];
  const sockets: Socket[] = [];
  for (let place = 0; place < SOCKETS; place += 1) {
    const descriptor = libc.openUdp(peer.family);
    if (!isAble(libc, descriptor, queries)) {
      if (descriptor >= 0) libc.close(descriptor);
      closeAll(sockets);
      return null;
    }
    descriptors.push(descriptor);
    sockets.push(createSocket(optionsFor(peer.family)).bind({ fd: descriptor }));
  }
  if (!(await connectAll(sockets, peer, receive))) return null;

  const waiting: Buffer[][] = descriptors.map(() => []);
  let open = true;
  return {
    batched: true,
    send: (socket, message) => void waiting[socket]?.push(message),
    flush() {
      if (!open) return;
      for (const [place, descriptor] of descriptors.entries()) sendAll(libc, descriptor, queries, waiting[place] ?? []);
    },
    drain() {
      let count = 0;
      for (const [place, descriptor] of descriptors.entries()) {
        for (let read = replies.count; open && read === replies.count; ) {
          read = libc.receive(descriptor, replies);
          for (let at = 0; at < read && open; at += 1)
            receive(place, replies.bytes.subarray(at * REPLY_BYTES, at * REPLY_BYTES + replies.lengthOf(at)));
          count += Math.max(0, read);
        }
      }
      return count;
    },
    close() {
      open = false;
      closeAll(sockets);
    },
  };
}

/** Of all sockets: what is in it is used up before the next call. */
let room: { queries: Messages; replies: Messages } | undefined;

/** Some sandboxes know no such system calls. */
function isAble(libc: Libc, descriptor: number, messages: Messages): boolean {
  return descriptor >= 0 && libc.send(descriptor, messages, 0) === 0;
}

/** What finds no room in the socket's buffer stays in the list; what fails otherwise is lost. */
function sendAll(libc: Libc, descriptor: number, queries: Messages, messages: Buffer[]): void {
  let done = 0;
  while (done < messages.length) {
    const count = Math.min(queries.count, messages.length - done);
    for (let place = 0; place < count; place += 1) {
      const message = messages[done + place];
      if (message === undefined) break;
      queries.bytes.set(message, place * QUERY_BYTES);
      queries.setLength(place, message.length);
    }
    const sent = libc.send(descriptor, queries, count);
    if (sent === -constants.errno.EAGAIN) break;
    done += Math.max(1, sent);
  }
  messages.splice(0, done);
}
