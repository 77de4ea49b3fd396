import { createHash } from 'node:crypto';
import { desc, eq, inArray, sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { List } from '../catalogue/list.ts';
import { listVersion } from '../db/schema.ts';
import { type Handle, lockSets } from './locks.ts';

/** A list as a scan asks it: the version of its definition, and the lists that share their incidents with it. */
export type ScannedList = { list: List; versionId: number; family: string[] };

/** Stores definitions that are new, so that verdicts keep their meaning. The zone has `{key}` for an account key. */
export async function recordVersions(
  orm: PostgresJsDatabase,
  lists: readonly List[],
  now: Date,
): Promise<Map<string, ScannedList>> {
  return await orm.transaction(async (tx) => {
    await lockSets(tx);
    const known = await latestVersions(
      tx,
      lists.map(({ id }) => id),
    );
    const fresh = lists.filter((list) => known.get(list.id)?.hash !== hashOf(list));
    if (fresh.length > 0) {
      const rows = fresh.map((list) => ({
        listId: list.id,
        hash: hashOf(list),
        zone: list.zone,
        definition: list,
        fromAt: now,
      }));
      const stored = await tx
        .insert(listVersion)
        .values(rows)
        .returning({ id: listVersion.id, listId: listVersion.listId });
      for (const { id, listId } of stored) known.set(listId, { id, hash: '' });
    }
    const families = await familiesOf(tx, lists);
    return new Map(
      lists.map((list) => {
        const versionId = known.get(list.id)?.id;
        if (versionId === undefined) throw new Error(`no version of ${list.id}`);
        return [list.id, { list, versionId, family: families.get(list.id) ?? [list.id] }];
      }),
    );
  });
}

async function latestVersions(tx: Handle, ids: string[]): Promise<Map<string, { id: number; hash: string }>> {
  if (ids.length === 0) return new Map();
  const rows = await tx
    .select({ id: listVersion.id, listId: listVersion.listId, hash: listVersion.hash })
    .from(listVersion)
    .where(inArray(listVersion.listId, ids))
    .orderBy(listVersion.id);
  return new Map(rows.map(({ id, listId, hash }) => [listId, { id, hash }]));
}

/** Of each list: itself, what it contains, and what contains it. */
async function familiesOf(tx: Handle, lists: readonly List[]): Promise<Map<string, string[]>> {
  const rows = await tx
    .selectDistinct({
      id: listVersion.listId,
      contained: sql<string>`jsonb_array_elements_text(${listVersion.definition} -> 'contains')`,
    })
    .from(listVersion);
  return new Map(
    lists.map(({ id, contains }) => {
      const around = rows.filter(({ contained }) => contained === id).map((row) => row.id);
      return [id, [...new Set([id, ...contains, ...around])]];
    }),
  );
}

/** The definition that a list had last; null: never scanned. */
export async function latestDefinition(db: Handle, listId: string): Promise<List | null> {
  const [row] = await db
    .select({ definition: listVersion.definition })
    .from(listVersion)
    .where(eq(listVersion.listId, listId))
    .orderBy(desc(listVersion.id))
    .limit(1);
  return row?.definition ?? null;
}

function hashOf(list: List): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(list)))
    .digest('hex');
}

/** The same facts in the same order, so that the order in a file does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
