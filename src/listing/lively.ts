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
