import { sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { rangeOf, type TargetRange } from '../target.ts';
import { NEIGHBOURS, networksOf } from '../targets/networks.ts';
import { intersectRanges, mergeRanges } from '../targets/ranges.ts';
import type { Tracked } from './tracked.ts';

/**
 * What of the tracked targets is not quiet: what is new since a moment, and the neighbours of all that was on any list,
 * or about to be, since another.
 */
export async function livelyOf(
  db: Pick<Database, 'orm'>,
  tracked: readonly Pick<Tracked, 'range' | 'trackedFrom'>[],
  since: { tracked: Date; listed: Date },
): Promise<TargetRange[]> {
  const rows = await db.orm.execute<{ target: string }>(sql`
    select distinct target from listing where until is null or until > ${since.listed.toISOString()}::timestamptz
    union
    select target from pending`);
  const around = networksOf(
    rows.map(({ target }) => rangeOf(target)),
    NEIGHBOURS,
  );
  const all = mergeRanges(tracked.map(({ range }) => range));
  const fresh = tracked.filter(({ trackedFrom }) => trackedFrom > since.tracked).map(({ range }) => range);
  return mergeRanges([...intersectRanges(all, around), ...fresh]);
}

/**
 * Lists that a scan of a schedule, from this one on, had something of: answers, or a reason not to ask again at once. The
 * others are new, or were not to be reached.
 */
export async function heardSince(
  db: Pick<Database, 'orm'>,
  { schedule, scan }: { schedule: string; scan: number },
): Promise<Set<string>> {
  const rows = await db.orm.execute<{ list_id: string }>(sql`
    select distinct c.list_id from coverage c join scan s on s.id = c.scan_id
    where s.id >= ${scan} and s.schedule = ${schedule}
      and (c.why is null or c.why not in ('list-unreachable', 'network', 'timeout', 'servfail'))`);
  return new Set(rows.map(({ list_id }) => list_id));
}
