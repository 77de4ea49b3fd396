import { and, asc, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm';
import { readCodes, severityLevel } from '../catalogue/codes.ts';
import type { List, Severity } from '../catalogue/list.ts';
import { change, listing } from '../db/schema.ts';
import { judgeRecorded } from '../delisting/judge.ts';
import { codesOf } from '../listing/changes.ts';
import type { Handle } from '../listing/locks.ts';
import { openRequests } from '../listing/removals.ts';
import { readFindings } from './finding-facts.ts';
import { mutesSince } from './mute-store.ts';
import type { ListingFacts } from './notice.ts';
import { type Facts, FLAP_GAP, FLAPS, type LoggedChange, type Overdue, type Run } from './owed.ts';
import { type Owner, ownersOf } from './owners.ts';
import { sightsOf } from './sights.ts';

/** Older changes and mutes than this are owed to nobody any more. */
const KEPT = 7 * 86_400_000;
/** How far back it is seen that findings of audits, a day apart, come and go. */
const FLAPS_SEEN = 30 * 86_400_000;

type ListingRow = typeof listing.$inferSelect;

/** All that may be owed: what changed after `cursor` up to `upTo`, what is open, how lists are seen. */
export async function readFacts(
  db: Handle,
  lists: readonly List[],
  { cursor, upTo }: { cursor: number; upTo: number },
  now: Date,
): Promise<Facts> {
  const byId = new Map(lists.map((list) => [list.id, list]));
  const changed = await db
    .select({ change, listing })
    .from(change)
    .innerJoin(listing, eq(change.listingId, listing.id))
    .where(and(gt(change.id, cursor), lte(change.id, upTo), gt(change.at, new Date(now.getTime() - KEPT))))
    .orderBy(asc(change.id));
  const open = await db.select().from(listing).where(isNull(listing.until)).orderBy(asc(listing.id));
  const comings = await comingsAndGoings(db, upTo, now);
  const flapping = comings.flatMap(({ last }) => last);
  const rows = flapping.length === 0 ? [] : await db.select().from(listing).where(inArray(listing.id, flapping));
  const all = [...changed.map((row) => row.listing), ...open, ...rows];
  const ownerOf = await ownersOf(
    db,
    all.map(({ target }) => target),
  );
  const facts = (row: ListingRow): ListingFacts => listingFacts(row, byId.get(row.listId), ownerOf(row.target));
  const openFacts = open.map(facts);
  const runs = comings.flatMap(({ last, changes }): Run[] => {
    const row = rows.find(({ id }) => id === last);
    return row === undefined ? [] : [{ listing: facts(row), changes }];
  });
  return {
    changes: changed.map(({ change: of, listing: row }) => loggedChange(of, facts(row), byId.get(row.listId))),
    open: openFacts,
    runs,
    overdue: await overdueOf(db, byId, openFacts, now),
    sights: await sightsOf(db, lists),
    findings: await readFindings(db, new Date(now.getTime() - FLAPS_SEEN), now),
    mutes: await mutesSince(db, new Date(now.getTime() - KEPT)),
  };
}

export function listingFacts(row: ListingRow, list: List | undefined, owner: Owner): ListingFacts {
  const codes = codesOf(row.codes);
  return {
    ...{ id: row.id, incident: row.incidentId, target: row.target, ...owner, list: row.listId },
    ...{ listName: list?.name ?? row.listId, impact: list?.impact ?? 'low', severity: severityOf(list, codes) },
    level: list === undefined ? 'low' : severityLevel(list, readCodes(list, codes)),
    codes: row.codes.map(({ code, label }) => ({ code, label })),
    since: row.since.toISOString(),
    cleanBefore: row.cleanBefore?.toISOString() ?? null,
    until: row.until?.toISOString() ?? null,
    ...{ endProven: row.endProven, reason: row.reason, relapses: row.relapses },
  };
}

const SEVERITIES: Severity[] = ['info', 'low', 'medium', 'high'];

/** The worst of the codes that block; medium where the catalogue knows nothing of the list or its codes any more. */
function severityOf(list: List | undefined, codes: string[]): Severity {
  const read = list === undefined ? null : readCodes(list, codes);
  if (read?.kind !== 'listed') return 'medium';
  const blocking = read.meanings.filter(({ polarity }) => polarity === 'block');
  return SEVERITIES[Math.max(0, ...blocking.map(({ severity }) => SEVERITIES.indexOf(severity)))] ?? 'medium';
}

function loggedChange(of: typeof change.$inferSelect, facts: ListingFacts, list: List | undefined): LoggedChange {
  const rank = (codes: string[]): number => SEVERITIES.indexOf(severityOf(list, codes));
  const worse = rank(of.after) > rank(of.before) || (of.added.length > 0 && of.removed.length === 0);
  return {
    ...{ id: of.id, at: of.at.toISOString(), kind: of.kind, listing: facts },
    ...{ added: of.added, removed: of.removed, worse: of.kind === 'recoded' && worse },
  };
}

type Comings = { last: number; changes: { id: number; at: string }[] };

/** Of targets that came and went often, the latest changes that follow each other closely. */
async function comingsAndGoings(db: Handle, upTo: number, now: Date): Promise<Comings[]> {
  const from = new Date(now.getTime() - KEPT).toISOString();
  const rows = await db.execute<{ changes: { id: number; at: string; listing: number }[] }>(sql`
    select json_agg(json_build_object('id', c.id, 'at', c.at, 'listing', c.listing_id) order by c.id) as changes
    from change c join listing l on l.id = c.listing_id
    where c.kind in ('listed', 'delisted') and c.id <= ${upTo} and c.at > ${from}::timestamptz
    group by l.target, l.list_id having count(*) >= ${FLAPS}`);
  return rows.map(({ changes }) => {
    const run: { id: number; at: string; listing: number }[] = [];
    for (const one of changes) {
      const before = run.at(-1);
      if (before !== undefined && Date.parse(one.at) - Date.parse(before.at) > FLAP_GAP) run.length = 0;
      run.push({ ...one, at: new Date(one.at).toISOString() });
    }
    return { last: run.at(-1)?.listing ?? 0, changes: run.map(({ id, at }) => ({ id, at })) };
  });
}

async function overdueOf(
  db: Handle,
  lists: ReadonlyMap<string, List>,
  open: readonly ListingFacts[],
  now: Date,
): Promise<Overdue[]> {
  const requests = await openRequests({ orm: db }, [...lists.keys()]);
  return requests.flatMap((request): Overdue[] => {
    if (judgeRecorded(request, request, lists.get(request.list), now).kind !== 'overdue') return [];
    const about = open.find(({ target, list }) => target === request.target && list === request.list);
    if (about === undefined) return [];
    const key = `${about.id}:${request.label ?? ''}:${request.requestedAt}`;
    return [{ removal: key, since: request.requestedAt, listing: about }];
  });
}
