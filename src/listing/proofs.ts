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

/**
 * When it was seen last: no earlier than `at`. `every`: within a span that was merged of many scans, the seconds that
 * are never exceeded between two; null: `at` is the beginning of the batch that asked it, at most 10 minutes before.
 */
export type Seen = { at: string; proof: Proof; every: number | null };

/**
 * The latest coverage that says something of the target, of each query in its order; null: none. A target whose verdict
 * was unknown is not covered.
 */
export async function lastSeen(db: Handle, queries: readonly ProofQuery[]): Promise<(Seen | null)[]> {
  if (queries.length === 0) return [];
  const found = await db.execute<{ ordinal: number; at: string; proof: Proof; every: number | null }>(sql`
    select t.ordinal, c.at, c.proof, c.every
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
      select c.proof, seen.at, case when over.it is not true then c.max_gap end as every
      from coverage c
      left join exception e on e.coverage_id = c.id and e.pos_from <= place.pos and place.pos < e.pos_to
      cross join lateral (
        select coalesce(e.known_from, c.known_from, c.last_at) as since,
          coalesce(e.known_to, c.known_to, c.first_at) as last, t.before is null or c.last_at < t.before as it) as over
      cross join lateral (
        select case when over.it then over.last
          when over.since < t.before
            then least(over.last, greatest(c.first_at, t.before - c.max_gap * interval '1 s')) end as at) as seen
      where c.set_id = place.set_id and c.list_id = t.list and c.pos_from <= place.pos and place.pos < c.pos_to
        and c.why is null and (e.id is null or e.known_to is not null)
        and (not t.proven or c.proof = 'proven')
        and (t.before is null or c.first_at < t.before)
        and seen.at is not null
        and (t.after is null or seen.at >= t.after or (over.it and e.id is null and c.last_at >= t.after))
        and c.scan_id is distinct from t."notScan"
      order by c.first_at desc limit 1
    ) as c
    order by t.ordinal, c.at`);
  const latest: (Seen | null)[] = queries.map(() => null);
  for (const { ordinal, at, proof, every } of found) latest[ordinal] = { at: iso(at), proof, every };
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
