import { sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { rangeOf, type TargetRange } from '../target.ts';
import { firstOfEach, type Grain, networksOf } from '../targets/networks.ts';
import { intersectRanges, mergeRanges, subtractRanges } from '../targets/ranges.ts';
import type { Scan } from './scans.ts';

/**
 * What of the tracked targets is to be asked one by one, for a scan has asked about another target of its network and was
 * not told that it is clean: it is listed, or unknown for a reason of its own. Where the list as a whole could not be
 * asked, nothing was learnt, and nothing is marked.
 * @param most Networks at most; the next scan finds the others still to do.
 */
export async function markedBy(
  db: Pick<Database, 'orm'>,
  { id, setId, targets }: Pick<Scan, 'id' | 'setId' | 'targets'>,
  { list, grain, most }: { list: string; grain: Grain; most: number },
  tracked: readonly TargetRange[],
): Promise<TargetRange[]> {
  const asked = mergeRanges(targets.spans(0, targets.size).map(({ range }) => range));
  const suspects = mergeRanges([...(await unknownIn(db, { id, setId, targets }, list)), ...(await listedOn(db, list))]);
  const marked = networksOf(intersectRanges(suspects, asked), grain);
  const rest = subtractRanges(intersectRanges(mergeRanges(tracked), marked), asked);
  return intersectRanges(rest, networksOf(firstOfEach(rest, grain).slice(0, most), grain));
}

async function unknownIn(
  db: Pick<Database, 'orm'>,
  { id, setId, targets }: Pick<Scan, 'id' | 'setId' | 'targets'>,
  list: string,
): Promise<TargetRange[]> {
  const rows = await db.orm.execute<{ from: number; to: number }>(sql`
    select coalesce(e.pos_from, c.pos_from) as "from", coalesce(e.pos_to, c.pos_to) as "to"
    from coverage c left join exception e on e.coverage_id = c.id
    where c.scan_id = ${id} and c.set_id = ${setId} and c.list_id = ${list}
      and coalesce(e.why, c.why) is not null and coalesce(e.why, c.why) not like 'list-%'
      and coalesce(e.why, c.why) not in ('budget', 'network')`);
  return rows.flatMap(({ from, to }) => targets.spans(from, to).map(({ range }) => range));
}

async function listedOn(db: Pick<Database, 'orm'>, list: string): Promise<TargetRange[]> {
  const rows = await db.orm.execute<{ target: string }>(sql`
    select target from listing where list_id = ${list} and until is null
    union
    select target from pending where list_id = ${list} and kind = 'listed'`);
  return rows.map(({ target }) => rangeOf(target));
}
