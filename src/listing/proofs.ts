import { sql } from 'drizzle-orm';
import { rowsOf } from '../db/rows.ts';
import type { Proof } from '../db/schema.ts';
import type { Why } from '../scan/verdict.ts';
import type { Handle } from './locks.ts';
import { pointOf } from './ranges.ts';

/** Asks when a target was last seen on a list, from what scans covered. Times in ISO 8601; null: no bound. */
export type ProofQuery = {
  target: string;
  list: string;
  /** Begun at or after this. */
  after: string | null;
  /** Over before this. */
  before: string | null;
  /** Only proven coverage. */
  proven: boolean;
  /** Not what this scan saw. */
  notScan: number | null;
};

/** What was seen last: no later than `at` means no earlier than the beginning of its batch, at most 10 minutes before. */
export type Seen = { at: string; proof: Proof; scans: number; firstAt: string; lastAt: string; maxGap: number };

/**
 * The latest coverage that says something of the target, of each query in its order; null: none. A target whose verdict
 * was unknown is not covered.
 */
export async function lastSeen(db: Handle, queries: readonly ProofQuery[]): Promise<(Seen | null)[]> {
  if (queries.length === 0) return [];
  const found = await db.execute<Record<keyof Seen, string> & { ordinal: number }>(sql`
    select t.ordinal, c.proof, c.scans, c."firstAt", c."lastAt", c."maxGap", c.at
    from ${rowsOf(queries.map(toRow), {
      ordinal: 'int',
      kind: 'text',
      value: 'numeric',
      domain: 'text',
      list: 'text',
      after: 'timestamptz',
      before: 'timestamptz',
      proven: 'boolean',
      notScan: 'bigint',
    })}
    cross join lateral (
      select p.set_id, p.pos_from + coalesce(t.value - p.lo, 0)::int as pos
      from target_set_part p
      where p.kind = t.kind and t.kind <> 'domain' and numrange(p.lo, p.hi, '[]') @> t.value
      union all
      select p.set_id, p.pos_from from target_set_part p where t.kind = 'domain' and p.domain = t.domain
    ) as place
    cross join lateral (
      select c.proof, c.scans, c.first_at as "firstAt", c.last_at as "lastAt", c.max_gap as "maxGap",
        case when c.scans > 1 then least(c.last_at, t.before) else c.first_at end as at
      from coverage c
      where c.set_id = place.set_id and c.list_id = t.list and c.pos_from <= place.pos and place.pos < c.pos_to
        and c.why is null
        and (not t.proven or c.proof = 'proven')
        and (t.after is null or c.last_at >= t.after)
        and (t.before is null or c.last_at < t.before or (c.scans > 1 and c.first_at <= t.before))
        and c.scan_id is distinct from t."notScan"
        and not exists (
          select from exception e
          where e.coverage_id = c.id and e.pos_from <= place.pos and place.pos < e.pos_to)
      order by c.first_at desc limit 1
    ) as c
    order by t.ordinal, c.at`);
  const latest: (Seen | null)[] = queries.map(() => null);
  for (const row of found) {
    latest[row.ordinal] = {
      at: iso(row.at),
      proof: row.proof as Proof,
      scans: Number(row.scans),
      firstAt: iso(row.firstAt),
      lastAt: iso(row.lastAt),
      maxGap: Number(row.maxGap),
    };
  }
  return latest;
}

/** Why the target could not be judged when it was last asked; null: it could, or was never asked. */
export async function lastUnknown(db: Handle, target: string, list: string, before: string): Promise<Why | null> {
  const point = pointOf(target);
  const rows = await db.execute<{ why: Why | null }>(sql`
    select coalesce(c.why, e.why) as why
    from target_set_part p
    join coverage c on c.set_id = p.set_id and c.list_id = ${list} and c.first_at <= ${before}::timestamptz
      and int4range(c.pos_from, c.pos_to) @> p.pos_from + coalesce(${point.value?.toString() ?? null}::numeric - p.lo, 0)::int
    left join exception e on e.coverage_id = c.id
      and int4range(e.pos_from, e.pos_to) @> p.pos_from + coalesce(${point.value?.toString() ?? null}::numeric - p.lo, 0)::int
    where p.kind = ${point.kind}
      and (p.domain = ${point.domain} or numrange(p.lo, p.hi, '[]') @> ${point.value?.toString() ?? null}::numeric)
    order by c.first_at desc limit 1`);
  return rows[0]?.why ?? null;
}

function toRow(query: ProofQuery, ordinal: number) {
  const { kind, value, domain } = pointOf(query.target);
  return { ...query, ordinal, kind, value: value?.toString() ?? null, domain };
}

/** drizzle's client gives timestamps as PostgreSQL writes them. */
function iso(timestamp: string): string {
  return new Date(timestamp).toISOString();
}
