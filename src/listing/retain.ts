import { sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { rowsOf } from '../db/rows.ts';
import { listing } from '../db/schema.ts';
import { seenOf } from './history.ts';
import { lockSpace, type Transaction } from './locks.ts';
import { mergeScans } from './merge.ts';

/** What is kept in full for how long, in milliseconds. */
export type Retention = { coverage: number; evidence: number };

/** What was done: scans whose coverage was merged, rows that it saved, changes whose evidence was dropped. */
export type Retained = { scans: number; rows: number; changes: number };

/** Of each at once: a transaction of a second or so. */
const LISTINGS = 1000;
const CHANGES = 2000;

/**
 * Merges what old scans covered into spans and drops old evidence, of what is still listed never. Listings and changes
 * stay. In many small transactions, beside scans and other processes: of those one works at a time, and the others
 * leave it to that one. What is done stays done when it is stopped.
 */
export async function retain(
  db: Pick<Database, 'orm'>,
  { coverage, evidence }: Retention,
  now: Date,
  signal?: AbortSignal,
): Promise<Retained> {
  const before = (age: number): Date => new Date(now.getTime() - age);
  // Who finds another at work leaves it all: going on with the next part would keep that one from it.
  let alone = true;
  const all = async (step: (tx: Transaction) => Promise<Retained | null>): Promise<Retained> => {
    const sum = { scans: 0, rows: 0, changes: 0 };
    while (alone && signal?.aborted !== true) {
      const done = await db.orm.transaction(async (tx) => {
        alone = await isAlone(tx);
        return alone ? await step(tx) : null;
      });
      if (done === null) break;
      sum.scans += done.scans;
      sum.rows += done.rows;
      sum.changes += done.changes;
    }
    return sum;
  };
  // What listings say of coverage is noted before that is merged.
  await all((tx) => noteLastSeen(tx, before(coverage)));
  const { scans, rows } = await all((tx) => mergeScans(tx, before(coverage)));
  const { changes } = await all((tx) => dropEvidence(tx, before(evidence)));
  return { scans, rows, changes };
}

async function isAlone(tx: Transaction): Promise<boolean> {
  const [row] = await tx.execute<{ held: boolean }>(sql`
    select pg_try_advisory_xact_lock(${lockSpace.retention}::int, 0) as held`);
  return row?.held === true;
}

/** null: nothing is left to note. */
async function noteLastSeen(tx: Transaction, before: Date): Promise<Retained | null> {
  const ended = await tx
    .select()
    .from(listing)
    .where(sql`${listing.until} < ${before.toISOString()}::timestamptz and ${listing.lastSeen} is null`)
    .orderBy(listing.id)
    .limit(LISTINGS);
  if (ended.length === 0) return null;
  const seen = await seenOf(tx, ended);
  const rows = ended.map(({ id, since }, at) => ({ id, seen: seen[at] ?? since.toISOString() }));
  await tx.execute(sql`
    update listing set last_seen = t.seen from ${rowsOf(rows, { id: 'bigint', seen: 'timestamptz' })}
    where listing.id = t.id`);
  return { scans: 0, rows: 0, changes: 0 };
}

async function dropEvidence(tx: Transaction, before: Date): Promise<Retained | null> {
  const dropped = await tx.execute<{ change_id: string; controls_id: string }>(sql`
    delete from evidence where change_id in (
      select c.id from change c join listing l on l.id = c.listing_id
      where c.at < ${before.toISOString()}::timestamptz and l.until is not null
        and exists (select from evidence e where e.change_id = c.id)
      order by c.id limit ${CHANGES})
    returning change_id, controls_id`);
  if (dropped.length === 0) return null;
  const controls = [...new Set(dropped.map(({ controls_id }) => controls_id))];
  await tx.execute(sql`
    delete from controls where id = any(${sql.param(controls)}::bigint[])
      and not exists (select from evidence where controls_id = controls.id)`);
  return { scans: 0, rows: 0, changes: new Set(dropped.map(({ change_id }) => change_id)).size };
}
