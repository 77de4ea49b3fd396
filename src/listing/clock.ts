import { sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';

/** Milliseconds that the clocks of several machines on one database may lie apart. */
const APART = 60_000;

/** The last time that was recorded, if it lies after `now`: the clock has jumped back. */
export async function recordedAfter(db: Pick<Database, 'orm'>, now: Date): Promise<Date | null> {
  const [row] = await db.orm.execute<{ last: number | null }>(sql`
    select (extract(epoch from greatest(
      (select max(started_at) from scan), (select max(ended_at) from scan), (select max(at) from change),
      (select max(last_at) from coverage where scan_id = (select max(id) from scan)))) * 1000)::float8 as last`);
  const last = row?.last ?? null;
  return last !== null && last > now.getTime() + APART ? new Date(last) : null;
}
