import type { Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const TABLES = ['/proc/net/udp', '/proc/net/udp6'];
/** Fields of a line: the addresses here and there, and what did not fit into the receive buffer. */
const [LOCAL, REMOTE, DROPS] = [1, 2, 12];

/** The ports here and there of a connected socket, by which its line is found. */
export function portsOf(socket: Socket): string {
  return `${socket.address().port} ${socket.remoteAddress().port}`;
}

/**
 * Replies that the kernel threw away because the receive buffers of the connected sockets with these ports were full.
 * Linux alone tells; elsewhere it is 0.
 */
export function countOverflow(ports: readonly string[]): number {
  const ours = new Set(ports);
  let count = 0;
  for (const table of TABLES)
    for (const line of linesOf(table)) {
      const fields = line.trim().split(/\s+/);
      const drops = Number(fields[DROPS]);
      if (drops > 0 && ours.has(`${portOf(fields[LOCAL])} ${portOf(fields[REMOTE])}`)) count += drops;
    }
  return count;
}

/** `0100007F:D431` in hexadecimal digits. */
function portOf(address = ''): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}
