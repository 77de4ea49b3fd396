import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { databaseFailure, isGone } from '../db/failure.ts';
import { lostConnection } from '../db/lost-connection.ts';
import { type Database, openDatabase } from '../db/open.ts';
import type { Log } from '../schedule/log.ts';

/** Milliseconds between two tries to reach a database that is gone: doubled each time, up to the longest. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Milliseconds for what was under way to end, once before the connections are closed and once after. */
const GRACE = 3000;

/**
 * Opens the database for `use`, and again each time that it went away and came back, until `use` is through or `signal`
 * aborts. postgres.js may leave statements waiting for ever on a connection that was cut, so nothing of the old
 * connections is kept: `gone` tells `use` to let go of everything, and all begins anew. That it cannot be opened the
 * first time is thrown.
 */
export async function throughOutages(
  where: string,
  { signal, log }: { signal: AbortSignal; log: Log },
  use: (db: Database, gone: AbortSignal) => Promise<void>,
): Promise<void> {
  let opened: Opened | null = await open(where);
  while (opened !== null) {
    const { signal: gone } = opened.gone;
    gone.addEventListener('abort', () =>
      log.error({ why: String(gone.reason) }, 'the database is gone; what was under way is taken up later'),
    );
    await useUntilGone(opened, where, use);
    if (!gone.aborted) return;
    opened = await reopen(where, { signal, log });
  }
}

/** `gone` aborts when the server ends, or the way to it. */
type Opened = { db: Database; gone: AbortController };

async function open(where: string): Promise<Opened> {
  const gone = new AbortController();
  return { db: await openDatabase(where, { onLost: () => gone.abort('its connection was closed') }), gone };
}

/** Closes the database whatever becomes of it. */
async function useUntilGone(
  { db, gone }: Opened,
  where: string,
  use: (db: Database, gone: AbortSignal) => Promise<void>,
): Promise<void> {
  const { lost, unwatch } = lostConnection();
  lost.catch((error: unknown) => gone.abort(error));
  const using = use(db, gone.signal);
  using.catch(() => {});
  try {
    await Promise.race([using, afterGone(gone.signal)]);
  } catch (error) {
    if (!isGone(error) && !gone.signal.aborted) throw databaseFailure(error, where) ?? error;
    gone.abort(error);
  } finally {
    await db.close();
    await Promise.race([using.catch(() => {}), pause(GRACE, null, { ref: false })]);
    unwatch();
  }
}

async function afterGone(gone: AbortSignal): Promise<void> {
  if (!gone.aborted) await once(gone, 'abort');
  await pause(GRACE, null, { ref: false });
}

/** Tries until it is there; null: `signal` came first. */
async function reopen(where: string, { signal, log }: { signal: AbortSignal; log: Log }): Promise<Opened | null> {
  for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, wait * 2)) {
    await pause(wait, null, { signal }).catch(() => {});
    if (signal.aborted) return null;
    try {
      const opened = await open(where);
      log.info({}, 'the database is back');
      return opened;
    } catch (error) {
      const failure = databaseFailure(error, where);
      log.warn(failure === null ? { err: error } : { why: failure.message }, 'no database yet');
    }
  }
}
