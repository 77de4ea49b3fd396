import { and, eq, sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import { coverage, type Proof } from '../db/schema.ts';
import { countsOf } from '../scan/results.ts';
import type { Batch, Result, Run, Why } from '../scan/verdict.ts';
import type { Extent } from './extent.ts';
import type { Transaction } from './locks.ts';

type CoveredBy = { scanId: number; setId: number; listId: string; listVersionId: number };
/** What a batch found in an extent. */
type Found = { results: Result[]; runs: Run[] };

/** Batches are joined to one row while what a row says of a moment is true to ten minutes, as proofs are. */
const longest = 600_000;

/** Stores what a batch covered: a row per kind, joined to the one before where nothing sets them apart. */
export async function insertCoverage(
  tx: Transaction,
  by: CoveredBy,
  batch: Batch,
  extents: readonly Extent[],
): Promise<void> {
  for (const extent of extents) {
    const found = foundIn(batch, extent);
    const id = await cover(tx, by, batch, extent, found);
    const rows = exceptionsOf(found);
    for (const some of chunks(rows))
      await tx.execute(sql`
        insert into exception (coverage_id, pos_from, pos_to, why, codes)
        select ${id}, "posFrom", "posTo", why, codes
        from ${rowsOf(some, { posFrom: 'int', posTo: 'int', why: 'text', codes: 'text[]' })}`);
  }
}

function foundIn({ list, results, runs }: Batch, { posFrom, posTo }: Extent): Found {
  const found = {
    results: results.filter(({ position }) => posFrom <= position && position < posTo),
    runs: runs.filter((run) => posFrom <= run.posFrom && run.posTo <= posTo),
  };
  const { asked } = countsOf(found);
  if (asked === posTo - posFrom) return found;
  throw new Error(`${list}: a batch with ${asked} results of ${posTo - posFrom} targets`);
}

/** Gives the id of the row. */
async function cover(
  tx: Transaction,
  by: CoveredBy,
  batch: Batch,
  { kind, posFrom, posTo }: Extent,
  found: Found,
): Promise<number> {
  const { asked, listed, clean, unknown } = countsOf(found);
  const span = { posFrom, posTo, kind };
  const counts = { asked, listed, clean, unknown };
  const servers = [...batch.servers].sort();
  const row = {
    ...by,
    ...span,
    firstAt: batch.firstAt,
    lastAt: batch.lastAt,
    path: batch.path,
    servers,
    proof: proofOf(found),
    why: sharedWhy(found),
    controls: batch.controls,
  };
  const [joined] = await tx
    .update(coverage)
    .set({
      posTo: span.posTo,
      firstAt: sql`least(${coverage.firstAt}, ${batch.firstAt.toISOString()}::timestamptz)`,
      lastAt: sql`greatest(${coverage.lastAt}, ${batch.lastAt.toISOString()}::timestamptz)`,
      servers: sql`array(select distinct s from unnest(${coverage.servers} || ${sql.param(servers)}::text[]) s order by s)`,
      asked: sql`${coverage.asked} + ${counts.asked}`,
      listed: sql`${coverage.listed} + ${counts.listed}`,
      clean: sql`${coverage.clean} + ${counts.clean}`,
      unknown: sql`${coverage.unknown} + ${counts.unknown}`,
      controls: batch.controls,
    })
    .where(
      and(
        eq(coverage.scanId, by.scanId),
        eq(coverage.setId, by.setId),
        eq(coverage.listId, by.listId),
        eq(coverage.listVersionId, by.listVersionId),
        eq(coverage.posTo, span.posFrom),
        eq(coverage.kind, span.kind),
        eq(coverage.proof, row.proof),
        sql`${coverage.path} is not distinct from ${row.path}`,
        sql`${coverage.why} is not distinct from ${row.why}`,
        sql`${batch.lastAt.toISOString()}::timestamptz - ${coverage.firstAt} between interval '0' and ${longest} * interval '1 ms'`,
        sql`cardinality(${coverage.servers}) <= 20`,
      ),
    )
    .returning({ id: coverage.id });
  if (joined !== undefined) return joined.id;
  const [fresh] = await tx
    .insert(coverage)
    .values({ ...row, ...counts })
    .returning({ id: coverage.id });
  if (fresh === undefined) throw new Error('coverage was not stored');
  return fresh.id;
}

function proofOf({ results, runs }: Found): Proof {
  const known = [...results, ...runs].filter(({ verdict }) => verdict.kind !== 'unknown');
  if (known.length === 0) return 'none';
  return known.every(({ proven }) => proven) ? 'proven' : 'unproven';
}

/** The reason of all, if all are unknown for the same. */
function sharedWhy({ results, runs }: Found): Why | null {
  const whys = new Set([...results, ...runs].map(({ verdict }) => (verdict.kind === 'unknown' ? verdict.why : null)));
  const [why] = whys;
  return whys.size === 1 ? (why ?? null) : null;
}

type Exception = { posFrom: number; posTo: number; why: Why; codes: string[] };

/** The unknown ones of what is not unknown as a whole, neighbours with the same reason together. */
function exceptionsOf(found: Found): Exception[] {
  if (sharedWhy(found) !== null) return [];
  const single = found.results.map(({ position, verdict }) => ({ posFrom: position, posTo: position + 1, verdict }));
  const joined: Exception[] = [];
  for (const { posFrom, posTo, verdict } of [...single, ...found.runs].sort((a, b) => a.posFrom - b.posFrom)) {
    if (verdict.kind !== 'unknown') continue;
    const { why, codes } = verdict;
    const last = joined.at(-1);
    if (last?.posTo === posFrom && last.why === why && last.codes.join() === codes.join()) last.posTo = posTo;
    else joined.push({ posFrom, posTo, why, codes });
  }
  return joined;
}
