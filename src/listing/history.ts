import { and, asc, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { addressText } from '../address.ts';
import type { Database } from '../db/open.ts';
import { chunks } from '../db/rows.ts';
import { change, controls, type EndedBy, evidence, listing, pending, removal } from '../db/schema.ts';
import type { TargetRange } from '../target.ts';
import type { ChangeRecord } from './changes.ts';
import type { Handle } from './locks.ts';
import { lastSeen } from './proofs.ts';
import { contains, pointOf } from './ranges.ts';
import type { Evidence } from './state.ts';

/** Which part of the history; what is left out does not filter. `since` and `until` are both included. */
export type HistoryFilter = {
  targets?: readonly TargetRange[];
  lists?: readonly string[];
  since?: Date;
  until?: Date;
  open?: boolean;
};

export type RemovalRecord = {
  label: string | null;
  requestedAt: string;
  withdrawnAt: string | null;
  note: string | null;
};

/** A listing as the JSON contract has it. Times in ISO 8601. */
export type ListingRecord = {
  id: number;
  target: string;
  list: string;
  since: string;
  cleanBefore: string | null;
  until: string | null;
  endedBy: EndedBy | null;
  /** Whether the end was proven; null while open. */
  endProven: boolean | null;
  /** When it was last seen on the list. */
  lastSeen: string;
  codes: { code: string; label: string; since: string }[];
  reason: string | null;
  relapses: number;
  incident: number;
  removals: RemovalRecord[];
};

/** Listings whose interval touches the filter's, the earliest first. */
export async function listingHistory(db: Pick<Database, 'orm'>, filter: HistoryFilter): Promise<ListingRecord[]> {
  const rows = await db.orm
    .select()
    .from(listing)
    .where(
      and(
        ...listingConditions(filter),
        filter.open === true ? isNull(listing.until) : undefined,
        filter.since === undefined
          ? undefined
          : sql`(${listing.until} is null or ${listing.until} >= ${filter.since.toISOString()}::timestamptz)`,
        filter.until === undefined ? undefined : sql`${listing.since} <= ${filter.until.toISOString()}::timestamptz`,
      ),
    )
    .orderBy(asc(listing.since), asc(listing.id));
  const wanted = rows.filter(({ target }) => isWanted(filter, target));
  const removals = await removalsOf(
    db.orm,
    wanted.map(({ id }) => id),
  );
  const seen = await seenOf(db.orm, wanted);
  return wanted.map((row, at) => ({
    id: row.id,
    target: row.target,
    list: row.listId,
    since: row.since.toISOString(),
    cleanBefore: row.cleanBefore?.toISOString() ?? null,
    until: row.until?.toISOString() ?? null,
    endedBy: row.endedBy,
    endProven: row.endProven,
    lastSeen: seen[at] ?? row.since.toISOString(),
    codes: row.codes.map(({ code, label, since }) => ({ code, label, since })),
    reason: row.reason,
    relapses: row.relapses,
    incident: row.incidentId,
    removals: removals.get(row.id) ?? [],
  }));
}

/** Changes in the order in which they were recorded; `evidence` is empty unless asked for. */
export async function changeHistory(
  db: Pick<Database, 'orm'>,
  filter: HistoryFilter & { evidence?: boolean; scan?: number },
): Promise<ChangeRecord[]> {
  const rows = await db.orm
    .select({ change, target: listing.target, list: listing.listId })
    .from(change)
    .innerJoin(listing, eq(change.listingId, listing.id))
    .where(
      and(
        ...listingConditions(filter),
        filter.open === true ? isNull(listing.until) : undefined,
        filter.scan === undefined ? undefined : eq(change.scanId, filter.scan),
        filter.since === undefined ? undefined : sql`${change.at} >= ${filter.since.toISOString()}::timestamptz`,
        filter.until === undefined ? undefined : sql`${change.at} <= ${filter.until.toISOString()}::timestamptz`,
      ),
    )
    .orderBy(asc(change.id));
  const wanted = rows.filter(({ target }) => isWanted(filter, target));
  const found =
    filter.evidence === true
      ? await evidenceOf(
          db.orm,
          wanted.map((row) => row.change.id),
        )
      : new Map();
  return wanted.map(({ change: of, target, list }) => ({
    id: of.id,
    at: of.at.toISOString(),
    kind: of.kind,
    target,
    list,
    before: of.before,
    after: of.after,
    added: of.added,
    removed: of.removed,
    proven: of.proven,
    endedBy: of.endedBy,
    evidence: found.get(of.id) ?? [],
  }));
}

function listingConditions({ lists, targets }: HistoryFilter) {
  const [only] = targets ?? [];
  return [
    lists === undefined ? undefined : inArray(listing.listId, [...lists]),
    targets?.length === 1 && only !== undefined && isSingle(only) ? eq(listing.target, textOf(only)) : undefined,
  ];
}

function isWanted({ targets }: HistoryFilter, target: string): boolean {
  if (targets === undefined) return true;
  const point = pointOf(target);
  return targets.some((range) => contains(range, point));
}

const isSingle = (range: TargetRange): boolean => range.lo === range.hi;

function textOf(range: TargetRange): string {
  return range.kind === 'domain' ? range.domain : addressText(range.kind, range.lo);
}

type Interval = { target: string; listId: string; since: Date; until: Date | null; lastSeen?: Date | null };

/** When each was last seen on its list: by the last scan that covered it before it was seen clean. */
export async function seenOf(db: Handle, listings: readonly Interval[]): Promise<string[]> {
  return (await seenUpTo(db, listings)).map(({ at }) => at);
}

/** The same up to a moment. `every`: it may have been later, see Seen. */
export async function seenUpTo(
  db: Handle,
  listings: readonly Interval[],
  upTo?: Date,
): Promise<{ at: string; every: number | null }[]> {
  const leaving = await firstCleans(db, listings);
  const noted = listings.map(({ lastSeen: at = null }) =>
    at !== null && (upTo === undefined || at < upTo) ? at : null,
  );
  const asked = listings.filter((_, place) => noted[place] === null);
  const queries = asked.map(({ target, listId, since, until }) => {
    const ends = [until?.toISOString(), leaving.get(`${target} ${listId}`), upTo?.toISOString()];
    const before = ends.filter((end) => end !== undefined).sort()[0] ?? null;
    return { target, list: listId, after: since.toISOString(), before, proven: false, notScan: null };
  });
  const seen = new Map((await lastSeen(db, queries)).map((one, place) => [asked[place], one]));
  return listings.map((one, place) => {
    const known = noted[place];
    if (known !== null && known !== undefined) return { at: known.toISOString(), every: null };
    const start = one.since.toISOString();
    const last = seen.get(one);
    return last === null || last === undefined || last.at < start ? { at: start, every: null } : last;
  });
}

/** The first clean of listings that wait to be delisted, by target and list. */
async function firstCleans(db: Handle, listings: readonly Interval[]): Promise<Map<string, string>> {
  const targets = listings.filter(({ until }) => until === null).map(({ target }) => target);
  const firsts = new Map<string, string>();
  for (const some of chunks(targets)) {
    const rows = await db
      .select({ target: pending.target, listId: pending.listId, run: pending.run, daily: pending.daily })
      .from(pending)
      .where(and(eq(pending.kind, 'delisted'), inArray(pending.target, some)));
    for (const { target, listId, run, daily } of rows) {
      const first = daily?.firstAt ?? run?.firstAt;
      if (first !== undefined) firsts.set(`${target} ${listId}`, first);
    }
  }
  return firsts;
}

async function removalsOf(db: Handle, listingIds: readonly number[]): Promise<Map<number, RemovalRecord[]>> {
  const rows = [];
  for (const some of chunks(listingIds))
    rows.push(...(await db.select().from(removal).where(inArray(removal.listingId, some)).orderBy(desc(removal.id))));
  const grouped = Map.groupBy(rows.reverse(), ({ listingId }) => listingId);
  return new Map(
    [...grouped].map(([id, own]) => [
      id,
      own.map(({ label, requestedAt, withdrawnAt, note }) => ({
        label,
        requestedAt: requestedAt.toISOString(),
        withdrawnAt: withdrawnAt?.toISOString() ?? null,
        note,
      })),
    ]),
  );
}

async function evidenceOf(db: Handle, changeIds: readonly number[]): Promise<Map<number, Evidence[]>> {
  const found = new Map<number, Evidence[]>();
  for (const some of chunks(changeIds)) {
    const rows = await db
      .select({ changeId: evidence.changeId, seen: evidence.found, controls: controls.reports })
      .from(evidence)
      .innerJoin(controls, eq(controls.id, evidence.controlsId))
      .where(inArray(evidence.changeId, some))
      .orderBy(asc(evidence.changeId), asc(evidence.ordinal));
    for (const { changeId, seen, controls } of rows)
      found.set(changeId, [...(found.get(changeId) ?? []), { ...seen, controls }]);
  }
  return found;
}
