import { sql } from 'drizzle-orm';
import { addressText } from '../address.ts';
import { chunks, rowsOf } from '../db/rows.ts';
import { listing } from '../db/schema.ts';
import type { Transaction } from './locks.ts';
import { pointOf } from './ranges.ts';

/** Where a new listing belongs, and how often it was on the same list before in that incident. */
export type Belonging = { incidentId: number; relapses: number };

/** Relisted within this is the same trouble, in milliseconds. */
const relapseWithin = 72 * 3_600_000;
/** New listings in one batch that are an attack on a network, not on single hosts. */
const burst = 20;

/** A listing that begins, and the lists that share their incidents with its list. */
export type Opening = { list: string; family: readonly string[]; target: string; since: string };

/** A listing of a target that was opened before. `until` null: it is open. */
export type Earlier = {
  target: string;
  listId: string;
  incidentId: number;
  relapses: number;
  endedBy: string | null;
  until: Date | null;
};

/**
 * The incidents of new listings: one that is open on a list of the family (zen holds sbl and pbl) or was
 * until 72 hours ago, else a new one; of a burst on a list, one for each prefix.
 */
export async function belong(
  tx: Transaction,
  openings: readonly Opening[],
  earlier: ReadonlyMap<string, readonly Earlier[]>,
): Promise<Map<Opening, Belonging>> {
  const found = new Map<Opening, Belonging>();
  for (const opening of openings) {
    const recent = earlier.get(opening.target)?.filter((one) => isRecent(one, opening)) ?? [];
    const own = recent.find((one) => one.listId === opening.list);
    const latest = own ?? recent[0];
    if (latest === undefined) continue;
    const relapsed = own?.endedBy === 'delisted' ? 1 : 0;
    found.set(opening, { incidentId: latest.incidentId, relapses: (own?.relapses ?? 0) + relapsed });
  }
  await reopen(tx, [...new Set([...found.values()].map(({ incidentId }) => incidentId))]);
  const strangers = openings.filter((opening) => !found.has(opening));
  for (const [opening, id] of await openIncidents(tx, strangers)) found.set(opening, { incidentId: id, relapses: 0 });
  return found;
}

function isRecent({ listId, until }: Earlier, { family, since }: Opening): boolean {
  return family.includes(listId) && (until === null || Date.parse(since) - until.getTime() <= relapseWithin);
}

/** Listings of the targets on lists of the families, by target, the latest first. */
export async function earlierOf(tx: Transaction, openings: readonly Opening[]): Promise<Map<string, Earlier[]>> {
  const targets = [...new Set(openings.map(({ target }) => target))];
  const lists = [...new Set(openings.flatMap(({ family }) => family))];
  const rows: Earlier[] = await tx
    .select({
      target: listing.target,
      listId: listing.listId,
      incidentId: listing.incidentId,
      relapses: listing.relapses,
      endedBy: listing.endedBy,
      until: listing.until,
    })
    .from(listing)
    .where(
      sql`${listing.target} = any(${sql.param(targets)}::text[]) and ${listing.listId} = any(${sql.param(lists)}::text[])`,
    )
    .orderBy(sql`${listing.until} desc nulls first`, sql`${listing.id} desc`);
  return Map.groupBy(rows, ({ target }) => target);
}

async function openIncidents(tx: Transaction, openings: readonly Opening[]): Promise<Map<Opening, number>> {
  const ids = new Map<Opening, number>();
  for (const some of chunks(newIncidents(openings))) {
    const made = await tx.execute<{ place: number; id: string }>(sql`
      with numbered as materialized (
        select place, target, since, nextval(pg_get_serial_sequence('incident', 'id')) as id
        from ${rowsOf(
          some.map(({ target, since }, place) => ({ place, target, since })),
          { place: 'int', target: 'text', since: 'timestamptz' },
        )}),
      stored as (insert into incident (id, target, opened_at) select id, target, since from numbered)
      select place, id from numbered`);
    for (const { place, id } of made) for (const member of some[place]?.members ?? []) ids.set(member, Number(id));
  }
  return ids;
}

type NewIncident = { target: string; since: string; members: Opening[] };

function newIncidents(openings: readonly Opening[]): NewIncident[] {
  const incidents: NewIncident[] = [];
  for (const ofList of Map.groupBy(openings, ({ list }) => list).values()) {
    const groups = Map.groupBy(ofList, ({ target }) => (ofList.length >= burst ? prefixOf(target) : target));
    for (const [prefix, members] of groups) {
      const [only] = members;
      const target = members.length > 1 || only === undefined ? prefix : only.target;
      const since = members.reduce((least, { since }) => (since < least ? since : least), only?.since ?? '');
      incidents.push({ target, since, members });
    }
  }
  return incidents;
}

/** An incident is open again when one of its listings returns. */
async function reopen(tx: Transaction, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.execute(sql`
    update incident set closed_at = null where id = any(${sql.param(ids)}::bigint[]) and closed_at is not null`);
}

/** An incident is closed when the last of its listings is: to be called when these have ended. */
export async function closeIncidents(tx: Transaction, listingIds: readonly number[]): Promise<void> {
  if (listingIds.length === 0) return;
  await tx.execute(sql`
    update incident set closed_at = t.closed
    from (
      select l.incident_id, case when bool_or(l.until is null) then null else max(l.until) end as closed
      from listing l
      where l.incident_id in (select incident_id from listing where id = any(${sql.param(listingIds)}::bigint[]))
      group by l.incident_id) as t
    where incident.id = t.incident_id and incident.closed_at is distinct from t.closed`);
}

/** The /24 or /64 of an address, the usual size of one network; a domain is its own. */
function prefixOf(target: string): string {
  const { kind, value } = pointOf(target);
  if (kind === 'domain' || value === null) return target;
  const bits = kind === 'ipv4' ? 8n : 64n;
  return `${addressText(kind, (value >> bits) << bits)}/${kind === 'ipv4' ? 24 : 64}`;
}
