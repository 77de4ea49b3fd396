import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The name PostgreSQL gives its socket in its folder. The number only tells servers of one folder apart. */
export const socketName = '.s.PGSQL.5432';

/** Longest path of a Unix socket that every system takes, bytes (Linux 107, macOS and FreeBSD 103). */
const longest = 103;

/** Where to connect to, and what to undo afterwards. */
export type SocketPath = { path: string; release(): void };

/** The socket in the data folder, by a path that is short enough whatever the folder's own is. */
export function socketPath(data: string, system: NodeJS.Platform = process.platform): SocketPath {
  const direct = path.join(data, socketName);
  if (Buffer.byteLength(direct) <= longest) return { path: direct, release: () => {} };
  if (system === 'linux') {
    const folder = openSync(data, 'r');
    return { path: `/proc/self/fd/${folder}/${socketName}`, release: () => closeSync(folder) };
  }
  const detour = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-'));
  symlinkSync(data, path.join(detour, 'd'));
  return { path: path.join(detour, 'd', socketName), release: () => rmSync(detour, { recursive: true, force: true }) };
}
