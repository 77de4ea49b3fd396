import { sql } from 'drizzle-orm';
import type { Handle } from '../listing/locks.ts';
import { pointOf } from '../listing/ranges.ts';

/** What a target is called, and its tags; of one that is tracked no more, those it had last. */
export type Owner = { label: string | null; tags: string[] };

const NOBODY: Owner = { label: null, tags: [] };

export async function ownersOf(db: Handle, targets: readonly string[]): Promise<(target: string) => Owner> {
  const points = [...new Set(targets)].map((target) => {
    const { kind, value, domain } = pointOf(target);
    return { target, kind, value: value?.toString() ?? null, domain };
  });
  const rows = await db.execute<{ target: string; label: string | null; tags: string[] }>(sql`
    select t.target, owner.label, owner.tags
    from jsonb_to_recordset(${JSON.stringify(points)}::text::jsonb)
      as t(target text, kind text, value numeric, domain text)
    cross join lateral (
      select label, tags from (
        select r.label, r.tags, r.tracked_to, r.id from target_range r
        where r.kind = t.kind and t.kind <> 'domain' and numrange(r.lo, r.hi, '[]') @> t.value
        union all
        select r.label, r.tags, r.tracked_to, r.id from target_range r where t.kind = 'domain' and r.domain = t.domain
      ) as found
      order by tracked_to desc nulls first, id desc limit 1
    ) as owner`);
  const byTarget = new Map(rows.map(({ target, label, tags }) => [target, { label, tags }]));
  return (target) => byTarget.get(target) ?? NOBODY;
}
