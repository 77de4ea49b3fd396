import type { Socket } from 'node:net';
import type { Peer } from './udp.ts';

export type TcpExchange = {
  onMessage(message: Buffer): void;
  /** The connection failed or ended; never called after `cancel`. */
  onEnd(detail: string): void;
};

/** Sends one query (RFC 7766) and hands over each message that comes back. Returns `cancel`, which closes everything. */
export function exchangeOverTcp(to: Peer, query: Buffer, { onMessage, onEnd }: TcpExchange): () => void {
  let socket: Socket | undefined;
  let over = false;

  const cancel = (): void => {
    over = true;
    socket?.destroy();
  };
  const end = (detail: string): void => {
    if (over) return;
    cancel();
    onEnd(detail);
  };

  // Truncation is rare, and node:net is a tenth of the program's start.
  void import('node:net').then(({ createConnection }) => {
    if (over) return;
    let received = Buffer.alloc(0);
    socket = createConnection({ host: to.address, port: to.port, noDelay: true });
    const prefix = Buffer.alloc(2);
    prefix.writeUInt16BE(query.length);
    socket.write(Buffer.concat([prefix, query]));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (!over && received.length >= 2) {
        const next = 2 + received.readUInt16BE(0);
        if (received.length < next) return;
        const message = received.subarray(2, next);
        received = received.subarray(next);
        onMessage(message);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(`TCP: ${error.code ?? error.message}`));
    socket.on('close', () => end('the server closed the TCP connection before its reply was complete'));
  });
  return cancel;
}
