import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * A thread with as many sockets as it is told, each of which serves every zone there is, and says on which ports they
 * are. It holds 127.0.0.2 and nothing else, and does as little as it can, for it shares the machine with what is timed.
 */
const HELD = Buffer.from('\x012\x010\x010\x03127', 'latin1');
const A_RECORD = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 2]);
const HEADER = 12;

function replyTo(query: Buffer): Buffer {
  const held = query.subarray(HEADER, HEADER + HELD.length).equals(HELD);
  const reply = held ? Buffer.concat([query, A_RECORD]) : query;
  reply[2] = (reply[2] ?? 0) | 0x84; // a reply, authoritative
  reply[3] = held ? 0 : 3; // NOERROR or NXDOMAIN
  reply[7] = held ? 1 : 0;
  reply[11] = 0; // no EDNS
  return reply;
}

const ports = Array.from({ length: Number(workerData) }, async () => {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(replyTo(query), port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
});
parentPort?.postMessage(await Promise.all(ports));
