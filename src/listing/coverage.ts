import { and, eq, sql } from 'drizzle-orm';
import type { TargetKind } from '../catalogue/list.ts';
import { chunks } from '../db/rows.ts';
import { coverage, exception } from '../db/schema.ts';
import type { Batch, Result, Why } from '../scan/verdict.ts';
import type { Transaction } from './locks.ts';

/** A result at its position; a batch's positions of kinds that its list does not accept are left out. */
export type Placed = { position: number; kind: TargetKind; result: Result };

export type CoveredBy = { scanId: number; setId: number; listId: string; listVersionId: number };

/** Batches are joined to one row while what a row says of a moment is true to ten minutes, as proofs are. */
const longest = 600_000;

/** Stores what a batch covered: a row per kind, joined to the one before where nothing sets them apart. */
export async function insertCoverage(
  tx: Transaction,
  by: CoveredBy,
  batch: Batch,
  placed: readonly Placed[],
): Promise<void> {
  for (const run of runsOf(placed)) {
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) continue;
    const span = { posFrom: first.position, posTo: last.position + 1, kind: first.kind };
    const id = await coverRun(tx, by, batch, run, span);
    const rows = exceptionsOf(run).map((one) => ({ ...one, coverageId: id }));
    for (const some of chunks(rows)) await tx.insert(exception).values(some);
  }
}

/** Consecutive positions of one kind. */
function runsOf(placed: readonly Placed[]): Placed[][] {
  const runs: Placed[][] = [];
  for (const one of placed) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before?.kind === one.kind && before.position + 1 === one.position) run.push(one);
    else runs.push([one]);
  }
  return runs;
}

async function coverRun(
  tx: Transaction,
  by: CoveredBy,
  batch: Batch,
  run: readonly Placed[],
  span: { posFrom: number; posTo: number; kind: TargetKind },
): Promise<number> {
  const servers = [...new Set(run.flatMap(({ result }) => (result.server === null ? [] : [result.server])))].sort();
  const counts = countsOf(run);
  const row = {
    ...by,
    ...span,
    firstAt: batch.firstAt,
    lastAt: batch.lastAt,
    path: batch.path,
    servers,
    proof: proofOf(run),
    why: sharedWhy(run),
    controls: batch.controls,
  };
  const [joined] = await tx
    .update(coverage)
    .set({
      posTo: span.posTo,
      firstAt: sql`least(${coverage.firstAt}, ${batch.firstAt.toISOString()}::timestamptz)`,
      lastAt: sql`greatest(${coverage.lastAt}, ${batch.lastAt.toISOString()}::timestamptz)`,
      servers: sql`(select array_agg(distinct s order by s) from unnest(${coverage.servers} || ${sql.param(servers)}::text[]) s)`,
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

function countsOf(run: readonly Placed[]): { asked: number; listed: number; clean: number; unknown: number } {
  const count = (kind: Result['verdict']['kind']): number =>
    run.filter(({ result }) => result.verdict.kind === kind).length;
  return { asked: run.length, listed: count('listed'), clean: count('clean'), unknown: count('unknown') };
}

function proofOf(run: readonly Placed[]): 'proven' | 'unproven' | 'none' {
  const known = run.filter(({ result }) => result.verdict.kind !== 'unknown');
  if (known.length === 0) return 'none';
  return known.every(({ result }) => result.proven) ? 'proven' : 'unproven';
}

/** The reason of all, if all are unknown for the same. */
function sharedWhy(run: readonly Placed[]): Why | null {
  const whys = new Set(run.map(({ result }) => (result.verdict.kind === 'unknown' ? result.verdict.why : null)));
  const [why] = whys;
  return whys.size === 1 ? (why ?? null) : null;
}

type Exception = { posFrom: number; posTo: number; why: Why; codes: string[] };

/** The unknown ones of a run that is not unknown as a whole, neighbours with the same reason together. */
function exceptionsOf(run: readonly Placed[]): Exception[] {
  if (sharedWhy(run) !== null) return [];
  const found: Exception[] = [];
  for (const { position, result } of run) {
    if (result.verdict.kind !== 'unknown') continue;
    const { why, codes } = result.verdict;
    const last = found.at(-1);
    const same = last?.posTo === position && last.why === why && last.codes.join() === codes.join();
    if (last !== undefined && same) last.posTo = position + 1;
    else found.push({ posFrom: position, posTo: position + 1, why, codes });
  }
  return found;
}
