import { sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import type { Why } from '../scan/verdict.ts';
import { LONGEST_GAP, type Missed } from './known.ts';
import type { Transaction } from './locks.ts';
import { type Merged, mergePieces, type Piece } from './spans.ts';

/** Rows of coverage that are merged in one transaction, roughly; those of one scan at least. */
const ROWS = 5000;

/**
 * Merges what the oldest scans that ended before a moment covered, with each other and with the spans that are there.
 * null: no such scan is left.
 */
export async function mergeScans(
  tx: Transaction,
  before: Date,
): Promise<{ scans: number; rows: number; changes: 0 } | null> {
  const fresh = await noteTotals(tx, before);
  if (fresh.size === 0) return null;
  const stored = await piecesOf(tx, fresh);
  const cuts = await cutsOf(tx, stored);
  const merged = [...Map.groupBy(stored, ({ setId, listId }) => `${setId} ${listId}`).values()].flatMap((pieces) =>
    mergePieces(pieces, fresh, cuts.get(pieces[0]?.listId ?? '') ?? []),
  );
  const changed = merged.filter(({ gone }) => gone.length > 0);
  await store(tx, changed);
  return { scans: fresh.size, rows: changed.reduce((sum, { gone }) => sum + gone.length, 0), changes: 0 };
}

/** Notes on the scans what they came to, which marks them as merged. Gives their ids. */
async function noteTotals(tx: Transaction, before: Date): Promise<Set<number>> {
  const rows = await tx.execute<{ id: string }>(sql`
    with old as (
      select s.id, c.* from scan s
      cross join lateral (
        select count(*) as rows, coalesce(sum(pos_to - pos_from), 0) as positions, coalesce(sum(listed), 0) as listed,
          coalesce(sum(clean), 0) as clean, coalesce(sum(unknown), 0) as unknown
        from coverage where scan_id = s.id
      ) c
      where s.totals is null and s.state <> 'running' and s.ended_at < ${before.toISOString()}::timestamptz
      order by s.id limit 500
    ), counted as (
      select *, sum(rows) over (order by id) - rows as rows_before from old
    )
    update scan set totals = jsonb_build_object(
      'positions', counted.positions, 'listed', counted.listed, 'clean', counted.clean, 'unknown', counted.unknown)
    from counted where scan.id = counted.id and counted.rows_before < ${ROWS}
    returning scan.id`);
  return new Set(rows.map(({ id }) => Number(id)));
}

type Stored = Piece & { setId: number; listId: string };

/** What these scans covered, and the spans that it may lengthen. */
async function piecesOf(tx: Transaction, fresh: ReadonlySet<number>): Promise<Stored[]> {
  const ids = sql`${sql.param([...fresh])}::bigint[]`;
  const rows = await tx.execute<Record<string, unknown>>(sql`
    with fresh as (select set_id, list_id, min(first_at) as first_at from coverage where scan_id = any(${ids}) group by 1, 2)
    select c.id, c.scan_id, c.set_id, c.list_id, c.pos_from, c.pos_to, c.servers, c.scans, c.max_gap,
      c.asked, c.listed, c.clean, c.unknown,
      json_build_array(c.list_version_id, c.kind, c.proof, c.why, c.path)::text as outcome,
      ${ms('c.first_at')} as first_at, ${ms('c.last_at')} as last_at,
      ${ms('coalesce(c.known_from, c.last_at)')} as known_from, ${ms('coalesce(c.known_to, c.first_at)')} as known_to
    from coverage c join fresh f on f.set_id = c.set_id and f.list_id = c.list_id
    left join scan s on s.id = c.scan_id
    where c.scan_id = any(${ids})
      or (s.totals is not null and c.last_at >= f.first_at - ${LONGEST_GAP} * interval '1 ms')
    for update of c`);
  const missed = await missedOf(
    tx,
    rows.map(({ id }) => Number(id)),
  );
  return rows.map((row) => ({
    id: Number(row.id),
    scanId: Number(row.scan_id),
    setId: Number(row.set_id),
    listId: String(row.list_id),
    posFrom: Number(row.pos_from),
    posTo: Number(row.pos_to),
    outcome: String(row.outcome),
    servers: row.servers as string[],
    firstAt: Number(row.first_at),
    lastAt: Number(row.last_at),
    knownFrom: Number(row.known_from),
    knownTo: Number(row.known_to),
    scans: Number(row.scans),
    maxGap: Number(row.max_gap),
    counts: {
      asked: Number(row.asked),
      listed: Number(row.listed),
      clean: Number(row.clean),
      unknown: Number(row.unknown),
    },
    missed: missed.get(Number(row.id)) ?? [],
  }));
}

/** Milliseconds since 1970. */
const ms = (time: string) => sql.raw(`round(extract(epoch from ${time}) * 1000)::bigint`);

async function missedOf(tx: Transaction, ids: readonly number[]): Promise<Map<number, Missed[]>> {
  const found = new Map<number, Missed[]>();
  for (const some of chunks(ids)) {
    const rows = await tx.execute<Record<string, unknown>>(sql`
      select coverage_id, pos_from, pos_to, why, codes, ${ms('known_from')} as known_from, ${ms('known_to')} as known_to
      from exception where coverage_id = any(${sql.param(some)}::bigint[]) order by coverage_id, pos_from`);
    for (const row of rows) {
      const known = row.known_to === null ? null : { from: Number(row.known_from), to: Number(row.known_to) };
      const own = found.get(Number(row.coverage_id)) ?? [];
      own.push({
        posFrom: Number(row.pos_from),
        posTo: Number(row.pos_to),
        why: row.why as Why,
        codes: row.codes as string[],
        known,
      });
      found.set(Number(row.coverage_id), own);
    }
  }
  return found;
}

/**
 * Moments by list that no span may hold: the end of a listing without a clean, after which nothing is known until the
 * next verdict; and the first clean of what waits to be delisted, up to which it was on the list.
 */
async function cutsOf(tx: Transaction, stored: readonly Stored[]): Promise<Map<string, number[]>> {
  const lists = [...new Set(stored.map(({ listId }) => listId))];
  const rows = await tx.execute<{ list_id: string; at: string }>(sql`
    select list_id, ${ms('until')} as at from listing
    where ended_by <> 'delisted' and list_id = any(${sql.param(lists)}::text[])
    union
    select list_id, ${ms("coalesce(daily ->> 'firstAt', run ->> 'firstAt')::timestamptz")} from pending
    where kind = 'delisted' and list_id = any(${sql.param(lists)}::text[])`);
  const cuts = new Map<string, number[]>();
  for (const { list_id, at } of rows) cuts.set(list_id, [...(cuts.get(list_id) ?? []), Number(at)]);
  return cuts;
}

async function store(tx: Transaction, changed: readonly Merged[]): Promise<void> {
  const gone = changed.flatMap((one) => one.gone);
  for (const some of chunks(gone))
    await tx.execute(sql`delete from coverage where id = any(${sql.param(some)}::bigint[])`);
  const rows = changed.map(({ piece }) => ({
    ...{ id: piece.id, scanId: piece.scanId, posFrom: piece.posFrom, posTo: piece.posTo, servers: piece.servers },
    ...{ firstAt: iso(piece.firstAt), lastAt: iso(piece.lastAt), scans: piece.scans, maxGap: piece.maxGap },
    knownFrom: piece.scans > 1 ? iso(piece.knownFrom) : null,
    knownTo: piece.scans > 1 ? iso(piece.knownTo) : null,
    ...piece.counts,
  }));
  for (const some of chunks(rows)) {
    await tx.execute(sql`
      delete from exception where coverage_id = any(${sql.param(some.map(({ id }) => id))}::bigint[])`);
    await tx.execute(sql`
      update coverage set scan_id = t."scanId", pos_from = t."posFrom", pos_to = t."posTo", servers = t.servers,
        first_at = t."firstAt", last_at = t."lastAt", known_from = t."knownFrom", known_to = t."knownTo",
        scans = t.scans, max_gap = t."maxGap", asked = t.asked, listed = t.listed, clean = t.clean, unknown = t.unknown
      from ${rowsOf(some, {
        id: 'bigint',
        scanId: 'bigint',
        posFrom: 'int',
        posTo: 'int',
        servers: 'text[]',
        firstAt: 'timestamptz',
        lastAt: 'timestamptz',
        knownFrom: 'timestamptz',
        knownTo: 'timestamptz',
        scans: 'int',
        maxGap: 'int',
        asked: 'int',
        listed: 'int',
        clean: 'int',
        unknown: 'int',
      })}
      where coverage.id = t.id`);
  }
  const missed = changed.flatMap(({ piece }) =>
    piece.missed.map(({ posFrom, posTo, why, codes, known }) => ({
      ...{ id: piece.id, posFrom, posTo, why, codes },
      knownFrom: known === null ? null : iso(known.from),
      knownTo: known === null ? null : iso(known.to),
    })),
  );
  for (const some of chunks(missed))
    await tx.execute(sql`
      insert into exception (coverage_id, pos_from, pos_to, why, codes, known_from, known_to)
      select id, "posFrom", "posTo", why, codes, "knownFrom", "knownTo"
      from ${rowsOf(some, {
        id: 'bigint',
        posFrom: 'int',
        posTo: 'int',
        why: 'text',
        codes: 'text[]',
        knownFrom: 'timestamptz',
        knownTo: 'timestamptz',
      })}`);
}

const iso = (at: number): string => new Date(at).toISOString();
