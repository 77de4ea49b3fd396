import { createSocket, type Socket } from 'node:dgram';
import { countOverflow, portsOf } from './overflow.ts';
import { optionsFor, type Peer, widen } from './udp.ts';

/**
 * A few sockets for many questions to one server: connected, which spares the kernel a route, and Node a look at the
 * address, with every datagram. Errors are those of single datagrams, which count as lost.
 */
export type Bundle = {
  /** Sends and reads many datagrams with one system call. */
  batched: boolean;
  /** Takes a copy of the first `length` bytes, which leaves with the next `flush` at the latest. */
  send(socket: number, message: Buffer, length: number): void;
  flush(): void;
  /** Reads what has arrived at sockets that send and read many: from these, nothing comes by itself. */
  drain(): void;
  /** Replies so far for which the receive buffers had no room. */
  overflowed(): number;
  close(): void;
};

/** `message` holds until the next one is read. */
export type Receive = (socket: number, message: Buffer) => void;

/** Each with a port of the kernel's random choice. */
export const SOCKETS = 2;

/** With sockets of Node's. @returns null where the server cannot be reached from here */
export async function openBundle(peer: Peer, receive: Receive): Promise<Bundle | null> {
  const sockets = Array.from({ length: SOCKETS }, () => createSocket(optionsFor(peer.family)));
  if (!(await connectAll(sockets, peer, receive))) return null;
  return {
    batched: false,
    send: (socket, message, length) => sockets[socket]?.send(Buffer.from(message.subarray(0, length))),
    flush() {},
    drain() {},
    overflowed: () => countOverflow(sockets.map(portsOf)),
    close: () => closeAll(sockets),
  };
}

/** Without success they are closed. */
export async function connectAll(sockets: readonly Socket[], peer: Peer, receive: Receive): Promise<boolean> {
  const connected = await Promise.all(sockets.map((socket, place) => connect(socket, peer, place, receive)));
  if (connected.every(Boolean)) return true;
  closeAll(sockets);
  return false;
}

function connect(socket: Socket, peer: Peer, place: number, receive: Receive): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (error?: Error): void => resolve(error === undefined);
    socket.once('error', end);
    socket.on('message', (message) => receive(place, message));
    // Its error goes to the callback, whose type lacks it.
    socket.connect(peer.port, peer.address, ((error?: Error) => {
      if (error) return end(error);
      widen(socket);
      socket.off('error', end);
      socket.on('error', () => {}); // such as ECONNREFUSED: the port may be open again in a moment
      socket.unref();
      end();
    }) as () => void);
  });
}

function closeAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.close();
}
