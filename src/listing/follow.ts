import { sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';

/** A target and a list that it is on, or about to be on or off. */
export type Pair = { target: string; listId: string };

/**
 * What is listed or waits to be, on these lists, the most urgent first: what a removal was requested of, what waits for
 * another verdict, then what was listed last.
 */
export async function pairsToFollow(db: Pick<Database, 'orm'>, lists: readonly string[]): Promise<Pair[]> {
  const rows = await db.orm.execute<Pair>(sql`
    select target, "listId" from (
      select l.target, l.list_id as "listId", l.since,
        exists (select from removal r where r.listing_id = l.id and r.withdrawn_at is null) as requested,
        exists (select from pending p where p.target = l.target and p.list_id = l.list_id) as waits
      from listing l where l.until is null
      union all
      select p.target, p.list_id, (p.run ->> 'firstAt')::timestamptz, false, true from pending p where p.kind = 'listed'
    ) as open
    where "listId" = any(${sql.param([...lists])}::text[])
    order by requested desc, waits desc, since desc, target, "listId"`);
  return [...rows];
}
