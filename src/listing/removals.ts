import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { chunks } from '../db/rows.ts';
import { change, type EndedBy, listing, removal } from '../db/schema.ts';
import { UserError } from '../errors.ts';
import { labelsOf } from './changes.ts';
import type { RemovalRecord } from './history.ts';
import type { Handle, Transaction } from './locks.ts';
import type { ListedCode } from './state.ts';

/** `label`: one of the listing's, or all of it. */
export type RemovalOf = { target: string; list: string; label?: string | null };

/** Notes that a removal was asked for. A request that is open already is not made twice. */
export async function requestRemoval(
  db: Pick<Database, 'orm'>,
  of: RemovalOf & { note?: string | null },
  now: Date,
): Promise<{ listingId: number; since: string }> {
  return await db.orm.transaction(async (tx) => {
    const open = await openListingOf(tx, of);
    const [already] = await tx
      .select({ requestedAt: removal.requestedAt })
      .from(removal)
      .where(and(eq(removal.listingId, open.id), isNull(removal.withdrawnAt), sameLabel(of.label)))
      .limit(1);
    if (already !== undefined)
      throw new UserError(
        `${of.target} on ${of.list}: a removal was requested at ${already.requestedAt.toISOString()} and is open; ` +
          'asking twice can delay it. `delist withdrawn` takes it back',
      );
    await tx
      .insert(removal)
      .values({ listingId: open.id, label: of.label ?? null, requestedAt: now, note: of.note ?? null });
    return { listingId: open.id, since: open.since.toISOString() };
  });
}

/** Notes that the request was taken back. */
export async function withdrawRemoval(db: Pick<Database, 'orm'>, of: RemovalOf, now: Date): Promise<void> {
  await db.orm.transaction(async (tx) => {
    const open = await openListingOf(tx, of);
    const withdrawn = await tx
      .update(removal)
      .set({ withdrawnAt: now })
      .where(and(eq(removal.listingId, open.id), isNull(removal.withdrawnAt), sameLabel(of.label)))
      .returning({ id: removal.id });
    if (withdrawn.length === 0)
      throw new UserError(`${of.target} on ${of.list}: no removal is requested that could be withdrawn`);
  });
}

/** A request and the listing that it is about. Times in ISO 8601. */
export type RequestRecord = RemovalRecord & {
  target: string;
  list: string;
  until: string | null;
  endedBy: EndedBy | null;
  codes: ListedCode[];
};

/** Requests, not withdrawn, about open listings of these lists; the oldest first. */
export async function openRequests(db: { orm: Handle }, lists: readonly string[]): Promise<RequestRecord[]> {
  const rows = await selectRequests(db.orm)
    .where(and(isNull(removal.withdrawnAt), isNull(listing.until), inArray(listing.listId, [...lists])))
    .orderBy(asc(removal.id));
  return rows.map(recordOf);
}

/** By change: the requests, not withdrawn, that were made before it about its listing. */
export async function requestsBefore(
  db: Pick<Database, 'orm'>,
  changes: readonly number[],
): Promise<Map<number, RequestRecord[]>> {
  const rows = [];
  for (const some of chunks(changes))
    rows.push(
      ...(await selectRequests(db.orm)
        .innerJoin(change, eq(change.listingId, listing.id))
        .where(
          and(
            inArray(change.id, some),
            sql`${removal.requestedAt} <= ${change.at}`,
            sql`(${removal.withdrawnAt} is null or ${removal.withdrawnAt} > ${change.at})`,
          ),
        )
        .orderBy(asc(removal.id))),
    );
  const byChange = Map.groupBy(rows, (row) => row.change.id);
  return new Map([...byChange].map(([id, own]) => [id, own.map(recordOf)]));
}

const selectRequests = (db: Handle) => db.select().from(removal).innerJoin(listing, eq(removal.listingId, listing.id));

type RequestRow = { removal: typeof removal.$inferSelect; listing: typeof listing.$inferSelect };

function recordOf({ removal: { label, requestedAt, withdrawnAt, note }, listing: of }: RequestRow): RequestRecord {
  return {
    target: of.target,
    list: of.listId,
    label,
    requestedAt: requestedAt.toISOString(),
    withdrawnAt: withdrawnAt?.toISOString() ?? null,
    note,
    until: of.until?.toISOString() ?? null,
    endedBy: of.endedBy,
    codes: of.codes,
  };
}

function sameLabel(label: string | null | undefined) {
  return sql`${removal.label} is not distinct from ${label ?? null}`;
}

async function openListingOf(
  tx: Transaction,
  { target, list, label }: RemovalOf,
): Promise<{ id: number; since: Date }> {
  const [open] = await tx
    .select({ id: listing.id, since: listing.since, codes: listing.codes })
    .from(listing)
    .where(and(eq(listing.target, target), eq(listing.listId, list), isNull(listing.until)))
    .for('update');
  if (open === undefined)
    throw new UserError(`${target} on ${list}: no open listing is recorded; \`history ${target}\` shows what is`);
  const labels = labelsOf(open.codes);
  if (label !== undefined && label !== null && !labels.includes(label))
    throw new UserError(`${target} on ${list}: not listed as ${label}; expected one of ${labels.join(', ')}`);
  return open;
}
