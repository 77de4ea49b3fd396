import { and, inArray, sql } from 'drizzle-orm';
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

type Earlier = {
  target: string;
  listId: string;
  incidentId: number;
  relapses: number;
  endedBy: string | null;
  until: Date | null;
};

/**
 * The incidents of new listings on `list`: one that is open on a list of the family (zen holds sbl and pbl) or was until
 * 72 hours ago, else a new one; of a burst, one for each prefix.
 */
export async function belong(
  tx: Transaction,
  list: string,
  family: readonly string[],
  opened: readonly { target: string; since: string }[],
): Promise<Map<string, Belonging>> {
  const found = new Map<string, Belonging>();
  const earlier = await earlierOf(tx, family, opened);
  for (const { target } of opened) {
    const own = earlier.get(target)?.filter((one) => one.listId === list) ?? [];
    const latest = own[0] ?? earlier.get(target)?.[0];
    if (latest === undefined) continue;
    const before = own[0];
    const relapsed = before?.endedBy === 'delisted' ? 1 : 0;
    found.set(target, { incidentId: latest.incidentId, relapses: (before?.relapses ?? 0) + relapsed });
  }
  await reopen(tx, [...new Set([...found.values()].map(({ incidentId }) => incidentId))]);
  const strangers = opened.filter(({ target }) => !found.has(target));
  for (const [target, id] of await openIncidents(tx, strangers)) found.set(target, { incidentId: id, relapses: 0 });
  return found;
}

/** Listings of the targets that are open or ended within 72 hours, the latest first. */
async function earlierOf(
  tx: Transaction,
  family: readonly string[],
  opened: readonly { target: string; since: string }[],
): Promise<Map<string, Earlier[]>> {
  const targets = opened.map(({ target }) => target);
  const since = new Map(opened.map((one) => [one.target, Date.parse(one.since)]));
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
    .where(and(sql`${listing.target} = any(${sql.param(targets)}::text[])`, inArray(listing.listId, [...family])))
    .orderBy(sql`${listing.until} desc nulls first`, sql`${listing.id} desc`);
  const recent = rows.filter(
    ({ target, until }) => until === null || (since.get(target) ?? 0) - until.getTime() <= relapseWithin,
  );
  return Map.groupBy(recent, ({ target }) => target);
}

async function openIncidents(
  tx: Transaction,
  opened: readonly { target: string; since: string }[],
): Promise<Map<string, number>> {
  const groups = Map.groupBy(opened, ({ target }) => (opened.length >= burst ? prefixOf(target) : target));
  const incidents = [...groups].map(([prefix, members]) => {
    const [only] = members;
    const target = members.length > 1 || only === undefined ? prefix : only.target;
    const first = members.reduce((least, { since }) => (since < least ? since : least), only?.since ?? '');
    return { target, since: first, members };
  });
  const ids = new Map<string, number>();
  for (const some of chunks(incidents)) {
    const made = await tx.execute<{ id: string; target: string }>(sql`
      insert into incident (target, opened_at)
      select target, since from ${rowsOf(some, { target: 'text', since: 'timestamptz' })}
      returning id, target`);
    const idOf = new Map(made.map(({ id, target }) => [target, Number(id)]));
    for (const { target, members } of some) {
      const id = idOf.get(target);
      if (id === undefined) throw new Error(`no incident of ${target}`);
      for (const member of members) ids.set(member.target, id);
    }
  }
  return ids;
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
