import { inArray, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { listing, pending } from '../db/schema.ts';
import { allResults } from '../scan/results.ts';
import type { Batch, Result } from '../scan/verdict.ts';
import {
  type ChangeRecord,
  chunks,
  codesOf,
  insertChanges,
  labelsOf,
  type NewChange,
  type OpenListing,
  openListings,
  settleIncidents,
} from './changes.ts';
import { insertCoverage, type Placed } from './coverage.ts';
import { belong } from './incidents.ts';
import { holdTracked, lockOperator, type Transaction } from './locks.ts';
import { lastSeen } from './proofs.ts';
import { pointOf } from './ranges.ts';
import type { Scan } from './scans.ts';
import { seeingOf, sightOf } from './sight.ts';
import { type Change, type Pending, type Seeing, step } from './state.ts';
import type { ScannedList } from './versions.ts';

type KnownListing = OpenListing & { ttl: number | null };
type Taken = { target: string; result: Result; open: KnownListing | null; seeing: Seeing; change: Change };

/**
 * Stores a batch, whole or not at all: what was covered, what waits, listings, changes and their evidence. Scans may
 * record side by side: batches of one operator go one after the other, and targets stay tracked as they are meanwhile.
 */
export async function recordBatch(db: Pick<Database, 'orm'>, scan: Scan, batch: Batch): Promise<ChangeRecord[]> {
  const scanned = scan.lists.get(batch.list);
  if (scanned === undefined) throw new Error(`${batch.list} is not in scan ${scan.id}`);
  const placed = place(scan, scanned, batch);
  return await db.orm.transaction(async (tx) => {
    await holdTracked(tx);
    await lockOperator(tx, scanned.list.operator);
    const by = { scanId: scan.id, setId: scan.setId, listId: batch.list, listVersionId: scanned.versionId };
    await insertCoverage(tx, by, batch, placed);
    const known = placed.filter(({ result }) => result.verdict.kind !== 'unknown');
    return await recordVerdicts(
      tx,
      scan,
      scanned,
      batch,
      known.map(({ result }) => result),
    );
  });
}

/** The results at their positions. */
function place(scan: Scan, { list }: ScannedList, batch: Batch): Placed[] {
  const results = new Map([...allResults(batch, list, scan.targets)].map((result) => [result.target, result]));
  const placed: Placed[] = [];
  for (let position = batch.posFrom; position < batch.posTo; position += 1) {
    const { kind, text } = scan.targets.at(position);
    if (!list.accepts.includes(kind)) continue;
    const result = results.get(text);
    if (result === undefined) throw new Error(`${batch.list}: a batch without a result of ${text}`);
    placed.push({ position, kind, result });
  }
  return placed;
}

async function recordVerdicts(
  tx: Transaction,
  scan: Scan,
  scanned: ScannedList,
  batch: Batch,
  results: readonly Result[],
): Promise<ChangeRecord[]> {
  const targets = results.map(({ target }) => target);
  const open = new Map((await openListings(tx, batch.list, targets)).map((one) => [one.target, one]));
  const waiting = await waitingOf(tx, batch.list, targets);
  // A clean of what is neither listed nor about to be says nothing to the state: nearly all results.
  const telling = results.flatMap((result) => {
    const sight = sightOf(scanned.list, result);
    const quiet = sight.kind === 'clean' && !open.has(result.target) && !waiting.has(result.target);
    return quiet ? [] : [{ result, sight }];
  });
  const untracked = await untrackedSince(
    tx,
    scan,
    telling.map(({ result }) => result.target),
  );
  const taken: Taken[] = [];
  const waits: { target: string; pending: Pending | null }[] = [];
  const stay: { open: KnownListing; result: Result }[] = [];
  for (const { result, sight } of telling) {
    const { target } = result;
    if (untracked.has(target)) continue;
    const mine = open.get(target) ?? null;
    const before = waiting.get(target) ?? null;
    const seeing = seeingOf(result, batch, scan.id);
    const known = mine === null ? null : { since: mine.since.toISOString(), codes: mine.codes, ttl: mine.ttl ?? 0 };
    const next = step(known, before, sight, seeing, scan.policy);
    if (next.pending !== before) waits.push({ target, pending: next.pending });
    if (next.change !== null) taken.push({ target, result, open: mine, seeing, change: next.change });
    else if (mine !== null && sight.kind === 'listed') stay.push({ open: mine, result });
  }
  await refresh(tx, stay);
  await storeWaiting(tx, batch.list, waits);
  const ids = new Map([...open].map(([target, { id }]) => [target, id]));
  for (const [target, id] of await openNew(tx, scan, scanned, taken)) ids.set(target, id);
  await storeRecoded(tx, taken);
  await storeDelisted(tx, taken);
  const touched = taken.map(({ target }) => ids.get(target) ?? 0);
  await settleIncidents(tx, touched);
  return await insertChanges(
    tx,
    taken.map((one, at) => ({ ...changeOf(batch.list, one), listingId: touched[at] ?? 0, scanId: scan.id })),
  );
}

function changeOf(list: string, { target, open, change, result }: Taken): Omit<NewChange, 'listingId' | 'scanId'> {
  const before = open?.codes ?? [];
  const common = { at: result.at.toISOString(), target, list, before: codesOf(before), evidence: change.evidence };
  if (change.kind === 'delisted')
    return {
      ...common,
      kind: 'delisted',
      after: [],
      added: [],
      removed: labelsOf(before),
      proven: change.proven,
      endedBy: 'delisted',
    };
  const after = codesOf(change.codes);
  const { proven } = result;
  if (change.kind === 'recoded')
    return { ...common, kind: 'recoded', after, added: change.added, removed: change.removed, proven, endedBy: null };
  return { ...common, kind: 'listed', after, added: labelsOf(change.codes), removed: [], proven, endedBy: null };
}

/** The text and the largest TTL of listings that stay; no change is made of them. */
async function refresh(tx: Transaction, stay: readonly { open: KnownListing; result: Result }[]): Promise<void> {
  const rows = stay
    .filter(({ open, result }) => result.reason !== null || (result.ttl ?? 0) > (open.ttl ?? 0))
    .map(({ open, result }) => ({ id: open.id, reason: result.reason, at: result.at, ttl: result.ttl ?? 0 }));
  if (rows.length === 0) return;
  await tx.execute(sql`
    update listing set reason = coalesce(t.reason, listing.reason), ttl = greatest(t.ttl, listing.ttl),
      reason_at = case when t.reason is null then listing.reason_at else t.at end
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as t(id bigint, reason text, at timestamptz, ttl int)
    where listing.id = t.id`);
}

async function waitingOf(tx: Transaction, list: string, targets: readonly string[]): Promise<Map<string, Pending>> {
  const rows = await tx
    .select()
    .from(pending)
    .where(sql`${pending.listId} = ${list} and ${pending.target} = any(${sql.param(targets)}::text[])`);
  return new Map(
    rows.map(({ target, kind, run, daily, codes, evidence }) => [target, { kind, run, daily, codes, evidence }]),
  );
}

async function storeWaiting(
  tx: Transaction,
  listId: string,
  waits: readonly { target: string; pending: Pending | null }[],
): Promise<void> {
  for (const some of chunks(waits)) {
    const gone = some.map(({ target }) => target);
    await tx
      .delete(pending)
      .where(sql`${pending.listId} = ${listId} and ${pending.target} = any(${sql.param(gone)}::text[])`);
    const rows = some.flatMap(({ target, pending: next }) => (next === null ? [] : [{ target, listId, ...next }]));
    if (rows.length > 0) await tx.insert(pending).values(rows);
  }
}

/** Targets of the scan that were tracked when it began and are not any more: what it sees of them changes nothing. */
async function untrackedSince(tx: Transaction, scan: Scan, targets: readonly string[]): Promise<Set<string>> {
  const points = targets.map((target) => {
    const { kind, value, domain } = pointOf(target);
    return { target, kind, value: value?.toString() ?? null, domain };
  });
  const rows = await tx.execute<{ target: string }>(sql`
    with gone as (
      select kind, lo, hi, domain from target_range where tracked_to >= ${scan.startedAt.toISOString()}::timestamptz)
    select t.target
    from jsonb_to_recordset(${JSON.stringify(points)}::text::jsonb) as t(target text, kind text, value numeric, domain text)
    where exists (
      select from gone where gone.kind = t.kind and (gone.domain = t.domain or t.value between gone.lo and gone.hi))
    and not exists (
      select from target_range r where r.tracked_to is null and r.kind = t.kind and r.domain = t.domain)
    and not exists (
      select from (
        select r.hi from target_range r
        where r.tracked_to is null and r.kind = t.kind and r.lo <= t.value order by r.lo desc limit 1) as near
      where near.hi >= t.value)`);
  return new Set(rows.map(({ target }) => target));
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
  const ids = new Map<string, number>();
  if (opened.length === 0) return ids;

  const belongings = await belong(tx, list.id, family, opened);

  const cleanBefore = await cleanBeforeOf(tx, scan, list.id, opened);
  for (const some of chunks(opened)) {
    const rows = some.map(({ target, result, seeing, since, codes }) => {
      const belonging = belongings.get(target);
      if (belonging === undefined) throw new Error(`no incident of ${target}`);
      const before = cleanBefore.get(target) ?? null;
      return {
        target,
        listId: list.id,
        ...belonging,
        since: new Date(since),
        cleanBefore: before === null ? null : new Date(before),
        codes,
        reason: result.reason,
        reasonAt: result.reason === null ? null : result.at,
        ttl: seeing.ttl,
      };
    });
    const stored = await tx.insert(listing).values(rows).returning({ id: listing.id, target: listing.target });
    for (const { id, target } of stored) ids.set(target, id);
  }
  return ids;
}

/** When each target was last proven clean on the list, after its listing there before ended. */
async function cleanBeforeOf(
  tx: Transaction,
  scan: Scan,
  list: string,
  opened: readonly { target: string; since: string }[],
): Promise<Map<string, string>> {
  const ended = new Map<string, string>();
  for (const some of chunks(opened.map(({ target }) => target))) {
    const rows = await tx
      .select({ target: listing.target, until: sql<string>`max(${listing.until})` })
      .from(listing)
      .where(sql`${listing.listId} = ${list} and ${inArray(listing.target, some)}`)
      .groupBy(listing.target);
    for (const { target, until } of rows) ended.set(target, new Date(until).toISOString());
  }
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

async function storeRecoded(tx: Transaction, taken: readonly Taken[]): Promise<void> {
  for (const { open, result, change, seeing } of taken) {
    if (change.kind !== 'recoded' || open === null) continue;
    await tx
      .update(listing)
      .set({
        codes: change.codes,
        ttl: Math.max(open.ttl ?? 0, seeing.ttl),
        ...(result.reason === null ? {} : { reason: result.reason, reasonAt: result.at }),
      })
      .where(inArray(listing.id, [open.id]));
  }
}

async function storeDelisted(tx: Transaction, taken: readonly Taken[]): Promise<void> {
  const rows = taken.flatMap(({ open, change }) =>
    change.kind === 'delisted' && open !== null ? [{ id: open.id, until: change.until, proven: change.proven }] : [],
  );
  if (rows.length === 0) return;
  await tx.execute(sql`
    update listing set until = t.until, ended_by = 'delisted', end_proven = t.proven
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as t(id bigint, until timestamptz, proven boolean)
    where listing.id = t.id`);
}
