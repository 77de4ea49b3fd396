import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import { type EndedBy, listing } from '../db/schema.ts';
import { type ChangeRecord, codesOf, insertChanges, labelsOf } from './changes.ts';
import { type Bounds, rowsWithin } from './extent.ts';
import { type Belonging, closeIncidents } from './incidents.ts';
import type { Handle, Transaction } from './locks.ts';
import type { ListedCode } from './state.ts';

/** `ttl` in seconds, the largest seen of its answers. */
export type OpenListing = {
  id: number;
  target: string;
  listId: string;
  since: Date;
  codes: ListedCode[];
  reason: string | null;
  ttl: number | null;
};

/** Open listings, of a list or where else a condition says, the earliest first. */
export async function openListings(db: Handle, where: SQL | undefined): Promise<OpenListing[]> {
  return await db
    .select({
      id: listing.id,
      target: listing.target,
      listId: listing.listId,
      since: listing.since,
      codes: listing.codes,
      reason: listing.reason,
      ttl: listing.ttl,
    })
    .from(listing)
    .where(and(isNull(listing.until), where))
    .orderBy(listing.id);
}

/** Open listings of targets between these bounds, in no order. */
export async function openWithin(db: Handle, bounds: readonly Bounds[]): Promise<OpenListing[]> {
  const rows = await db.execute<Omit<OpenListing, 'id' | 'since'> & { id: string; since: string }>(sql`
    select id, target, list_id as "listId", since, codes, reason, ttl
    from ${rowsWithin('listing', bounds, sql`until is null`)}`);
  return rows.map((row) => ({ ...row, id: Number(row.id), since: new Date(row.since) }));
}

export const ofTargets = (targets: readonly string[], lists: readonly string[]): SQL =>
  sql`${listing.target} = any(${sql.param(targets)}::text[]) and ${inArray(listing.listId, [...lists])}`;

export const onList = (id: string): SQL => eq(listing.listId, id);

/** A listing that begins. Times in ISO 8601. */
export type NewListing = Belonging & {
  list: string;
  target: string;
  since: string;
  cleanBefore: string | null;
  codes: ListedCode[];
  reason: string | null;
  reasonAt: string | null;
  ttl: number;
};

/** The ids, in their order; no two are of one target on one list. */
export async function insertListings(tx: Transaction, listings: readonly NewListing[]): Promise<number[]> {
  const ids: number[] = [];
  for (const some of chunks(listings)) {
    const made = await tx.execute<{ id: string; list: string; target: string }>(sql`
      insert into listing (target, list_id, incident_id, since, clean_before, codes, reason, reason_at, ttl, relapses)
      select target, list, "incidentId", since, "cleanBefore", codes, reason, "reasonAt", ttl, relapses
      from ${rowsOf(some, {
        target: 'text',
        list: 'text',
        incidentId: 'bigint',
        since: 'timestamptz',
        cleanBefore: 'timestamptz',
        codes: 'jsonb',
        reason: 'text',
        reasonAt: 'timestamptz',
        ttl: 'int',
        relapses: 'int',
      })}
      returning id, list_id as list, target`);
    const idOf = new Map(made.map(({ id, list, target }) => [`${list} ${target}`, Number(id)]));
    for (const { list, target } of some) {
      const id = idOf.get(`${list} ${target}`);
      if (id === undefined) throw new Error(`no listing of ${target} on ${list}`);
      ids.push(id);
    }
  }
  return ids;
}

/** What is seen of a listing that goes on: other codes (null: the same), its text, the largest TTL. Times in ISO 8601. */
export type SeenAgain = {
  id: number;
  codes: ListedCode[] | null;
  reason: string | null;
  reasonAt: string | null;
  ttl: number;
};

export async function updateListings(tx: Transaction, seen: readonly SeenAgain[]): Promise<void> {
  for (const some of chunks(seen))
    await tx.execute(sql`
      update listing set codes = coalesce(t.codes, listing.codes), reason = coalesce(t.reason, listing.reason),
        reason_at = coalesce(t."reasonAt", listing.reason_at),
        ttl = greatest(t.ttl, listing.ttl)
      from ${rowsOf(some, { id: 'bigint', codes: 'jsonb', reason: 'text', reasonAt: 'timestamptz', ttl: 'int' })}
      where listing.id = t.id`);
}

/** Ends listings that their list has taken off. */
export async function endListings(
  tx: Transaction,
  ended: readonly { id: number; until: string; proven: boolean }[],
): Promise<void> {
  for (const some of chunks(ended))
    await tx.execute(sql`
      update listing set until = t.until, ended_by = 'delisted', end_proven = t.proven
      from ${rowsOf(some, { id: 'bigint', until: 'timestamptz', proven: 'boolean' })}
      where listing.id = t.id`);
}

/** Ends listings that nobody can say are over: no all-clear. Waiting changes of theirs go with them. */
export async function closeListings(
  tx: Transaction,
  open: readonly OpenListing[],
  endedBy: Exclude<EndedBy, 'delisted'>,
  now: Date,
): Promise<ChangeRecord[]> {
  if (open.length === 0) return [];
  const ids = open.map(({ id }) => id);
  const at = now.toISOString();
  await tx.execute(sql`
    update listing set until = greatest(since, ${at}::timestamptz), ended_by = ${endedBy}, end_proven = false
    where id = any(${sql.param(ids)}::bigint[])`);
  await tx.execute(sql`
    delete from pending using listing
    where listing.id = any(${sql.param(ids)}::bigint[])
      and pending.target = listing.target and pending.list_id = listing.list_id`);
  await closeIncidents(tx, ids);
  return await insertChanges(
    tx,
    open.map((one) => ({
      at,
      kind: 'closed',
      target: one.target,
      list: one.listId,
      listingId: one.id,
      scanId: null,
      before: codesOf(one.codes),
      after: [],
      added: [],
      removed: labelsOf(one.codes),
      proven: false,
      endedBy,
      evidence: [],
    })),
  );
}
