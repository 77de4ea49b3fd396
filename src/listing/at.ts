import { and, desc, eq, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { type EndedBy, listing } from '../db/schema.ts';
import type { Why } from '../scan/verdict.ts';
import type { Target } from '../target.ts';
import { codesOf } from './changes.ts';
import { seenUpTo } from './history.ts';
import type { Handle } from './locks.ts';
import { lastSeen, lastUnknown, type Seen } from './proofs.ts';
import { pointOf } from './ranges.ts';

/**
 * What is known of a target and a list at a moment. Times in ISO 8601.
 * - `listed`: first seen at `since`, last before the moment at `lastSeen`; it ended, if at all, at `until`.
 * - `clean`: last seen so at `checkedAt`.
 * `every`: old scans were merged, and the time is the earliest it can have been: seconds that were never exceeded
 * between two.
 * - `never-checked`: no scan could tell before the moment; `why` if one tried.
 */
export type Then = { target: string; list: string } & (
  | { answer: 'not-tracked' }
  | {
      answer: 'listed';
      since: string;
      lastSeen: string;
      every: number | null;
      until: string | null;
      endedBy: EndedBy | null;
      codes: string[];
    }
  | { answer: 'clean'; proven: boolean; checkedAt: string; minutesBefore: number; every: number | null }
  | { answer: 'never-checked'; why: Why | null }
);

/** Of all lists that were ever scanned for targets of this kind, or of these. */
export async function listedAt(
  db: Pick<Database, 'orm'>,
  target: Target,
  at: Date,
  lists?: readonly string[],
): Promise<Then[]> {
  const asked = lists ?? (await listsFor(db.orm, target));
  const tracked = await wasTracked(db.orm, target, at);
  const answers: Then[] = [];
  for (const list of asked) {
    const of = { target: target.text, list };
    answers.push(tracked ? { ...of, ...(await answerAt(db.orm, target, at, list)) } : { ...of, answer: 'not-tracked' });
  }
  return answers;
}

type Answer = Then extends infer T ? (T extends Then ? Omit<T, 'target' | 'list'> : never) : never;

async function answerAt(db: Handle, target: Target, at: Date, list: string): Promise<Answer> {
  const moment = at.toISOString();
  const [row] = await db
    .select()
    .from(listing)
    .where(
      and(eq(listing.target, target.text), eq(listing.listId, list), sql`${listing.since} <= ${moment}::timestamptz`),
    )
    .orderBy(desc(listing.since), desc(listing.id))
    .limit(1);
  if (row !== undefined && (row.until === null || row.until > at)) {
    const [seen] = await seenUpTo(db, [row], justAfter(at));
    return {
      answer: 'listed',
      since: row.since.toISOString(),
      lastSeen: seen?.at ?? row.since.toISOString(),
      every: seen?.every ?? null,
      until: row.until?.toISOString() ?? null,
      endedBy: row.endedBy,
      codes: codesOf(row.codes),
    };
  }
  // After a listing that we only lost sight of, what was seen before its end says nothing of clean.
  const after = row?.until?.toISOString() ?? null;
  const query = { target: target.text, list, after, before: justAfter(at).toISOString(), proven: false, notScan: null };
  const [covered = null] = await lastSeen(db, [query]);
  // What ended a listing is known of this target itself; its batch is as little proven as the least of its targets.
  const end = cleanAtEnd(row);
  const isEnd = end !== null && (covered === null || (covered.every === null && covered.at <= end.at));
  const seen = isEnd ? end : covered;
  if (seen === null) return { answer: 'never-checked', why: await lastUnknown(db, target.text, list, moment) };
  const checkedAt = after !== null && after > seen.at ? after : seen.at;
  return {
    answer: 'clean',
    proven: seen.proof === 'proven',
    checkedAt,
    minutesBefore: Math.max(0, Math.round((at.getTime() - Date.parse(checkedAt)) / 60_000)),
    every: seen.every,
  };
}

/** A listing that was delisted ended with a clean, whatever is known after it. */
function cleanAtEnd(row: typeof listing.$inferSelect | undefined): Seen | null {
  if (row === undefined || row.until === null || row.endedBy !== 'delisted') return null;
  return { at: row.until.toISOString(), proof: row.endProven === true ? 'proven' : 'unproven', every: null };
}

const justAfter = (at: Date): Date => new Date(at.getTime() + 1);

async function wasTracked(db: Handle, target: Target, at: Date): Promise<boolean> {
  const { kind, value, domain } = pointOf(target.text);
  const number = value?.toString() ?? null;
  const moment = at.toISOString();
  const rows = await db.execute(sql`
    select 1 from target_range r
    where r.kind = ${kind} and (r.domain = ${domain} or numrange(r.lo, r.hi, '[]') @> ${number}::numeric)
      and r.tracked_from <= ${moment}::timestamptz
      and (r.tracked_to is null or r.tracked_to > ${moment}::timestamptz)
    limit 1`);
  return rows.length > 0;
}

async function listsFor(db: Handle, target: Target): Promise<string[]> {
  const rows = await db.execute<{ list_id: string }>(sql`
    select distinct list_id from list_version where definition -> 'accepts' ? ${target.kind} order by list_id`);
  return rows.map(({ list_id }) => list_id);
}
