import { sql } from 'drizzle-orm';
import { chunks, rowsOf } from '../db/rows.ts';
import type { Proof } from '../db/schema.ts';
import { countsOf } from '../scan/results.ts';
import type { Batch, Result, Run, Why } from '../scan/verdict.ts';
import type { ScannedBatch } from './before.ts';
import type { Extent } from './extent.ts';
import type { Transaction } from './locks.ts';
import type { Scan } from './scans.ts';

/** What a batch found in an extent. */
type Found = { results: Result[]; runs: Run[] };

/** Batches are joined to one row while what a row says of a moment is true to ten minutes, as proofs are. */
const longest = 600_000;

/**
 * Stores what batches of different lists covered: a row per kind, joined to the one before where nothing sets them apart.
 */
export async function insertCoverage(
  tx: Transaction,
  scan: Pick<Scan, 'id' | 'setId'>,
  batches: readonly ScannedBatch[],
): Promise<void> {
  const parts = batches.flatMap(({ batch, scanned, extents }) =>
    extents.map((extent) => ({ batch, scanned, extent, found: foundIn(batch, extent) })),
  );
  for (const some of chunks(parts)) {
    const ids = await cover(tx, scan, some.map(rowOf));
    const exceptions = some.flatMap(({ found }, place) => {
      const coverageId = ids.get(place);
      if (coverageId === undefined) throw new Error('coverage was not stored');
      return exceptionsOf(found).map((one) => ({ ...one, coverageId }));
    });
    for (const rows of chunks(exceptions))
      await tx.execute(sql`
        insert into exception (coverage_id, pos_from, pos_to, why, codes)
        select "coverageId", "posFrom", "posTo", why, codes
        from ${rowsOf(rows, { coverageId: 'bigint', posFrom: 'int', posTo: 'int', why: 'text', codes: 'text[]' })}`);
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

type Part = Pick<ScannedBatch, 'batch' | 'scanned'> & { extent: Extent; found: Found };
type Row = ReturnType<typeof rowOf>;

function rowOf({ batch, scanned, extent, found }: Part, place: number) {
  const { asked, listed, clean, unknown } = countsOf(found);
  return {
    place,
    list: batch.list,
    versionId: scanned.versionId,
    posFrom: extent.posFrom,
    posTo: extent.posTo,
    kind: extent.kind,
    firstAt: batch.firstAt.toISOString(),
    lastAt: batch.lastAt.toISOString(),
    path: batch.path,
    servers: [...batch.servers].sort(),
    proof: proofOf(found),
    why: sharedWhy(found),
    asked,
    listed,
    clean,
    unknown,
    controls: batch.controls,
  };
}

/** The ids of the rows that hold these now, by place. */
async function cover(
  tx: Transaction,
  { id: scanId, setId }: Pick<Scan, 'id' | 'setId'>,
  rows: readonly Row[],
): Promise<Map<number, number>> {
  const stored = await tx.execute<{ place: number; id: string }>(sql`
    with found as materialized (select * from ${rowsOf(rows, {
      place: 'int',
      list: 'text',
      versionId: 'bigint',
      posFrom: 'int',
      posTo: 'int',
      kind: 'text',
      firstAt: 'timestamptz',
      lastAt: 'timestamptz',
      path: 'text',
      servers: 'text[]',
      proof: 'text',
      why: 'text',
      asked: 'int',
      listed: 'int',
      clean: 'int',
      unknown: 'int',
      controls: 'jsonb',
    })}),
    joined as (
      update coverage c set pos_to = f."posTo", first_at = least(c.first_at, f."firstAt"),
        last_at = greatest(c.last_at, f."lastAt"),
        servers = array(select distinct s from unnest(c.servers || f.servers) s order by s),
        asked = c.asked + f.asked, listed = c.listed + f.listed, clean = c.clean + f.clean,
        unknown = c.unknown + f.unknown, controls = f.controls
      from found f
      where c.scan_id = ${scanId} and c.set_id = ${setId} and c.list_id = f.list and c.list_version_id = f."versionId"
        and c.pos_to = f."posFrom" and c.kind = f.kind and c.proof = f.proof
        and c.path is not distinct from f.path and c.why is not distinct from f.why
        and f."lastAt" - c.first_at between interval '0' and ${longest} * interval '1 ms'
        and cardinality(c.servers) <= 20
      returning f.place, c.id),
    fresh as (
      insert into coverage (scan_id, set_id, list_id, list_version_id, pos_from, pos_to, kind, first_at, last_at, path,
        servers, proof, why, asked, listed, clean, unknown, controls)
      select ${scanId}, ${setId}, list, "versionId", "posFrom", "posTo", kind, "firstAt", "lastAt", path,
        servers, proof, why, asked, listed, clean, unknown, controls
      from found where place not in (select place from joined)
      returning id, list_id, pos_from)
    select place, id from joined
    union all
    select f.place, fresh.id from fresh join found f on f.list = fresh.list_id and f."posFrom" = fresh.pos_from`);
  return new Map(stored.map(({ place, id }) => [place, Number(id)]));
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
