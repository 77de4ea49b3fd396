import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { UserError } from '../../errors.ts';
import { accountFor } from './account.ts';
import { findBinaries } from './binaries.ts';
import { dataOf, folderError, majorOf, makeFolder, superuser } from './folder.ts';
import { withLock } from './lock.ts';
import { exchange, isOutdated, partOf, settle } from './outdated.ts';
import { ensureStarted, runningServer, type Settings, stopServer } from './postmaster.ts';
import { type SocketPath, socketPath } from './socket.ts';

/** How long a start may take, recovery after a crash included, ms. */
const patience = 60_000;

/** One user of a folder's server. While it is one, nobody stops the server. */
export type Membership = {
  /** Options of postgres() that reach the server. */
  options: { path: string; user: string; database: string; pass: string; ssl: false };
  /** To be called once, after the member's other connections have ended: the last one out stops the server. */
  leave(): Promise<void>;
};

/** How data of an older PostgreSQL gets into a new database folder. */
export type Carry = {
  /** Copies everything from the server of `from` into the folder `to`, which is left whole and at rest; returns the rows. */
  copy(from: Membership['options'], to: string): Promise<number>;
  /** Tells the user. */
  tell(text: string): void;
};

/**
 * Becomes a user of the folder's server: makes the folder and starts the server where need be, and with `carry` brings
 * data of an older PostgreSQL over to ours before.
 *
 * Joining and leaving happen under one lock, and a member is known by an open connection that carries its name. So
 * nobody can join a server that is being stopped, and none is stopped that has a member; a member that is killed
 * takes its connection along.
 */
export async function join(folder: string, settings: Settings = {}, carry: Carry | null = null): Promise<Membership> {
  makeFolder(folder);
  try {
    const joined = await withLock(folder, async () => {
      await settle(folder);
      if (carry !== null && isOutdated(folder)) await carryOver(folder, carry);
      return await connectOrStart(folder, settings);
    });
    return { options: optionsFor(joined.socket), leave: () => withLock(folder, () => end(folder, joined)) };
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** Under the lock. When the copy fails the old data stays in use: whoever has its programs can go on. */
async function carryOver(folder: string, { copy, tell }: Carry): Promise<void> {
  const from = majorOf(dataOf(folder));
  const to = findBinaries(folder, accountFor(dataOf(folder)), null).major;
  if (to <= from) return; // what we bring does not run on this machine
  const old = await connectOrStart(folder, {});
  let rows: number | null = null;
  try {
    tell(`Database ${folder}: its data is carried over from PostgreSQL ${from} to ${to}; this is done once.`);
    rows = await copy(optionsFor(old.socket), partOf(folder));
  } catch (error) {
    tell(`Database ${folder}: not carried over, it stays on PostgreSQL ${from}: ${(error as Error).message}`);
  } finally {
    await end(folder, old);
  }
  if (rows === null || runningServer(folder) !== null) return;
  const kept = exchange(folder);
  tell(`Database ${folder}: ${rows} rows carried over. The old data is kept in ${kept}; remove it when all is well.`);
}

/** A member's connection. */
type Joined = { socket: SocketPath; keeper: postgres.Sql };

async function connectOrStart(folder: string, settings: Settings): Promise<Joined> {
  const name = `dnsblwatch member ${randomBytes(8).toString('hex')}`;
  const deadline = performance.now() + patience;
  for (;;) {
    const socket = existsSync(dataOf(folder)) ? socketPath(dataOf(folder)) : null;
    const keeper = socket === null ? null : await connect(socket, name);
    if (socket !== null && keeper === 'busy') await sleep(20);
    else if (socket !== null && keeper !== null && keeper !== 'busy') return { socket, keeper };
    else await ensureStarted(folder, settings);
    socket?.release();
    if (performance.now() > deadline)
      throw new UserError(
        `The PostgreSQL server in ${folder} has been starting or stopping for ${patience / 1000} s. ` +
          `See ${folder}/server.log; if nothing moves there, end it and try again`,
      );
  }
}

function optionsFor(socket: SocketPath): Membership['options'] {
  return { path: socket.path, user: superuser, database: 'postgres', pass: '', ssl: false };
}

/** The connection by which others see this member; `busy`: it starts or stops; null: nobody listens. */
async function connect(socket: SocketPath, name: string): Promise<postgres.Sql | 'busy' | null> {
  const keeper = postgres({
    ...optionsFor(socket),
    max: 1,
    max_lifetime: null,
    idle_timeout: 0,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
    connection: { application_name: name },
  });
  try {
    await keeper`select 1`;
    return keeper;
  } catch (error) {
    await keeper.end({ timeout: 0 });
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return null;
    // Starting or stopping; or it died in our hands, and the next try will tell.
    if (code === '57P03' || code === '57P01' || code === 'CONNECTION_CLOSED' || code === 'ECONNRESET') return 'busy';
    throw error;
  }
}

/** Under the lock: leaves, and stops the server that nobody uses any more. */
async function end(folder: string, { socket, keeper }: Joined): Promise<void> {
  const last = await isLast(keeper);
  await keeper.end({ timeout: 1 });
  if (last) await stopServer(folder);
  socket.release();
}

/**
 * Whether no other member and no stranger (psql, say) is connected. Connections that carry the plain name belong to
 * members, and those that just left may not have ended yet: neither counts.
 */
async function isLast(keeper: postgres.Sql): Promise<boolean> {
  try {
    await keeper`select set_config('application_name', 'dnsblwatch', false)`;
    const [row] = await keeper<{ others: number }[]>`
      select count(*)::int as others from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> 'dnsblwatch'`;
    return row?.others === 0;
  } catch {
    return false; // no server any more, or one that someone else is stopping
  }
}
