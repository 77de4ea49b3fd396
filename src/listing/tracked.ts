import { and, asc, eq, gte, inArray, isNull, or, sql } from 'drizzle-orm';
import type { TargetKind } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { chunks } from '../db/rows.ts';
import { pending, targetRange } from '../db/schema.ts';
import type { TargetRange } from '../target.ts';
import { mergeRanges } from '../targets/ranges.ts';
import type { ChangeRecord } from './changes.ts';
import { closeListings, openListings } from './listings.ts';
import { type Handle, lockTracked, type Transaction } from './locks.ts';
import { contains, type Point, pointOf, rangeOf } from './ranges.ts';
import { type Edit, type Given, type Notes, planEdit, type Row } from './segments.ts';

export type Tracked = Row & { trackedFrom: Date };

/** What an edit did. Counts are of targets; `closed` are the listings that ended with it. */
export type Edited = { added: bigint; removed: bigint; opened: number; closedRows: number; closed: ChangeRecord[] };

/** Tracks these targets too; notes given for one that is tracked already are changed. */
export function addTargets(db: Pick<Database, 'orm'>, given: readonly Given[], now: Date): Promise<Edited> {
  return edit(db, given, 'add', now);
}

/** Tracks these no longer: a range is split around them, and their listings are closed as untracked. */
export function removeTargets(db: Pick<Database, 'orm'>, ranges: readonly TargetRange[], now: Date): Promise<Edited> {
  return edit(
    db,
    ranges.map((range) => ({ range })),
    'remove',
    now,
  );
}

/** Tracks these, what the configuration names, and nothing else. */
export function replaceTargets(db: Pick<Database, 'orm'>, given: readonly Given[], now: Date): Promise<Edited> {
  return edit(db, given, 'replace', now);
}

/** Tracks what the configuration names, and no longer what it has stopped to name unless a command added it. */
export function followConfiguration(db: Pick<Database, 'orm'>, given: readonly Given[], now: Date): Promise<Edited> {
  return edit(db, given, 'follow', now);
}

/** What is tracked now, all of it or what bears any of the tags. */
export async function trackedTargets(
  db: Pick<Database, 'orm'>,
  filter: { kind?: TargetKind; tags?: readonly string[]; owner?: string } = {},
): Promise<Tracked[]> {
  const rows = await openRows(db.orm, filter.kind);
  return rows.filter(
    ({ tags, owner }) =>
      (filter.tags === undefined || filter.tags.some((tag) => tags.includes(tag))) &&
      (filter.owner === undefined || filter.owner === owner),
  );
}

/** The tags of all that was tracked at any time since. */
export async function tagsSince(db: Pick<Database, 'orm'>, since: Date): Promise<Set<string>> {
  const rows = await db.orm
    .selectDistinct({ tag: sql<string>`unnest(${targetRange.tags})` })
    .from(targetRange)
    .where(or(isNull(targetRange.trackedTo), gte(targetRange.trackedTo, since)));
  return new Set(rows.map(({ tag }) => tag));
}

async function edit(db: Pick<Database, 'orm'>, given: readonly Given[], how: Edit, now: Date): Promise<Edited> {
  return await db.orm.transaction(async (tx) => {
    await lockTracked(tx);
    const plan = planEdit(await openRows(tx), given, how);
    for (const some of chunks(plan.close))
      await tx.update(targetRange).set({ trackedTo: now }).where(inArray(targetRange.id, some));
    const rows = plan.open.map(({ range, ...notes }) => ({ ...range, ...notes, trackedFrom: now }));
    for (const some of chunks(rows)) await tx.insert(targetRange).values(some);
    return {
      added: countAll(plan.fresh),
      removed: countAll(plan.gone),
      opened: plan.open.length,
      closedRows: plan.close.length,
      closed: await closeGone(tx, plan.gone, now),
    };
  });
}

async function openRows(db: Handle, kind?: TargetKind): Promise<Tracked[]> {
  const rows = await db
    .select()
    .from(targetRange)
    .where(and(isNull(targetRange.trackedTo), kind === undefined ? undefined : eq(targetRange.kind, kind)))
    .orderBy(asc(targetRange.kind), asc(targetRange.lo), asc(targetRange.domain));
  return rows.map((row) => ({ id: row.id, range: rangeOf(row), ...notesOf(row), trackedFrom: row.trackedFrom }));
}

function notesOf({ label, tags, owner, origin }: Notes): Notes {
  return { label, tags, owner, origin };
}

/** Closes what is listed of targets that are gone, and forgets what waits for them. */
async function closeGone(tx: Transaction, gone: readonly TargetRange[], now: Date): Promise<ChangeRecord[]> {
  if (gone.length === 0) return [];
  const has = membership(gone);
  const open = await openListings(tx, undefined);
  const waiting = await tx.selectDistinct({ target: pending.target }).from(pending);
  const forgotten = waiting.map(({ target }) => target).filter((target) => has(pointOf(target)));
  for (const some of chunks(forgotten)) await tx.delete(pending).where(and(inArray(pending.target, some)));
  return await closeListings(
    tx,
    open.filter(({ target }) => has(pointOf(target))),
    'untracked',
    now,
  );
}

/** Whether a point is in any of the ranges, by halving. */
export function membership(ranges: readonly TargetRange[]): (point: Point) => boolean {
  const all = mergeRanges(ranges);
  const domains = new Set(all.map(({ domain }) => domain));
  const spans = all.filter((range) => range.kind !== 'domain');
  return (point) => {
    if (point.value === null) return domains.has(point.domain);
    const own = point.kind === 'ipv4' ? 0 : 1;
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const span = spans[middle];
      const kind = span?.kind === 'ipv4' ? 0 : 1;
      if (span !== undefined && (kind < own || (kind === own && span.hi < point.value))) low = middle + 1;
      else high = middle;
    }
    const span = spans[low];
    return span !== undefined && contains(span, point);
  };
}

function countAll(ranges: readonly TargetRange[]): bigint {
  return ranges.reduce((sum, range) => sum + (range.kind === 'domain' ? 1n : range.hi - range.lo + 1n), 0n);
}
