import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import type { ScanKind, ScanState } from '../db/schema.ts';

/** One scan for a person; counts are of lookups. `share`: of what it is to ask, 0 to 1. */
export type ScanRecord = {
  id: number;
  kind: ScanKind;
  schedule: string | null;
  state: ScanState;
  startedAt: string;
  endedAt: string | null;
  targets: number;
  lists: number;
  share: number;
  listed: number;
  clean: number;
  unknown: number;
  changes: number;
};

/** The latest scans, newest first. */
export function latestScans(db: Pick<Database, 'orm'>, most: number): Promise<ScanRecord[]> {
  return records(db, sql`true`, most);
}

/** These scans, newest first. */
export function scansWithIds(db: Pick<Database, 'orm'>, ids: readonly number[]): Promise<ScanRecord[]> {
  return records(db, sql`s.id = any(${sql.param(ids)}::bigint[])`, ids.length);
}

async function records(db: Pick<Database, 'orm'>, which: SQL, most: number): Promise<ScanRecord[]> {
  // A list that takes no target of the set is covered by nothing, so the share is of the positions that lists reached;
  // of an adaptive scan, where each has targets of its own, of the lists.
  const rows = await db.orm.execute<Record<string, string | number | null>>(sql`
    select s.id::int, s.kind, s.schedule, s.state, t.size as targets, cardinality(s.list_ids) as lists,
      to_char(s.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "startedAt",
      to_char(s.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "endedAt",
      case when s.state = 'finished' then 1
        when s.kind = 'adaptive' then coalesce(c.lists, 0)::float / cardinality(s.list_ids)
        else least(1, coalesce((s.totals -> 'positions')::float, c.positions, 0) / greatest(1, t.size::bigint * cardinality(s.list_ids))) end as share,
      coalesce((s.totals -> 'listed')::int, c.listed, 0)::int as listed,
      coalesce((s.totals -> 'clean')::int, c.clean, 0)::int as clean,
      coalesce((s.totals -> 'unknown')::int, c.unknown, 0)::int as unknown,
      (select count(*)::int from change where scan_id = s.id) as changes
    from scan s
    join target_set t on t.id = s.set_id
    left join lateral (
      select sum(pos_to - pos_from) as positions, count(distinct list_id) as lists, sum(listed) as listed, sum(clean) as clean, sum(unknown) as unknown
      from coverage where scan_id = s.id
    ) c on true
    where ${which}
    order by s.id desc limit ${most}`);
  return [...rows] as unknown as ScanRecord[];
}
