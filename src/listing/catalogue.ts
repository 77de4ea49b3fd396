import { asc, inArray, isNull, sql } from 'drizzle-orm';
import { readCodes } from '../catalogue/codes.ts';
import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { coverage, type EndedBy, listing, listVersion, pending } from '../db/schema.ts';
import type { ChangeRecord } from './changes.ts';
import { closeListings, type OpenListing, onList, openListings } from './listings.ts';
import { lockOperators, type Transaction } from './locks.ts';
import { seenCodes } from './sight.ts';
import { latestDefinition } from './versions.ts';

/**
 * Brings what is recorded in line with the catalogue: lists that have a new id keep their history under it; listings of
 * lists that are retired, gone, or now mean something else are closed without an all-clear.
 */
export async function followCatalogue(
  db: Pick<Database, 'orm'>,
  lists: readonly List[],
  now: Date,
): Promise<ChangeRecord[]> {
  const byId = new Map(lists.map((list) => [list.id, list]));
  return await db.orm.transaction(async (tx) => {
    await rename(tx, lists);
    const listed = await tx
      .selectDistinct({ listId: listing.listId })
      .from(listing)
      .where(isNull(listing.until))
      .orderBy(asc(listing.listId));
    const known: Known[] = [];
    for (const { listId } of listed)
      known.push({ listId, list: byId.get(listId), before: await latestDefinition(tx, listId) });
    await lockOperators(
      tx,
      known.map(({ listId, list, before }) => (list ?? before)?.operator ?? listId),
    );
    const changes: ChangeRecord[] = [];
    for (const one of known) changes.push(...(await closeEnded(tx, one, now)));
    return changes;
  });
}

/** A list as the catalogue has it now, and as it was scanned last. */
type Known = { listId: string; list: List | undefined; before: List | null };

async function closeEnded(tx: Transaction, { listId, list, before }: Known, now: Date): Promise<ChangeRecord[]> {
  const open = await openListings(tx, onList(listId));
  const ends = Map.groupBy(open, (one) => endOf(one, list, before));
  const changes: ChangeRecord[] = [];
  for (const [end, some] of ends) if (end !== null) changes.push(...(await closeListings(tx, some, end, now)));
  return changes;
}

function endOf(open: OpenListing, list: List | undefined, before: List | null): Exclude<EndedBy, 'delisted'> | null {
  if (list === undefined) return 'list-removed';
  if (list.retired !== null) return 'list-retired';
  if (before !== null && before.zone !== list.zone) return 'list-changed';
  const verdict = readCodes(
    list,
    open.codes.map(({ code }) => code),
  );
  const keys = new Set((verdict.kind === 'listed' ? seenCodes(list, verdict.meanings) : []).map(({ key }) => key));
  return open.codes.every(({ key }) => keys.has(key)) ? null : 'list-changed';
}

/** Moves what is recorded under a former id to the new one. What is open under both stays where it is, to be closed. */
async function rename(tx: Transaction, lists: readonly List[]): Promise<void> {
  const current = new Set(lists.map(({ id }) => id));
  const former = lists.flatMap(({ formerly }) => formerly).filter((id) => !current.has(id));
  if (former.length === 0) return;
  const known = await tx
    .selectDistinct({ id: listVersion.listId })
    .from(listVersion)
    .where(inArray(listVersion.listId, former));
  const recorded = new Set(known.map(({ id }) => id));
  for (const { id, formerly } of lists) {
    const old = formerly.filter((one) => !current.has(one) && recorded.has(one));
    if (old.length === 0) continue;
    await tx
      .update(listing)
      .set({ listId: id })
      .where(
        sql`${inArray(listing.listId, old)} and (${listing.until} is not null or not exists (
          select from listing other where other.list_id = ${id} and other.target = ${listing.target}
            and other.until is null))`,
      );
    await tx.update(coverage).set({ listId: id }).where(inArray(coverage.listId, old));
    await tx.update(listVersion).set({ listId: id }).where(inArray(listVersion.listId, old));
    await tx.delete(pending).where(inArray(pending.listId, old));
  }
}
