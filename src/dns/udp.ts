import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { randomBelow } from './random.ts';

/** Where a datagram came from, or goes. */
export type Peer = { address: string; port: number; family: 4 | 6 };

/** Called with the socket's place, so that a reply counts only on the socket its query left from. */
export type Receive = (socket: number, message: Buffer, from: { address: string; port: number }) => void;

export type UdpSockets = {
  /** A random socket of the family, to be named in `send`. */
  pick(family: 4 | 6): number;
  send(socket: number, message: Buffer, to: Peer, onError: (error: Error) => void): void;
  close(): void;
};

const SOCKETS_PER_FAMILY = 4;
/** A full default buffer of 208 KiB holds some 277 replies; the kernel caps this at net.core.rmem_max. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/**
 * A few long-lived sockets a family on ports of the kernel's random choice, made when first needed. Not connected: one
 * socket serves all servers. They never keep the process alive; the timers of lookups do.
 */
export function openUdpSockets(receive: Receive, onSocketError: (socket: number, error: Error) => void): UdpSockets {
  const sockets = new Map<number, Socket>();

  function socketAt(place: number): Socket {
    const open = sockets.get(place);
    if (open !== undefined) return open;
    const socket = createSocket(optionsFor(place >= SOCKETS_PER_FAMILY ? 6 : 4));
    sockets.set(place, socket);
    socket.on('message', (message, from) => receive(place, message, from));
    socket.on('error', (error) => {
      sockets.delete(place);
      socket.close();
      onSocketError(place, error);
    });
    socket.on('listening', () => widen(socket));
    socket.bind({ port: 0, exclusive: true });
    socket.unref();
    return socket;
  }

  return {
    pick: (family) => randomBelow(SOCKETS_PER_FAMILY) + (family === 6 ? SOCKETS_PER_FAMILY : 0),
    send(place, message, to, onError) {
      try {
        socketAt(place).send(message, to.port, to.address, (error) => {
          if (error) onError(error);
        });
      } catch (error) {
        onError(error instanceof Error ? error : new Error(String(error)));
      }
    },
    close() {
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}

/** Destinations are addresses; without this `lookup`, each send would wait for a resolver's turn. */
export function optionsFor(family: 4 | 6): SocketOptions {
  return {
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: family === 6,
    lookup: (address, _options, callback) => callback(null, address, family),
  };
}

/** Asks for a receive buffer that many replies fit in. */
export function widen(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {
    // The default serves, with more retransmissions.
  }
}
