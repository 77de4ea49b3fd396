import { sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { rowsOf } from '../db/rows.ts';
import { listing, pending } from '../db/schema.ts';
import { resultAt } from '../scan/results.ts';
import type { Batch, Result } from '../scan/verdict.ts';
import { inTurns } from '../turn.ts';
import { type ChangeRecord, codesOf, insertChanges, labelsOf, type NewChange } from './changes.ts';
import { insertCoverage } from './coverage.ts';
import { type Extent, extentsIn, positionIn, within } from './extent.ts';
import { belong, closeIncidents } from './incidents.ts';
import {
  endListings,
  insertListings,
  type OpenListing,
  onList,
  openListings,
  type SeenAgain,
  updateListings,
} from './listings.ts';
import { holdTracked, lockOperator, type Transaction } from './locks.ts';
import { lastSeen } from './proofs.ts';
import { pointOf } from './ranges.ts';
import type { Scan } from './scans.ts';
import { seeingOf, sightOf } from './sight.ts';
import { type Change, type Pending, type Seeing, type Sight, step } from './state.ts';
import type { ScannedList } from './versions.ts';
import { type NowWaiting, storeWaiting, waitingOn } from './waiting.ts';

/** A result that says something to the state, with what was known before. */
type Telling = { target: string; result: Result; sight: Sight; open: OpenListing | null; waiting: Pending | null };
/** A result that made a change. */
type Taken = { target: string; result: Result; open: OpenListing | null; seeing: Seeing; change: Change };

/**
 * Stores a batch, whole or not at all: what was covered, what waits, listings, changes and their evidence. Scans may
 * record side by side: batches of one operator go one after the other, and targets stay tracked as they are meanwhile.
 */
export async function recordBatch(db: Pick<Database, 'orm'>, scan: Scan, batch: Batch): Promise<ChangeRecord[]> {
  const scanned = scan.lists.get(batch.list);
  if (scanned === undefined) throw new Error(`${batch.list} is not in scan ${scan.id}`);
  const extents = extentsIn(scan.targets, batch.posFrom, batch.posTo, scanned.list.accepts);
  return await db.orm.transaction(async (tx) => {
    await holdTracked(tx);
    await lockOperator(tx, scanned.list.operator);
    const by = { scanId: scan.id, setId: scan.setId, listId: batch.list, listVersionId: scanned.versionId };
    await insertCoverage(tx, by, batch, extents);
    const before = await stateBefore(tx, scan, scanned, extents);
    return await recordVerdicts(tx, scan, scanned, batch, await tellingOf(tx, scan, scanned, batch, extents, before));
  });
}

async function recordVerdicts(
  tx: Transaction,
  scan: Scan,
  scanned: ScannedList,
  batch: Batch,
  told: readonly Telling[],
): Promise<ChangeRecord[]> {
  const { taken, waits, again } = await stepsOf(scan, batch, told);
  const ended = taken.flatMap(endedOf);
  await storeWaiting(tx, batch.list, waits);
  await updateListings(tx, [...again, ...taken.flatMap(recodedOf)]);
  await endListings(tx, ended);
  const opened = await openNew(tx, scan, scanned, taken);
  await closeIncidents(
    tx,
    ended.map(({ id }) => id),
  );
  const listings = taken.map(({ target, open }) => open?.id ?? opened.get(target) ?? 0);
  const changes = taken.map((one, at) => changeOf(one, { listingId: listings[at] ?? 0, scanId: scan.id }));
  return await insertChanges(tx, changes);
}

type Steps = { taken: Taken[]; waits: NowWaiting[]; again: SeenAgain[] };

async function stepsOf(scan: Scan, batch: Batch, told: readonly Telling[]): Promise<Steps> {
  const steps: Steps = { taken: [], waits: [], again: [] };
  await inTurns(told, ({ target, result, sight, open, waiting }) => {
    const seeing = seeingOf(result, batch, scan.id);
    const known = open === null ? null : { since: open.since.toISOString(), codes: open.codes, ttl: open.ttl ?? 0 };
    const { change, pending: next } = step(known, waiting, sight, seeing, scan.policy);
    if (next !== waiting) steps.waits.push({ target, pending: next });
    if (change !== null) steps.taken.push({ target, result, open, seeing, change });
    else if (open !== null && sight.kind === 'listed' && saysMore(result, open))
      steps.again.push(seenAgain(open, result));
  });
  return steps;
}

/** What was known of the targets of a batch on its list before it. */
type Before = {
  open: Map<string, OpenListing>;
  waiting: Map<string, Pending>;
  /** Some target is not tracked any more that was when the scan began. */
  someGone: boolean;
};

/** Sent together, for these only read: what writes goes one after the other, so that a failure stops all that follows. */
async function stateBefore(
  tx: Transaction,
  scan: Scan,
  { list }: ScannedList,
  extents: readonly Extent[],
): Promise<Before> {
  const [open, waiting, gone] = await Promise.all([
    openListings(tx, sql`${onList(list.id)} and ${within(extents, listing)}`),
    waitingOn(tx, list.id, within(extents, pending)),
    tx.execute(sql`
      select from target_range where tracked_to >= ${scan.startedAt.toISOString()}::timestamptz limit 1`),
  ]);
  return { open: new Map(open.map((one) => [one.target, one])), waiting, someGone: gone.length > 0 };
}

/**
 * What is listed, and cleans of what was: a clean of what is neither listed nor about to be, as nearly all are, says
 * nothing to the state.
 */
async function tellingOf(
  tx: Transaction,
  scan: Scan,
  { list }: ScannedList,
  batch: Batch,
  extents: readonly Extent[],
  { open, waiting, someGone }: Before,
): Promise<Telling[]> {
  const results = [...batch.results];
  await inTurns([...new Set([...open.keys(), ...waiting.keys()])], (target) => {
    const position = positionIn(extents, target);
    const clean = position === null ? null : resultAt(batch, list, scan.targets, position);
    if (clean !== null) results.push(clean);
  });
  results.sort((one, other) => one.position - other.position);
  const told: Telling[] = [];
  await inTurns(results, (result) => {
    const { target } = result;
    const sight = sightOf(list, result);
    const before = { open: open.get(target) ?? null, waiting: waiting.get(target) ?? null };
    const quiet = sight.kind === 'clean' && before.open === null && before.waiting === null;
    if (sight.kind !== 'unknown' && !quiet) told.push({ target, result, sight, ...before });
  });
  return someGone ? await tracked(tx, scan, told) : told;
}

/** Without targets that were tracked when the scan began and are not any more: what it sees of them changes nothing. */
async function tracked(tx: Transaction, scan: Scan, told: Telling[]): Promise<Telling[]> {
  if (told.length === 0) return told;
  const points = told.map(({ target }) => {
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

/** The text or a larger TTL of a listing that stays; no change is made of them. */
const saysMore = (result: Result, open: OpenListing): boolean =>
  result.reasonAt !== null || (result.ttl ?? 0) > (open.ttl ?? 0);

function seenAgain({ id }: OpenListing, { reason, reasonAt, ttl }: Result): SeenAgain {
  return { id, codes: null, reason, reasonAt: isoOf(reasonAt), ttl: ttl ?? 0 };
}

const isoOf = (date: Date | null): string | null => date?.toISOString() ?? null;

function recodedOf({ open, result, seeing, change }: Taken): SeenAgain[] {
  if (change.kind !== 'recoded' || open === null) return [];
  return [{ ...seenAgain(open, result), codes: change.codes, ttl: seeing.ttl }];
}

function endedOf({ open, change }: Taken): { id: number; until: string; proven: boolean }[] {
  if (change.kind !== 'delisted' || open === null) return [];
  return [{ id: open.id, until: change.until, proven: change.proven }];
}

async function openNew(
  tx: Transaction,
  scan: Scan,
  { list, family }: ScannedList,
  taken: readonly Taken[],
): Promise<Map<string, number>> {
  const opened = taken.flatMap(({ target, result, seeing, change }) =>
    change.kind === 'listed' ? [{ target, result, seeing, since: change.since, codes: change.codes }] : [],
  );
  if (opened.length === 0) return new Map();
  const belongings = await belong(tx, list.id, family, opened);
  const cleanBefore = await cleanBeforeOf(tx, scan, list.id, opened);
  const listings = opened.map(({ target, result, seeing, since, codes }) => {
    const belonging = belongings.get(target);
    if (belonging === undefined) throw new Error(`no incident of ${target}`);
    return {
      ...belonging,
      target,
      since,
      cleanBefore: cleanBefore.get(target) ?? null,
      codes,
      reason: result.reason,
      reasonAt: isoOf(result.reasonAt),
      ttl: seeing.ttl,
    };
  });
  return await insertListings(tx, list.id, listings);
}

/** When each target was last proven clean on the list, after its listing there before ended. */
async function cleanBeforeOf(
  tx: Transaction,
  scan: Scan,
  list: string,
  opened: readonly { target: string; since: string }[],
): Promise<Map<string, string>> {
  const targets = opened.map(({ target }) => target);
  const rows = await tx.execute<{ target: string; until: string }>(sql`
    select target, max(until) as until from listing
    where list_id = ${list} and target = any(${sql.param(targets)}::text[]) group by target`);
  const ended = new Map(rows.map(({ target, until }) => [target, new Date(until).toISOString()]));
  const queries = opened.map(({ target, since }) => ({
    target,
    list,
    after: ended.get(target) ?? null,
    before: since,
    proven: true,
    notScan: scan.id,
  }));
  const seen = await lastSeen(tx, queries);
  const found = new Map<string, string>();
  for (const [at, { target, after }] of queries.entries()) {
    const last = seen[at]?.at;
    if (last !== undefined) found.set(target, after !== null && after > last ? after : last);
  }
  return found;
}

function changeOf({ target, open, change, result }: Taken, of: { listingId: number; scanId: number }): NewChange {
  const before = open?.codes ?? [];
  const { evidence } = change;
  const common = { ...of, at: result.at.toISOString(), target, list: result.list, before: codesOf(before), evidence };
  if (change.kind === 'delisted') {
    const { proven } = change;
    return {
      ...common,
      kind: 'delisted',
      after: [],
      added: [],
      removed: labelsOf(before),
      proven,
      endedBy: 'delisted',
    };
  }
  const after = codesOf(change.codes);
  const { proven } = result;
  if (change.kind === 'recoded')
    return { ...common, kind: 'recoded', after, added: change.added, removed: change.removed, proven, endedBy: null };
  return { ...common, kind: 'listed', after, added: labelsOf(change.codes), removed: [], proven, endedBy: null };
}
