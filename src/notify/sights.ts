import { sql } from 'drizzle-orm';
import type { List } from '../catalogue/list.ts';
import type { Handle } from '../listing/locks.ts';
import type { Why } from '../scan/verdict.ts';
import type { Sight } from './sight.ts';

type Row = {
  list_id: string;
  asked_at: string;
  why: Why | null;
  told_at: string | null;
  told_in: string | null;
  silent_since: string | null;
};

/**
 * How the block lists were seen by the scans so far. A list that told something in its last scan is not silent.
 * An adaptive scan asks some lists only, so what it was told belongs to the scan before it: lists that told something in
 * the same scan for the last time belong together.
 */
export async function sightsOf(db: Handle, lists: readonly List[]): Promise<Sight[]> {
  const wanted = lists.filter(({ retired, polarity }) => retired === null && polarity === 'block');
  const byId = new Map(wanted.map((list) => [list.id, list]));
  const rows = await db.execute<Row>(sql`
    select l.list_id, last.last_at as asked_at, last.why, told.last_at as told_at, 
      coalesce((select max(s.id) from scan s where s.id <= told.scan_id and s.kind <> 'adaptive'), told.scan_id) as told_in,
      case when told.scan_id is distinct from last.scan_id then silent.first_at end as silent_since
    from unnest(${sql.param([...byId.keys()])}::text[]) as l(list_id)
    cross join lateral (
      select c.scan_id, c.last_at, c.why from coverage c where c.list_id = l.list_id order by c.id desc limit 1
    ) as last
    left join lateral (
      select c.id, c.scan_id, c.last_at from coverage c
      where c.list_id = l.list_id and c.proof <> 'none' order by c.id desc limit 1
    ) as told on true
    left join lateral (
      select c.first_at from coverage c
      where c.list_id = l.list_id and c.id > coalesce(told.id, 0) order by c.id limit 1
    ) as silent on true`);
  return rows.flatMap((row): Sight[] => {
    const list = byId.get(row.list_id);
    if (list === undefined) return [];
    return [
      {
        ...{ list: list.id, listName: list.name, operator: list.operator, impact: list.impact },
        askedAt: new Date(row.asked_at).toISOString(),
        toldAt: row.told_at === null ? null : new Date(row.told_at).toISOString(),
        toldIn: row.told_in === null ? null : Number(row.told_in),
        silentSince: row.silent_since === null ? null : new Date(row.silent_since).toISOString(),
        why: row.why,
      },
    ];
  });
}
