import { and, inArray, sql } from 'drizzle-orm';
import { addressText } from '../address.ts';
import { incident, listing } from '../db/schema.ts';
import { chunks } from './changes.ts';
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
  const rows: Earlier[] = [];
  const since = new Map(opened.map((one) => [one.target, Date.parse(one.since)]));
  const some = {
    target: listing.target,
    listId: listing.listId,
    incidentId: listing.incidentId,
    relapses: listing.relapses,
    endedBy: listing.endedBy,
    until: listing.until,
  };
  for (const targets of chunks([...since.keys()])) {
    rows.push(
      ...(await tx
        .select(some)
        .from(listing)
        .where(and(inArray(listing.target, targets), inArray(listing.listId, [...family])))
        .orderBy(sql`${listing.until} desc nulls first`, sql`${listing.id} desc`)),
    );
  }
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
  const ids = new Map<string, number>();
  for (const some of chunks([...groups])) {
    const rows = some.map(([name, members]) => ({
      target: members.length > 1 ? name : (members[0]?.target ?? name),
      openedAt: new Date(members.reduce((least, { since }) => Math.min(least, Date.parse(since)), Infinity)),
    }));
    const stored = await tx.insert(incident).values(rows).returning({ id: incident.id, target: incident.target });
    const idOf = new Map(stored.map(({ id, target }) => [target, id]));
    for (const [name, members] of some) {
      const id = idOf.get(members.length > 1 ? name : (members[0]?.target ?? name));
      if (id === undefined) throw new Error(`no incident of ${name}`);
      for (const { target } of members) ids.set(target, id);
    }
  }
  return ids;
}

/** The /24 or /64 of an address, the usual size of one network; a domain is its own. */
function prefixOf(target: string): string {
  const { kind, value } = pointOf(target);
  if (kind === 'domain' || value === null) return target;
  const bits = kind === 'ipv4' ? 8n : 64n;
  return `${addressText(kind, (value >> bits) << bits)}/${kind === 'ipv4' ? 24 : 64}`;
}
