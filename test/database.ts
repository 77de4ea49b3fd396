import { randomBytes } from 'node:crypto';
import path from 'node:path';
import postgres, { type Sql } from 'postgres';
import { inject } from 'vitest';
import { join } from '../src/db/embedded/server.ts';
import { openDatabase } from '../src/db/open.ts';

let server: Promise<Sql> | null = null;
let template: Promise<string> | null = null;

/**
 * A new database for a test or a file of tests, with the schema applied or `empty`: its `postgres://` address, which
 * openDatabase and `--database` take. It is dropped when the run ends (test/global-setup.ts).
 */
export async function testDatabase(options: { empty?: boolean } = {}): Promise<string> {
  server ??= openServer();
  const sql = await server;
  if (options.empty !== true) template ??= makeTemplate(sql);
  const from = options.empty === true ? 'template0' : await template;
  const name = `${inject('databaseServer').prefix}_${randomBytes(6).toString('hex')}`;
  await sql`create database ${sql(name)} template ${sql(from ?? '')} strategy file_copy`;
  return addressOf(name);
}

/** The address of a database of the run's server. */
function addressOf(database: string): string {
  const { url, folder } = inject('databaseServer');
  if (url === null) {
    const host = encodeURIComponent(path.join(folder, 'postgres'));
    return `postgres://dnsblwatch@localhost/${database}?host=${host}`;
  }
  const address = new URL(url);
  address.pathname = `/${database}`;
  return address.href;
}

/** Joins the run's server, or starts it. Never left: a worker's end is its end, and the teardown stops the server. */
async function openServer(): Promise<Sql> {
  const { url, folder } = inject('databaseServer');
  if (url !== null) return (await openDatabase(url, { migrations: null })).sql;
  const member = await join(folder, { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' });
  return postgres({ ...member.options, max: 2, onnotice: () => {} });
}

/** The database that others are copied from; made by the first worker that needs it. */
async function makeTemplate(sql: Sql): Promise<string> {
  const name = `${inject('databaseServer').prefix}_template`;
  const session = await sql.reserve();
  try {
    await session`select pg_advisory_lock(hashtext(${name}))`;
    const [found] = await session`select 1 from pg_database where datname = ${name}`;
    if (found === undefined) {
      await session`create database ${session(name)}`;
      await (await openDatabase(addressOf(name))).close();
    }
    await session`select pg_advisory_unlock(hashtext(${name}))`;
  } finally {
    session.release();
  }
  return name;
}
