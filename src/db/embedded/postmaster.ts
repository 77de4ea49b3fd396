import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { as } from './account.ts';
import { dataOf, folderError, prepare } from './folder.ts';
import { isPostgresOf, postgresIn, startOf } from './process.ts';

/** Extra server settings, by name. */
export type Settings = Record<string, string>;

/** A server at rest takes 15 MB; nobody but local commands ever connects, and nothing is replicated. */
const defaults: Settings = {
  listen_addresses: '',
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  port: '5432',
  max_connections: '200',
  shared_buffers: '16MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  cluster_name: 'dnsblwatch',
  log_checkpoints: 'off',
};

/** The server that serves the folder now. `ready`: it takes connections; else it starts or stops. */
export type Running = { pid: number; ready: boolean };

/** Which server runs for a database folder; null: none. */
export function runningServer(folder: string): Running | null {
  const data = dataOf(folder);
  const lines = pidFile(data);
  if (lines === null) return null;
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isPostgresOf(pid, realpathSync(data))) return null;
  return { pid, ready: lines[7]?.trim() === 'ready' };
}

/** Under the folder's lock, when nobody answers on the socket: starts the server, or waits a moment for one that is at it. */
export async function ensureStarted(folder: string, settings: Settings): Promise<void> {
  if (runningServer(folder) !== null) {
    await sleep(20);
    return;
  }
  const { account, binaries } = prepare(folder);
  const data = dataOf(folder);
  disownStalePidFile(data);
  const log = path.join(folder, 'server.log');
  const before = sizeOf(log);
  const kept = before > 1_000_000 ? 0 : before;
  const out = openSync(log, kept === 0 ? 'w' : 'a', 0o600);
  const all = { ...defaults, ...(binaries.major >= 18 ? { io_method: 'sync' } : {}), ...settings };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // Its own session: an interrupt at the terminal is for the command, not for the server that others use too.
  const child = spawn(path.join(binaries.bin, 'postgres'), ['-D', data, ...options], {
    ...as(account),
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  child.unref();
  await ready(folder, child, () => readFileSync(log, 'utf8').slice(kept));
}

async function ready(folder: string, child: ChildProcess, log: () => string): Promise<void> {
  let ended = false;
  const end = once(child, 'exit').then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (!ended) {
    const lines = pidFile(dataOf(folder));
    if (Number(lines?.[0]) === child.pid && lines?.[7]?.trim() === 'ready') return;
    await Promise.race([end, sleep(4)]);
  }
  const said = log();
  // Someone was quicker, or backends of a server killed with -9 are left: the caller tries again.
  if (/lock file ".*" already exists/.test(said)) {
    await sleep(100);
    return;
  }
  if (/pre-existing shared memory block/.test(said)) {
    await sleep(100);
    // A busy one would not notice before its statement ends, and nobody can hear its answer any more.
    for (const pid of postgresIn(realpathSync(dataOf(folder)))) signalTo(pid, 'SIGQUIT');
    return;
  }
  if (/No space left on device/.test(said)) throw folderError(folder, { code: 'ENOSPC' });
  const fatal = said.split('\n').filter((line) => /FATAL|PANIC|error while loading/.test(line));
  throw new UserError(
    `PostgreSQL would not start in ${folder}: ${(fatal.at(-1) ?? said.slice(-300)).trim() || 'it said nothing'}. ` +
      `More in ${path.join(folder, 'server.log')}`,
  );
}

/** Asks the server to stop and waits until it has. The caller holds the lock and knows that nobody uses it. */
export async function stopServer(folder: string): Promise<void> {
  const server = runningServer(folder);
  if (server === null) return;
  const began = startOf(server.pid);
  let signal: NodeJS.Signals = 'SIGTERM'; // lets connections end
  const asked = performance.now();
  signalTo(server.pid, signal);
  while (startOf(server.pid) === began) {
    await sleep(4);
    if (signal === 'SIGTERM' && performance.now() - asked > 5000) {
      signal = 'SIGINT'; // ends them; what they had not committed is rolled back
      signalTo(server.pid, signal);
    }
    if (performance.now() - asked > 60_000) return;
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * A server killed with -9 leaves a file with its id, and that id may by now be another process of the same account, or
 * a zombie, and PostgreSQL would refuse to start. It never refuses for its own parent, so the parent's id goes there; the
 * rest, by which it finds survivors of the old server, stays.
 */
function disownStalePidFile(data: string): void {
  const lines = pidFile(data);
  if (lines === null) return;
  writeFileSync(path.join(data, 'postmaster.pid'), [process.pid, ...lines.slice(1)].join('\n'));
}

function pidFile(data: string): string[] | null {
  try {
    return readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
