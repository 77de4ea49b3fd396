import { sql } from 'drizzle-orm';
import type { List, TargetKind } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import type { Target } from '../target.ts';
import { codesOf } from './changes.ts';
import type { ListedCode } from './state.ts';

/** What earlier scans tell the next round. */
export type Memory = {
  /** `list|kind` of listed controls that were seen to answer. */
  seenControls: Set<string>;
  /** Operators that answered when they were last asked. */
  workedBefore: Set<string>;
  /** The listing is open, so no part of a burst. */
  known(list: Pick<List, 'id'>, target: Target): boolean;
  /** The text of a listing is worth asking: its codes are new, or it is a week old. */
  txt(list: Pick<List, 'id'>, target: Target, codes: readonly string[]): boolean;
};

/** A list's text is asked again after this many milliseconds. */
const textKeeps = 7 * 86_400_000;
const rowsAtOnce = 2000;

type Open = { codes: string; reasonAt: Date | null };

export async function remember(db: Pick<Database, 'orm' | 'sql'>, lists: readonly List[], now: Date): Promise<Memory> {
  const ids = lists.map(({ id }) => id);
  const open = await openOf(db, ids);
  const operatorOf = new Map(lists.map(({ id, operator }) => [id, operator]));
  const worked = await lastWorked(db, ids);
  return {
    seenControls: await controlsSeen(db, ids),
    workedBefore: new Set(worked.flatMap((id) => operatorOf.get(id) ?? [])),
    known: (list, target) => open.has(`${list.id} ${target.text}`),
    txt(list, target, codes) {
      const known = open.get(`${list.id} ${target.text}`);
      if (known === undefined || known.reasonAt === null) return true;
      return known.codes !== [...codes].sort().join() || now.getTime() - known.reasonAt.getTime() > textKeeps;
    },
  };
}

/** In pieces: a hundred thousand rows at once would hold everybody else up. */
async function openOf(db: Pick<Database, 'sql'>, ids: string[]): Promise<Map<string, Open>> {
  const known = new Map<string, Open>();
  const open = db.sql<{ target: string; list: string; codes: ListedCode[]; reasonAt: Date | null }[]>`
    select target, list_id as list, codes, reason_at as "reasonAt"
    from listing where until is null and list_id = any(${ids})`;
  for await (const some of open.cursor(rowsAtOnce))
    for (const { target, list, codes, reasonAt } of some)
      known.set(`${list} ${target}`, { codes: codesOf(codes).sort().join(), reasonAt });
  return known;
}

/** The kind of a control is read from its name: 32 nibbles, four numbers, or a name. */
async function controlsSeen(db: Pick<Database, 'orm'>, ids: string[]): Promise<Set<string>> {
  const rows = await db.orm.execute<{ list_id: string; kind: TargetKind }>(sql`
    select distinct c.list_id,
      case when control ->> 'name' ~ '^([0-9a-f]\\.){32}' then 'ipv6'
        when control ->> 'name' ~ '^([0-9]{1,3}\\.){4}' then 'ipv4' else 'domain' end as kind
    from coverage c cross join jsonb_array_elements(c.controls) as control
    where c.list_id = any(${sql.param(ids)}::text[]) and control ->> 'role' = 'listed'
      and control ->> 'answered' like '127.%'`);
  return new Set(rows.map(({ list_id, kind }) => `${list_id}|${kind}`));
}

/** Lists of which something was known when they were last asked. */
async function lastWorked(db: Pick<Database, 'orm'>, ids: string[]): Promise<string[]> {
  const rows = await db.orm.execute<{ list_id: string }>(sql`
    select l.list_id from unnest(${sql.param(ids)}::text[]) as l(list_id)
    cross join lateral (
      select c.proof from coverage c where c.list_id = l.list_id order by c.id desc limit 1) as latest
    where latest.proof <> 'none'`);
  return rows.map(({ list_id }) => list_id);
}
