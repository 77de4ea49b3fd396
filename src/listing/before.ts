import { sql } from 'drizzle-orm';
import { rowsOf } from '../db/rows.ts';
import { resultAt } from '../scan/results.ts';
import type { Batch, Result } from '../scan/verdict.ts';
import { inTurns } from '../turn.ts';
import { boundsOf, type Extent, positionIn } from './extent.ts';
import { type OpenListing, openWithin } from './listings.ts';
import type { Transaction } from './locks.ts';
import { pointOf } from './ranges.ts';
import type { Scan } from './scans.ts';
import { sightOf } from './sight.ts';
import type { Pending, Sight } from './state.ts';
import type { ScannedList } from './versions.ts';
import { waitingWithin } from './waiting.ts';

/** A batch of a scan, its list as it was asked, and the targets of its kinds. */
export type ScannedBatch = { batch: Batch; scanned: ScannedList; extents: Extent[] };

/** A result that says something to the state, with what was known before. */
export type Telling = {
  of: ScannedBatch;
  target: string;
  result: Result;
  sight: Sight;
  open: OpenListing | null;
  waiting: Pending | null;
};

/** What was known of the targets of a batch on its list before it. */
type Before = { open: Map<string, OpenListing>; waiting: Map<string, Pending> };

/** What batches of different lists say to the state, in their order. */
export async function tellingOf(tx: Transaction, scan: Scan, batches: readonly ScannedBatch[]): Promise<Telling[]> {
  const bounds = batches.flatMap(({ batch, extents }) => boundsOf(batch.list, extents));
  // Sent together, for these only read: what writes goes one after the other, so that a failure stops all that follows.
  const [open, waiting, gone] = await Promise.all([
    openWithin(tx, bounds),
    waitingWithin(tx, bounds),
    tx.execute(sql`
      select from target_range where tracked_to >= ${scan.startedAt.toISOString()}::timestamptz limit 1`),
  ]);
  const openOf = Map.groupBy(open, ({ listId }) => listId);
  const waitingOf = Map.groupBy(waiting, ({ list }) => list);
  const told: Telling[] = [];
  for (const one of batches) {
    const { list } = one.batch;
    await tellInto(told, scan, one, {
      open: new Map(openOf.get(list)?.map((known) => [known.target, known])),
      waiting: new Map(waitingOf.get(list)?.map((known) => [known.target, known.pending])),
    });
  }
  return gone.length > 0 ? await tracked(tx, scan, told) : told;
}

/**
 * What is listed, and cleans of what was: a clean of what is neither listed nor about to be, as nearly all are, says
 * nothing to the state.
 */
async function tellInto(told: Telling[], scan: Scan, of: ScannedBatch, { open, waiting }: Before): Promise<void> {
  const {
    batch,
    scanned: { list },
    extents,
  } = of;
  const results = [...batch.results];
  await inTurns([...new Set([...open.keys(), ...waiting.keys()])], (target) => {
    const position = positionIn(extents, target);
    const clean = position === null ? null : resultAt(batch, list, scan.targets, position);
    if (clean !== null) results.push(clean);
  });
  results.sort((one, other) => one.position - other.position);
  await inTurns(results, (result) => {
    const { target } = result;
    const sight = sightOf(list, result);
    const before = { open: open.get(target) ?? null, waiting: waiting.get(target) ?? null };
    const quiet = sight.kind === 'clean' && before.open === null && before.waiting === null;
    if (sight.kind !== 'unknown' && !quiet) told.push({ of, target, result, sight, ...before });
  });
}

/** Without targets that were tracked when the scan began and are not any more: what it sees of them changes nothing. */
async function tracked(tx: Transaction, scan: Scan, told: Telling[]): Promise<Telling[]> {
  if (told.length === 0) return told;
  const points = [...new Set(told.map(({ target }) => target))].map((target) => {
    const { kind, value, domain } = pointOf(target);
    return { target, kind, value: value?.toString() ?? null, domain };
  });
  const rows = await tx.execute<{ target: string }>(sql`
    with gone as (
      select kind, lo, hi, domain from target_range where tracked_to >= ${scan.startedAt.toISOString()}::timestamptz)
    select t.target
    from ${rowsOf(points, { target: 'text', kind: 'text', value: 'numeric', domain: 'text' })}
    where exists (
      select from gone where gone.kind = t.kind and (gone.domain = t.domain or t.value between gone.lo and gone.hi))
    and not exists (
      select from target_range r where r.tracked_to is null and r.kind = t.kind and r.domain = t.domain)
    and not exists (
      select from (
        select r.hi from target_range r
        where r.tracked_to is null and r.kind = t.kind and r.lo <= t.value order by r.lo desc limit 1) as near
      where near.hi >= t.value)`);
  const gone = new Set(rows.map(({ target }) => target));
  return told.filter(({ target }) => !gone.has(target));
}
