import path from 'node:path';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres, { type Options, type Sql } from 'postgres';
import { UserError } from '../errors.ts';
import { clientSocket } from './client-socket.ts';
import type { Settings } from './embedded/postmaster.ts';
import { join, type Membership } from './embedded/server.ts';
import { databaseFailure, withoutPassword } from './failure.ts';
import { migrate } from './migrate.ts';
import { preparing } from './prepared.ts';

/** An open database, its schema up to date. */
export type Database = {
  /** drizzle, on a client of its own: it changes how its client reads and writes dates and objects. */
  orm: PostgresJsDatabase;
  /** Plain SQL on the same database: timestamps are Date, jsonb is parsed, bigint and numeric are text. */
  sql: Sql;
  /** Ends the connections; the last user of an embedded server stops it. May be called twice. */
  close(): Promise<void>;
};

export type OpenOptions = {
  /** Another folder of migrations; null: leave the schema as it is. */
  migrations?: string | null;
  /** Extra settings of an embedded server that is started here, for throw-away data (`fsync: off`). */
  settings?: Settings;
  /** Takes what the user should know of data that is carried over from an older PostgreSQL; else standard error does. */
  tell?: (text: string) => void;
  /** Called when the server ends, or the way to it: the connections are of no use any more. */
  onLost?: () => void;
};

/** Opens `postgres://…`, the user's server, or a folder, whose private server is started and shared. */
export async function openDatabase(where: string, options: OpenOptions = {}): Promise<Database> {
  let database: Database | null = null;
  try {
    database = isAddress(where)
      ? connect(addressOptions(where), async () => {}, options.onLost)
      : await openFolder(path.resolve(where), options);
    if (options.migrations === null) await database.sql`select 1`;
    else await migrate(database.sql, database.orm, options.migrations);
    return database;
  } catch (error) {
    await database?.close();
    if (error instanceof UserError && !error.message.includes(withoutPassword(where)))
      throw new UserError(`Database ${withoutPassword(where)}: ${error.message}`);
    throw databaseFailure(error, where) ?? error;
  }
}

async function openFolder(folder: string, { settings, tell, onLost }: OpenOptions): Promise<Database> {
  const member = await join(folder, settings, {
    copy: async (from, to) => (await import('./carry.ts')).copyDatabase(from, to),
    tell: tell ?? ((text) => void process.stderr.write(`${text}\n`)),
  });
  return connect({ ...member.options }, member.leave, onLost);
}

function connect(
  options: Options<Record<string, never>>,
  leave: Membership['leave'],
  onLost: OpenOptions['onLost'],
): Database {
  const common = {
    max: 4,
    connect_timeout: 10,
    // Not up to 20 s, as postgres.js has it: a try that is waited for outlives end(), and connects when all is over.
    backoff: () => 0.1,
    onnotice: () => {},
    ...options,
    connection: { application_name: 'dnsblwatch', ...options.connection },
  };
  const forOrm = clientOf(common);
  const sql = clientOf(common);
  const unwatch = onLost === undefined ? async () => {} : watch(common, onLost);
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    // Where the server is gone, postgres.js waits for the whole of it.
    await Promise.all([forOrm.end({ timeout: 1 }), sql.end({ timeout: 1 }), unwatch()]);
    await leave();
  };
  return {
    orm: drizzle(preparing(forOrm)),
    sql,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function clientOf(options: Options<Record<string, never>>): Sql {
  const withSocket = { ...options, socket: clientSocket() };
  return postgres(withSocket);
}

/** Holds a connection for nothing but to see it end. Returns what lets go of it. */
function watch(options: Options<Record<string, never>>, onLost: () => void): () => Promise<void> {
  let watching = true;
  const session = clientOf({
    ...options,
    ...{ max: 1, idle_timeout: 0, max_lifetime: null, keep_alive: 30 },
    onclose: () => {
      if (watching) onLost();
    },
  });
  session`select 1`.catch(onLost);
  return async () => {
    watching = false;
    await session.end({ timeout: 1 });
  };
}

function isAddress(where: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(where)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (where.trim() === '') throw new UserError('Database: nothing given; expected postgres://… or a folder');
    return false;
  }
  if (scheme === 'postgres' || scheme === 'postgresql') return true;
  throw new UserError(`Database ${withoutPassword(where)}: expected postgres://… or a folder, not ${scheme}://`);
}

/**
 * Options of postgres() for an address; like libpq, `?host=/folder` (or `?host=name`) names the server, for sockets.
 * Nothing but the address counts: a PGHOST in the environment must not lead elsewhere than what messages name.
 */
function addressOptions(where: string): Options<Record<string, never>> {
  const [, user, pass, host, port, database, query] =
    /^\w+:\/\/(?:([^:@/?#]*)(?::([^/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?(?:\/([^?#]*))?(?:\?(.*))?$/.exec(
      where,
    ) ?? [];
  if (host === undefined)
    throw new UserError(
      `Database ${withoutPassword(where)}: not understood; expected postgres://user:password@host:port/database ` +
        '(write special characters of the password as %XX)',
    );
  const parameters = new URLSearchParams(query);
  const take = (name: string): string | undefined => {
    const value = parameters.get(name) ?? undefined;
    parameters.delete(name);
    return value;
  };
  const server = take('host') ?? (host || 'localhost');
  const sslmode = take('sslmode') ?? take('ssl');
  const name = take('user') ?? (user === undefined ? undefined : decode(user));
  const secret = take('password') ?? (pass === undefined ? undefined : decode(pass));
  const base = decode(database ?? '') || name;
  const onPort = Number(take('port') ?? (port || 5432));
  return {
    ...(server.startsWith('/') ? { path: `${server}/.s.PGSQL.${onPort}` } : { host: server.replace(/^\[|\]$/g, '') }),
    port: onPort,
    ...(name === undefined ? {} : { user: name }),
    ...(secret === undefined ? {} : { pass: secret }),
    ...(base === undefined ? {} : { database: base }),
    ...(sslmode === undefined ? {} : { ssl: sslOf(sslmode, where) }),
    connection: Object.fromEntries(parameters),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sslOf(mode: string, where: string): 'require' | 'allow' | 'prefer' | 'verify-full' | false {
  if (mode === 'disable' || mode === 'false') return false;
  if (mode === 'true') return 'require';
  if (mode === 'verify-full' || mode === 'verify-ca') return 'verify-full';
  if (mode === 'require' || mode === 'allow' || mode === 'prefer') return mode;
  throw new UserError(
    `Database ${withoutPassword(where)}: sslmode=${mode} is not known; expected disable, prefer, require or verify-full`,
  );
}
