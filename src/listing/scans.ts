import { and, desc, eq, isNull, ne, sql } from 'drizzle-orm';
import type { ReservedSql } from 'postgres';
import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { coverage, type ScanKind, type ScanState, scan, targetRange } from '../db/schema.ts';
import type { TargetRange } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { type Handle, holdTracked, lockSpace, type Transaction } from './locks.ts';
import { rangeOf } from './ranges.ts';
import { type StoredSet, storeSet } from './sets.ts';
import type { Policy } from './state.ts';
import { recordVersions, type ScannedList } from './versions.ts';

/** A scan that runs: what it asks, and what of it was done before it was stopped. */
export type Scan = {
  id: number;
  setId: number;
  targets: Targets;
  lists: Map<string, ScannedList>;
  policy: Policy;
  /** All that is tracked: gone on with when it was stopped. */
  full: boolean;
  /** Of a resumed one, its first start. */
  startedAt: Date;
  resumed: boolean;
  /** Positions done, [from, to) each, by list. */
  covered: Map<string, [number, number][]>;
  /** Lets the next full scan start. Must be called, whatever became of this one; may be called twice. */
  release(): Promise<void>;
};

export type ScanOptions = {
  kind: ScanKind;
  lists: readonly List[];
  policy: Policy;
  now: Date;
  schedule?: string | null;
};

/** Milliseconds. A stopped scan is gone on with for a day; after that what it saw says too little of now. */
export const RESUME_WITHIN = 86_400_000;

/**
 * Starts a scan of all that is tracked, or goes on with the one that was stopped if it is of the same targets. One runs
 * at a time: `running` says since when one does. `empty`: nothing is tracked.
 */
export async function startFullScan(
  db: Database,
  options: ScanOptions,
): Promise<Scan | { running: Date | null } | { empty: true }> {
  const session = await db.sql.reserve();
  let held = false;
  try {
    const [row] = await session<{ held: boolean }[]>`
      select pg_try_advisory_lock(${lockSpace.fullScan}::int, 0) as held`;
    held = row?.held === true;
    if (!held) {
      session.release();
      return { running: await runningSince(db) };
    }
    const started = await beginFull(db, options);
    if (started === null) {
      await unlock(session);
      return { empty: true };
    }
    return { ...started, release: once(() => unlock(session)) };
  } catch (error) {
    if (held) await unlock(session);
    else session.release();
    throw error;
  }
}

/** Starts a scan of these targets, beside any other. */
export async function startNamedScan(
  db: Pick<Database, 'orm'>,
  targets: readonly TargetRange[],
  options: ScanOptions,
): Promise<Scan> {
  const lists = await recordVersions(db.orm, options.lists, options.now);
  return await db.orm.transaction(async (tx) => {
    const set = await storeSet(tx, targets);
    const id = await insertScan(tx, options, set, false);
    const { policy, now } = options;
    return {
      ...{ id, ...set, lists, policy, full: false, startedAt: now, resumed: false, covered: new Map() },
      release: async () => {},
    };
  });
}

/** Nothing where it is over already. */
export async function finishScan(db: Pick<Database, 'orm'>, { id }: Pick<Scan, 'id'>, now: Date): Promise<void> {
  await endRunning(db, id, 'finished', now);
}

/** It will not be gone on with. Nothing where it is over already. */
export async function abandonScan(db: Pick<Database, 'orm'>, id: number, now: Date): Promise<void> {
  await endRunning(db, id, 'abandoned', now);
}

async function endRunning(db: Pick<Database, 'orm'>, id: number, state: ScanState, endedAt: Date): Promise<void> {
  await db.orm
    .update(scan)
    .set({ state, endedAt })
    .where(and(eq(scan.id, id), eq(scan.state, 'running')));
}

/** Scans under way or stopped: full ones, or those of a schedule of some targets only. */
export async function runningScans(
  db: Pick<Database, 'orm'>,
  which: 'full' | { schedule: string; kind: ScanKind },
): Promise<number[]> {
  const full = eq(scan.full, which === 'full');
  const own = which === 'full' ? full : and(full, eq(scan.schedule, which.schedule), eq(scan.kind, which.kind));
  const rows = await db.orm
    .select({ id: scan.id })
    .from(scan)
    .where(and(eq(scan.state, 'running'), own));
  return rows.map(({ id }) => id);
}

/** The last scan of all targets of a schedule that was not given up; null: there was none. */
export async function lastScanOf(
  db: Pick<Database, 'orm'>,
  schedule: string,
): Promise<{ id: number; startedAt: Date; state: ScanState } | null> {
  const [last] = await db.orm
    .select({ id: scan.id, startedAt: scan.startedAt, state: scan.state })
    .from(scan)
    .where(and(eq(scan.schedule, schedule), eq(scan.kind, 'scheduled'), ne(scan.state, 'abandoned')))
    .orderBy(desc(scan.id))
    .limit(1);
  return last ?? null;
}

/** All scans under way or stopped. */
export async function unfinishedScans(db: Pick<Database, 'orm'>): Promise<number[]> {
  const rows = await db.orm.select({ id: scan.id }).from(scan).where(eq(scan.state, 'running'));
  return rows.map(({ id }) => id);
}

async function beginFull(db: Database, options: ScanOptions): Promise<Omit<Scan, 'release'> | null> {
  const lists = await recordVersions(db.orm, options.lists, options.now);
  return await db.orm.transaction(async (tx) => {
    await holdTracked(tx);
    const rows = await tx.select().from(targetRange).where(isNull(targetRange.trackedTo));
    if (rows.length === 0) return null;
    const set = await storeSet(tx, rows.map(rangeOf));
    const { policy, now } = options;
    const stopped = await stoppedScan(tx, options, set, lists);
    if (stopped !== null) return { ...stopped, ...set, lists, policy, full: true, resumed: true };
    await abandonStopped(tx, options.now);
    const id = await insertScan(tx, options, set, true);
    return { id, ...set, lists, policy, full: true, startedAt: now, resumed: false, covered: new Map() };
  });
}

/** The full scan that was stopped, if it is of this set, of today, and has something left to ask. */
async function stoppedScan(
  tx: Transaction,
  { now, lists, policy }: ScanOptions,
  { setId, targets }: StoredSet,
  versions: ReadonlyMap<string, ScannedList>,
): Promise<Pick<Scan, 'id' | 'startedAt' | 'covered'> | null> {
  const [found] = await tx
    .select({ id: scan.id, setId: scan.setId, startedAt: scan.startedAt })
    .from(scan)
    .where(and(eq(scan.state, 'running'), eq(scan.full, true)))
    .orderBy(desc(scan.id))
    .limit(1);
  if (found === undefined || found.setId !== setId) return null;
  if (Math.abs(now.getTime() - found.startedAt.getTime()) > RESUME_WITHIN) return null;
  const covered = await coveredOf(tx, { scanId: found.id, setId }, versions);
  if (lists.every((list) => isDone(list, covered.get(list.id) ?? [], targets))) return null;
  await tx
    .update(scan)
    .set({ listIds: lists.map(({ id }) => id), policy })
    .where(eq(scan.id, found.id));
  return { id: found.id, startedAt: found.startedAt, covered };
}

/** What of a set each list was asked in a scan, with the definition that it has now. */
export async function coveredOf(
  tx: Handle,
  { scanId, setId }: { scanId: number; setId: number },
  versions: ReadonlyMap<string, ScannedList>,
): Promise<Map<string, [number, number][]>> {
  const rows = await tx
    .select({
      listId: coverage.listId,
      versionId: coverage.listVersionId,
      posFrom: coverage.posFrom,
      posTo: coverage.posTo,
    })
    .from(coverage)
    .where(and(eq(coverage.scanId, scanId), eq(coverage.setId, setId)))
    .orderBy(coverage.listId, coverage.posFrom);
  const covered = new Map<string, [number, number][]>();
  for (const { listId, versionId, posFrom, posTo } of rows) {
    if (versions.get(listId)?.versionId !== versionId) continue;
    const spans = covered.get(listId) ?? [];
    spans.push([posFrom, posTo]);
    covered.set(listId, spans);
  }
  return covered;
}

/** Whether every target that the list takes is covered. */
function isDone(list: List, covered: readonly [number, number][], targets: Targets): boolean {
  let at = 0;
  for (const [from, to] of [...covered, [targets.size, targets.size] as const]) {
    for (; at < from; at += 1) if (list.accepts.includes(targets.at(at).kind)) return false;
    at = Math.max(at, to);
  }
  return true;
}

/** Full scans that were stopped and will not be gone on with, and named ones that cannot run any more. */
async function abandonStopped(tx: Transaction, now: Date): Promise<void> {
  const old = new Date(now.getTime() - RESUME_WITHIN).toISOString();
  await tx
    .update(scan)
    .set({ state: 'abandoned', endedAt: now })
    .where(and(eq(scan.state, 'running'), sql`(${scan.full} or ${scan.startedAt} < ${old}::timestamptz)`));
}

async function insertScan(
  tx: Transaction,
  { kind, lists, policy, now, schedule }: ScanOptions,
  { setId }: StoredSet,
  full: boolean,
): Promise<number> {
  const [row] = await tx
    .insert(scan)
    .values({
      kind,
      full,
      schedule: schedule ?? null,
      setId,
      listIds: lists.map(({ id }) => id),
      policy,
      startedAt: now,
      state: 'running',
    })
    .returning({ id: scan.id });
  if (row === undefined) throw new Error('the scan was not stored');
  return row.id;
}

async function runningSince(db: Database): Promise<Date | null> {
  const [row] = await db.orm
    .select({ startedAt: scan.startedAt })
    .from(scan)
    .where(and(eq(scan.state, 'running'), eq(scan.full, true)))
    .orderBy(desc(scan.id))
    .limit(1);
  return row?.startedAt ?? null;
}

/** The lock goes with its connection, so a killed scan holds none. */
async function unlock(session: ReservedSql): Promise<void> {
  try {
    await session`select pg_advisory_unlock(${lockSpace.fullScan}::int, 0)`;
  } finally {
    session.release();
  }
}

function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= act();
    return done;
  };
}
