import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { List } from '../catalogue/list.ts';
import { UserError } from '../errors.ts';
import { type Finding, note, ok, problem } from './finding.ts';

export type DatabaseProbe =
  /** `clock`: of a server of the user's own, null of the private one. `after`: recorded, and yet to come by our clock. */
  | { kind: 'reachable'; where: string; clock: { theirs: Date; ours: Date } | null; after: Date | null }
  | { kind: 'none'; where: string }
  | { kind: 'failed'; message: string };

/** Opens the database as it is, without touching its schema; a private one that does not exist is not made. */
export async function probeDatabase(given: string, now: () => Date): Promise<DatabaseProbe> {
  const { withoutPassword } = await import('../db/failure.ts');
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  const where = address ? withoutPassword(given) : path.resolve(given);
  if (!address) {
    const { dataOf } = await import('../db/embedded/folder.ts');
    const isFile = statSync(where, { throwIfNoEntry: false })?.isDirectory() === false;
    if (!isFile && !existsSync(dataOf(where)) && !existsSync(path.join(where, 'PG_VERSION')))
      return { kind: 'none', where };
  }
  try {
    const { openDatabase } = await import('../db/open.ts');
    const { recordedAfter } = await import('../listing/clock.ts');
    const database = await openDatabase(given, { migrations: null });
    try {
      const [row] = await database.sql<{ now: Date }[]>`select clock_timestamp() as now`;
      return {
        kind: 'reachable',
        where,
        clock: row !== undefined && address ? { theirs: row.now, ours: now() } : null,
        // A database without our tables has recorded nothing.
        after: await recordedAfter(database, now()).catch(() => null),
      };
    } finally {
      await database.close();
    }
  } catch (error) {
    if (error instanceof UserError) return { kind: 'failed', message: error.message };
    // A driver's own message may hold what was given to it; its code does not.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { kind: 'failed', message: `Database ${where}: it cannot be used${code}` };
  }
}

export function databaseFinding(probe: DatabaseProbe): Finding {
  if (probe.kind === 'reachable') return ok('database', `${probe.where} can be reached`);
  if (probe.kind === 'none')
    return note('database', `none yet: the first command that records makes a private one in ${probe.where}`);
  return problem('database', probe.message, 'mend that, or give another with --database; check needs none');
}

/** Whether lists on the user's own servers can be asked as fast as this machine could. */
export function bulkFinding(batched: boolean): Finding {
  if (batched) return ok('bulk', 'lists on servers of your own are asked with many questions in one system call');
  const line = 'lists on servers of your own are asked with one system call a question, which takes twice the time';
  return note('bulk', `${line}: it takes Linux on x64 or arm64, and the npm package koffi`);
}

/** Milliseconds that our clock and the database server's may lie apart, the time of the question included. */
const APART = 60_000;

/**
 * Without the network nothing shows the right time, so this compares with what cannot be later than now: the day on
 * which the catalogue was last checked; and with the clock of the user's own database server, where there is one.
 */
export function clockFinding(now: Date, lists: readonly List[], database: DatabaseProbe): Finding {
  const fix = 'set the clock and let it be kept (timedatectl set-ntp true)';
  const checked = lists.map((list) => list.checked ?? '').reduce((one, other) => (one > other ? one : other), '');
  if (Number.isNaN(now.getTime()) || (checked !== '' && now.getTime() < Date.parse(checked)))
    return problem('clock', `it says ${shown(now)}, before the catalogue was last checked (${checked})`, fix);
  const after = database.kind === 'reachable' ? database.after : null;
  if (after !== null)
    return problem('clock', `it says ${shown(now)}, and ${shown(after)} is recorded already: it has jumped back`, fix);
  const clock = database.kind === 'reachable' ? database.clock : null;
  if (clock !== null) {
    const apart = clock.ours.getTime() - clock.theirs.getTime();
    if (Math.abs(apart) <= APART) return ok('clock', `it says ${shown(now)}, as the database server's does`);
    const seconds = Math.round(Math.abs(apart) / 1000);
    const line = `it says ${shown(clock.ours)}, ${seconds} s ${apart > 0 ? 'after' : 'before'} the database server's`;
    return problem('clock', line, `${fix}, on both machines`);
  }
  const known = checked === '' ? '' : `; it is not before the catalogue's ${checked}`;
  return note('clock', `it says ${shown(now)}, which cannot be checked without another clock${known}`);
}

const shown = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');
