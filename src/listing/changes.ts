import { and, inArray, sql } from 'drizzle-orm';
import { type ChangeKind, change, type EndedBy, evidence, incident, listing, pending } from '../db/schema.ts';
import type { Handle, Transaction } from './locks.ts';
import type { Evidence, ListedCode } from './state.ts';

/** A change as the JSON contract has it; `before` and `after` are codes, `added` and `removed` labels. */
export type ChangeRecord = {
  id: number;
  at: string;
  kind: ChangeKind;
  target: string;
  list: string;
  before: string[];
  after: string[];
  added: string[];
  removed: string[];
  proven: boolean;
  endedBy: EndedBy | null;
  evidence: Evidence[];
};

/** A change to be stored; its id says the order. */
export type NewChange = Omit<ChangeRecord, 'id'> & { listingId: number; scanId: number | null };

export type OpenListing = { id: number; target: string; listId: string; since: Date; codes: ListedCode[] };

/** PostgreSQL takes 65,534 parameters a statement. */
const rowsAtOnce = 2000;

export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let from = 0; from < rows.length; from += rowsAtOnce) yield rows.slice(from, from + rowsAtOnce);
}

export const codesOf = (codes: readonly ListedCode[]): string[] => [...new Set(codes.map(({ code }) => code))];

export const labelsOf = (codes: readonly ListedCode[]): string[] => [...new Set(codes.map(({ label }) => label))];

/** Stores changes with their evidence, in this order. */
export async function insertChanges(tx: Transaction, changes: readonly NewChange[]): Promise<ChangeRecord[]> {
  const stored: ChangeRecord[] = [];
  for (const some of chunks(changes)) {
    const rows = some.map((one) => ({
      at: new Date(one.at),
      kind: one.kind,
      listingId: one.listingId,
      scanId: one.scanId,
      before: one.before,
      after: one.after,
      added: one.added,
      removed: one.removed,
      proven: one.proven,
      endedBy: one.endedBy,
    }));
    const ids = await tx.insert(change).values(rows).returning({ id: change.id, listingId: change.listingId });
    const idOf = new Map(ids.map(({ id, listingId }) => [listingId, id]));
    for (const { listingId, scanId: _, ...one } of some) {
      const id = idOf.get(listingId);
      if (id === undefined) throw new Error(`no change of listing ${listingId}`);
      stored.push({ id, ...one });
    }
  }
  const found = stored.flatMap((one) => one.evidence.map((of, ordinal) => ({ changeId: one.id, ordinal, found: of })));
  for (const some of chunks(found)) await tx.insert(evidence).values(some);
  return stored;
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
  for (const some of chunks(ids)) {
    await tx
      .update(listing)
      .set({ until: sql`greatest(${listing.since}, ${now.toISOString()}::timestamptz)`, endedBy, endProven: false })
      .where(inArray(listing.id, some));
    await tx
      .delete(pending)
      .where(
        sql`(${pending.target}, ${pending.listId}) in (select target, list_id from listing where ${inArray(listing.id, some)})`,
      );
  }
  await settleIncidents(tx, ids);
  return await insertChanges(
    tx,
    open.map((one) => ({
      at: now.toISOString(),
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

/** An incident is closed when the last of its listings is, and open again when one of them returns. */
export async function settleIncidents(tx: Transaction, listingIds: readonly number[]): Promise<void> {
  for (const some of chunks(listingIds)) {
    const touched = tx.selectDistinct({ id: listing.incidentId }).from(listing).where(inArray(listing.id, some));
    await tx
      .update(incident)
      .set({
        closedAt: sql`(select case when bool_or(l.until is null) then null else max(l.until) end
          from listing l where l.incident_id = ${incident.id})`,
      })
      .where(inArray(incident.id, touched));
  }
}

/** Open listings of a list, of all its targets or of these. */
export async function openListings(
  db: Handle,
  listId: string,
  targets?: readonly string[],
): Promise<(OpenListing & { ttl: number | null })[]> {
  return await db
    .select({
      id: listing.id,
      target: listing.target,
      listId: listing.listId,
      since: listing.since,
      codes: listing.codes,
      ttl: listing.ttl,
    })
    .from(listing)
    .where(
      and(
        sql`${listing.listId} = ${listId}`,
        sql`${listing.until} is null`,
        targets === undefined ? undefined : sql`${listing.target} = any(${sql.param(targets)}::text[])`,
      ),
    );
}
