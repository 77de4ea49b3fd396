import type { Database } from '../db/open.ts';
import type { Batch, Result } from '../scan/verdict.ts';
import { inTurns } from '../turn.ts';
import { type ScannedBatch, type Telling, tellingOf } from './before.ts';
import { type ChangeRecord, codesOf, insertChanges, labelsOf, type NewChange } from './changes.ts';
import { insertCoverage } from './coverage.ts';
import { extentsIn } from './extent.ts';
import { belong, closeIncidents, type Earlier, earlierOf, type Opening } from './incidents.ts';
import { endListings, insertListings, type OpenListing, type SeenAgain, updateListings } from './listings.ts';
import { holdTracked, lockOperators, type Transaction } from './locks.ts';
import { lastSeen } from './proofs.ts';
import type { Scan } from './scans.ts';
import { seeingOf } from './sight.ts';
import { type Change, type ListedCode, type Seeing, step } from './state.ts';
import { type NowWaiting, storeWaiting } from './waiting.ts';

/** A telling that made a change. */
type Taken = Telling & { seeing: Seeing; change: Change };

/** Batches that share a transaction at most: what it costs beside its rows is shared too, and little is lost by a kill. */
const TOGETHER = 16;
/** Their results at most, unless one has more: what is done with all of them in one turn holds nobody else up. */
const RESULTS_TOGETHER = 1000;

/**
 * Stores batches: what was covered, what waits, listings, changes and their evidence. Gives the changes of each
 * transaction when it is committed; a batch is stored whole or not at all. Scans may record side by side: batches of one
 * operator go one after the other, and targets stay tracked as they are meanwhile.
 */
export async function* recordBatches(
  db: Pick<Database, 'orm'>,
  scan: Scan,
  batches: readonly Batch[],
): AsyncGenerator<ChangeRecord[], void, undefined> {
  for (const group of groupsOf(batches.map((batch) => scannedBatch(scan, batch))))
    yield await db.orm.transaction((tx) => recordGroup(tx, scan, group));
}

function scannedBatch(scan: Scan, batch: Batch): ScannedBatch {
  const scanned = scan.lists.get(batch.list);
  if (scanned === undefined) throw new Error(`${batch.list} is not in scan ${scan.id}`);
  return { batch, scanned, extents: extentsIn(scan.targets, batch.posFrom, batch.posTo, scanned.list.accepts) };
}

/** No two of one operator together: what the second finds depends on what the first one stored. */
function groupsOf(batches: readonly ScannedBatch[]): ScannedBatch[][] {
  const groups: ScannedBatch[][] = [];
  for (const one of batches) {
    const fitting = groups.find((group) => fits(group, one));
    if (fitting === undefined) groups.push([one]);
    else fitting.push(one);
  }
  return groups;
}

function fits(group: readonly ScannedBatch[], one: ScannedBatch): boolean {
  const results = group.reduce((sum, { batch }) => sum + batch.results.length, one.batch.results.length);
  const strangers = group.every((other) => operatorOf(other) !== operatorOf(one));
  return strangers && group.length < TOGETHER && results <= RESULTS_TOGETHER;
}

const operatorOf = ({ scanned }: ScannedBatch): string => scanned.list.operator;

async function recordGroup(tx: Transaction, scan: Scan, group: readonly ScannedBatch[]): Promise<ChangeRecord[]> {
  await holdTracked(tx);
  await lockOperators(tx, group.map(operatorOf));
  const told = await tellingOf(tx, scan, group);
  await insertCoverage(tx, scan, group);
  const { taken, waits, again } = await stepsOf(scan, told);
  const ended = taken.flatMap(endedOf);
  await storeWaiting(tx, waits);
  await updateListings(tx, [...again, ...taken.flatMap(recodedOf)]);
  await endListings(tx, ended);
  const opened = await openNew(tx, scan, taken);
  await closeIncidents(
    tx,
    ended.map(({ id }) => id),
  );
  const changes = taken.map((one) => changeOf(one, one.open?.id ?? opened.get(one) ?? 0, scan.id));
  return await insertChanges(tx, changes);
}

type Steps = { taken: Taken[]; waits: NowWaiting[]; again: SeenAgain[] };

async function stepsOf(scan: Scan, told: readonly Telling[]): Promise<Steps> {
  const steps: Steps = { taken: [], waits: [], again: [] };
  await inTurns(told, (telling) => {
    const { of, target, result, sight, open, waiting } = telling;
    const seeing = seeingOf(result, of.batch, scan.id);
    const known = open === null ? null : { since: open.since.toISOString(), codes: open.codes, ttl: open.ttl ?? 0 };
    const { change, pending: next } = step(known, waiting, sight, seeing, scan.policy);
    if (next !== waiting) steps.waits.push({ list: of.batch.list, target, pending: next });
    if (change !== null) steps.taken.push({ ...telling, seeing, change });
    else if (open !== null && sight.kind === 'listed' && saysMore(result, open))
      steps.again.push(seenAgain(open, result));
  });
  return steps;
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

type New = { taken: Taken; opening: Opening; codes: ListedCode[] };

function newOf(taken: Taken): New[] {
  const { of, target, change } = taken;
  if (change.kind !== 'listed') return [];
  const opening = { list: of.batch.list, family: of.scanned.family, target, since: change.since };
  return [{ taken, opening, codes: change.codes }];
}

/** The ids of the new listings. */
async function openNew(tx: Transaction, scan: Scan, taken: readonly Taken[]): Promise<Map<Taken, number>> {
  const opened = taken.flatMap(newOf);
  if (opened.length === 0) return new Map();
  const openings = opened.map(({ opening }) => opening);
  const earlier = await earlierOf(tx, openings);
  const cleanBefore = await cleanBeforeOf(tx, scan, openings, earlier);
  const belongings = await belong(tx, openings, earlier);
  const listings = opened.map(({ taken: { result, seeing }, opening, codes }, at) => {
    const { list, target, since } = opening;
    const belonging = belongings.get(opening);
    if (belonging === undefined) throw new Error(`no incident of ${target}`);
    return {
      ...belonging,
      list,
      target,
      since,
      cleanBefore: cleanBefore[at] ?? null,
      codes,
      reason: result.reason,
      reasonAt: isoOf(result.reasonAt),
      ttl: seeing.ttl,
    };
  });
  const ids = await insertListings(tx, listings);
  return new Map(opened.map((one, at) => [one.taken, ids[at] ?? 0]));
}

/** When each was last proven clean, after its listing there before ended. */
async function cleanBeforeOf(
  tx: Transaction,
  scan: Scan,
  openings: readonly Opening[],
  earlier: ReadonlyMap<string, readonly Earlier[]>,
): Promise<(string | null)[]> {
  const queries = openings.map(({ list, target, since }) => ({
    target,
    list,
    after:
      earlier
        .get(target)
        ?.find(({ listId }) => listId === list)
        ?.until?.toISOString() ?? null,
    before: since,
    proven: true,
    notScan: scan.id,
  }));
  const seen = await lastSeen(tx, queries);
  return queries.map(({ after }, at) => {
    const last = seen[at]?.at ?? null;
    return last !== null && after !== null && after > last ? after : last;
  });
}

function changeOf({ target, open, change, result }: Taken, listingId: number, scanId: number): NewChange {
  const before = open?.codes ?? [];
  const { evidence } = change;
  const at = result.at.toISOString();
  const common = { listingId, scanId, at, target, list: result.list, before: codesOf(before), evidence };
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
