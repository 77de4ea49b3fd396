import { createSocket, type Socket } from 'node:dgram';
import { optionsFor, type Peer, widen } from './udp.ts';

/** A socket that takes datagrams of one server only. */
export type ConnectedSocket = { send(message: Buffer): void; close(): void };

/**
 * Sockets for many questions to one server: connected, which spares the kernel a route, and Node a look at the
 * address, with every datagram. Errors are those of single datagrams, which count as lost.
 * @returns null where the server cannot be reached from here
 */
export async function openConnected(
  peer: Peer,
  count: number,
  receive: (place: number, message: Buffer) => void,
): Promise<ConnectedSocket[] | null> {
  const opened = await Promise.all(Array.from({ length: count }, (_, place) => open(peer, place, receive)));
  const sockets = opened.filter((socket) => socket !== null);
  if (sockets.length < count) {
    for (const socket of sockets) socket.close();
    return null;
  }
  return sockets;
}

function open(
  peer: Peer,
  place: number,
  receive: (place: number, message: Buffer) => void,
): Promise<ConnectedSocket | null> {
  const socket: Socket = createSocket(optionsFor(peer.family));
  return new Promise((resolve) => {
    const fail = (): void => {
      socket.close();
      resolve(null);
    };
    socket.once('error', fail);
    socket.once('listening', () => widen(socket));
    socket.on('message', (message) => receive(place, message));
    socket.connect(peer.port, peer.address, () => {
      socket.off('error', fail);
      socket.on('error', () => {}); // such as ECONNREFUSED: the port may be open again in a moment
      socket.unref();
      resolve({ send: (message) => socket.send(message), close: () => socket.close() });
    });
  });
}
