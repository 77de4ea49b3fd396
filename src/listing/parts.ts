import type { Database } from '../db/open.ts';
import type { TargetRange } from '../target.ts';
import { storeSet } from './sets.ts';

/** Some lists of a scan, and the targets that these are asked about. */
export type Part = { listIds: readonly string[]; ranges: readonly TargetRange[] };
/** The same, its targets a stored set of so many. */
export type StoredPart = { listIds: string[]; setId: number; size: number };

/** Stores what parts of a scan ask that ask less than all of its targets; those of the same targets become one. */
export async function storeParts(db: Pick<Database, 'orm'>, parts: readonly Part[]): Promise<StoredPart[]> {
  return await db.orm.transaction(async (tx) => {
    const stored = new Map<number, StoredPart>();
    for (const { listIds, ranges } of parts) {
      const { setId, targets } = await storeSet(tx, ranges);
      const part = stored.get(setId) ?? { setId, size: targets.size, listIds: [] };
      part.listIds.push(...listIds);
      stored.set(setId, part);
    }
    return [...stored.values()];
  });
}
