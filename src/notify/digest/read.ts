import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import type { List } from '../../catalogue/list.ts';
import type { Database } from '../../db/open.ts';
import { audit, change, listing, listVersion, scan } from '../../db/schema.ts';
import { adviceFor } from '../../delisting/advice.ts';
import { judgeRecorded } from '../../delisting/judge.ts';
import { seenOf } from '../../listing/history.ts';
import { pointOf } from '../../listing/ranges.ts';
import { openRequests } from '../../listing/removals.ts';
import { membership, trackedTargets } from '../../listing/tracked.ts';
import { countOf, expand, parseTarget, type TargetRange } from '../../target.ts';
import { overlaps } from '../../targets/ranges.ts';
import { listingFacts } from '../facts.ts';
import { readFindings } from '../finding-facts.ts';
import { mutesSince } from '../mute-store.ts';
import { isOn, type Mute } from '../mutes.ts';
import type { ListingFacts } from '../notice.ts';
import { ownersOf } from '../owners.ts';
import { sightsOf } from '../sights.ts';
import { openByTarget } from '../way-off.ts';
import { type Digest, digestOf, type ListChange, type Move } from './digest.ts';

export type DigestOf = { period: { from: Date; to: Date }; tags: string[] | null };

/** The digest of a period that ends now, of targets with any of the tags. */
export async function readDigest(
  db: Pick<Database, 'orm'>,
  lists: readonly List[],
  { period, tags }: DigestOf,
): Promise<Digest> {
  const now = period.to;
  const byId = new Map(lists.map((list) => [list.id, list]));
  const tracked = await trackedTargets(db, tags === null ? {} : { tags });
  const rows = await rowsSince(db, new Date(2 * period.from.getTime() - now.getTime()));
  const ownerOf = await ownersOf(
    db.orm,
    rows.map(({ target }) => target),
  );
  const wanted = rows.filter(({ target }) => tags === null || ownerOf(target).tags.some((tag) => tags.includes(tag)));
  const facts = wanted.map((row) => listingFacts(row, byId.get(row.listId), ownerOf(row.target)));
  const open = wanted.filter(({ until }) => until === null);
  const seen = new Map((await seenOf(db.orm, open)).map((at, index) => [open[index]?.id, at]));
  const moves = await movesOf(db, byId, facts, now);
  return digestOf({
    ...{ period, tags, targets: tracked.reduce((sum, { range }) => sum + Number(countOf(range)), 0) },
    scans: await scansOf(db, period),
    listings: facts.map((one, index) => ({
      ...one,
      endedBy: wanted[index]?.endedBy ?? null,
      lastSeen: seen.get(one.id) ?? null,
      move: moves.get(one.id) ?? null,
    })),
    recoded: await recodedIn(
      db,
      period,
      wanted.map(({ id }) => id),
    ),
    sights: await sightsOf(db.orm, lists),
    lists: await listChanges(db, byId, period),
    audit: await auditsIn(
      db,
      tracked.map(({ range }) => range),
      period,
    ),
    mutes: await mutesNow(db, now, tags === null ? null : tracked.map(({ range }) => range)),
  });
}

/** What audits found of what is tracked: of other targets nobody looks whether it is so still. */
async function auditsIn(db: Pick<Database, 'orm'>, tracked: readonly TargetRange[], { from, to }: DigestOf['period']) {
  const has = membership(tracked);
  const isTracked = (target: string): boolean => has(pointOf(target));
  const changes = await readFindings(db.orm, from, to);
  const watched = await db.orm
    .select({ targets: audit.targets, lastAt: audit.lastAt })
    .from(audit)
    .where(eq(audit.watched, true));
  const own = watched.filter(({ targets }) => targets.some(isTracked));
  return {
    targets: new Set(own.flatMap(({ targets }) => targets.filter(isTracked))).size,
    last:
      own
        .map(({ lastAt }) => lastAt.toISOString())
        .toSorted()
        .at(-1) ?? null,
    changes: changes.filter(({ target }) => isTracked(target)),
  };
}

/** What is muted now; of targets only those among `of`, for a client is not told of others. */
async function mutesNow(db: Pick<Database, 'orm'>, now: Date, of: readonly TargetRange[] | null): Promise<Mute[]> {
  const mutes = await mutesSince(db.orm, now);
  return mutes.filter(
    (mute) =>
      isOn(mute, now.toISOString()) &&
      (of === null || mute.range === null || of.some((range) => mute.range !== null && overlaps(range, mute.range))),
  );
}

async function rowsSince(db: Pick<Database, 'orm'>, since: Date) {
  return await db.orm
    .select()
    .from(listing)
    .where(sql`(${listing.until} is null or ${listing.until} >= ${since.toISOString()}::timestamptz)`)
    .orderBy(asc(listing.since), asc(listing.id));
}

/** Scans that ended in the period; a drill is none, and a follow-up asks too little to be one. */
async function scansOf(db: Pick<Database, 'orm'>, { from, to }: DigestOf['period']): Promise<Digest['scans']> {
  const ended = await db.orm
    .select({ endedAt: scan.endedAt })
    .from(scan)
    .where(
      and(
        eq(scan.state, 'finished'),
        sql`${scan.kind} not in ('drill', 'adaptive')`,
        sql`${scan.endedAt} between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz`,
      ),
    )
    .orderBy(desc(scan.endedAt));
  return { finished: ended.length, last: ended[0]?.endedAt?.toISOString() ?? null };
}

async function recodedIn(db: Pick<Database, 'orm'>, { from, to }: DigestOf['period'], ids: readonly number[]) {
  const mine = new Set(ids);
  const rows = await db.orm
    .select({ at: change.at, added: change.added, removed: change.removed, listing: change.listingId })
    .from(change)
    .where(
      and(
        eq(change.kind, 'recoded'),
        sql`${change.at} between ${from.toISOString()}::timestamptz and ${to.toISOString()}::timestamptz`,
      ),
    )
    .orderBy(asc(change.id));
  return rows.filter(({ listing: id }) => mine.has(id)).map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Definitions that came or changed in the period, if anything was known before. */
async function listChanges(
  db: Pick<Database, 'orm'>,
  lists: ReadonlyMap<string, List>,
  { from, to }: DigestOf['period'],
): Promise<ListChange[]> {
  const rows = await db.orm
    .select({
      list: listVersion.listId,
      at: sql<string>`max(${listVersion.fromAt})`,
      first: sql<string>`min(${listVersion.fromAt})`,
    })
    .from(listVersion)
    .where(inArray(listVersion.listId, [...lists.keys()]))
    .groupBy(listVersion.listId)
    .orderBy(listVersion.listId);
  const times = rows.map((row) => ({ list: row.list, at: new Date(row.at), first: new Date(row.first) }));
  // Of the very first scan every list would be new.
  if (!times.some(({ first }) => first < from)) return [];
  return times
    .filter(({ at }) => at >= from && at <= to)
    .map(({ list, at, first }) => {
      const known = lists.get(list);
      const changed = known !== undefined && known.retired !== null ? 'retired' : 'changed';
      return { list, listName: known?.name ?? list, at: at.toISOString(), kind: first >= from ? 'new' : changed };
    });
}

/** Whose move it is, of every open listing. */
async function movesOf(
  db: Pick<Database, 'orm'>,
  lists: ReadonlyMap<string, List>,
  facts: readonly ListingFacts[],
  now: Date,
): Promise<Map<number, Move>> {
  const open = facts.filter(({ until }) => until === null);
  const requests = await openRequests(db, [...lists.keys()]);
  const overdue = new Set(
    requests
      .filter((request) => judgeRecorded(request, request, lists.get(request.list), now).kind === 'overdue')
      .map(({ target, list }) => `${target} ${list}`),
  );
  const openOf = openByTarget(lists, open, requests);
  const moves = new Map<number, Move>();
  for (const one of open) {
    const list = lists.get(one.list);
    const [target] = expand(parseTarget(one.target, { allowSpecial: true }));
    if (list === undefined || target === undefined) continue;
    const [step] = adviceFor(list, target, one.codes, openOf(one.target), now).steps;
    if (step === undefined) continue;
    moves.set(one.id, {
      ...{ actor: step.actor, page: step.page, first: step.blockedBy },
      requestedAt: step.asked?.requestedAt.toISOString() ?? null,
      overdue: overdue.has(`${one.target} ${one.list}`),
    });
  }
  return moves;
}
