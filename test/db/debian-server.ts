import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres, { type Sql } from 'postgres';
import { accountFor, as } from '../../src/db/embedded/account.ts';
import { freeTcpPort } from '../port.ts';
import { debianPostgres } from './debian.ts';

/** A PostgreSQL as a user has it: Debian's programs, a password, a TCP port on loopback; as root, under another account. */
export type DebianServer = {
  /** As its superuser. */
  sql: Sql;
  /** The address of a database, password included. */
  addressOf(database: string): string;
  password: string;
  /** Makes a folder that the server may use, with this done to it. */
  folder(name: string): string;
  /** Stops it for a while, and takes all its connections along. */
  halt(): Promise<void>;
  /** Starts it again, with what it held. */
  resume(): Promise<void>;
  stop(): Promise<void>;
};

export async function startDebianServer(): Promise<DebianServer> {
  const { bin } = debianPostgres();
  const home = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-debian-'));
  chmodSync(home, 0o755);
  const account = accountFor(path.join(home, 'none'));
  const folder = (name: string): string => {
    const made = path.join(home, name);
    mkdirSync(made, { mode: 0o700 });
    if (account.other) chownSync(made, account.uid, account.gid);
    return made;
  };
  const data = folder('data');
  const password = randomBytes(12).toString('hex');
  const secret = path.join(home, 'password');
  writeFileSync(secret, password);
  const run = spawnSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'admin', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C.UTF-8', '-N'],
    { ...as(account), encoding: 'utf8' },
  );
  if (run.status !== 0) throw new Error(`initdb: ${run.stderr}`);
  const port = await freeTcpPort();
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: data, fsync: 'off' };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = (): ChildProcess =>
    spawn(path.join(bin, 'postgres'), ['-D', data, ...options], { ...as(account), stdio: 'ignore' });
  const sql = postgres({ host: '127.0.0.1', port, user: 'admin', pass: password, database: 'postgres', max: 1 });
  let child = start();
  const halt = async (): Promise<void> => {
    child.kill('SIGINT');
    if (child.exitCode === null) await once(child, 'exit');
  };
  await untilUp(sql, child);
  return {
    sql,
    addressOf: (database) => `postgres://admin:${password}@127.0.0.1:${port}/${database}`,
    password,
    folder,
    halt,
    async resume() {
      child = start();
      await untilUp(sql, child);
    },
    async stop() {
      await sql.end();
      await halt();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function untilUp(sql: Sql, child: ChildProcess): Promise<void> {
  for (;;) {
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (child.exitCode !== null || (code !== 'ECONNREFUSED' && code !== '57P03')) throw error;
      await new Promise((later) => setTimeout(later, 20));
    }
  }
}
