import type { List } from '../catalogue/list.ts';
import { namesToAsk, queryName, type Target } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { type Batch, NOT_ASKED, type Result, type Run } from './verdict.ts';

/** Reads batches: one result, all of them, or how many of each. */

/** The Result of a target in a run of the batch, with its evidence; null where the position is in none. */
export function resultAt(batch: Batch, list: List, targets: Targets, position: number): Result | null {
  const run = runAt(batch.runs, position);
  return run === null ? null : resultIn(batch, run, list, targets.at(position), position);
}

/** Every Result of the batch by position: for few targets only. */
export function* allResults(batch: Batch, list: List, targets: Targets): Iterable<Result> {
  let next = 0;
  for (const result of batch.results) {
    for (; (batch.runs[next]?.posFrom ?? Number.POSITIVE_INFINITY) < result.position; next += 1)
      yield* resultsIn(batch, batch.runs[next], list, targets);
    yield result;
  }
  for (; next < batch.runs.length; next += 1) yield* resultsIn(batch, batch.runs[next], list, targets);
}

export type Counts = { asked: number; listed: number; clean: number; unproven: number; unknown: number };

/** `clean` are all, proven or not. */
export function countsOf({ results, runs }: { results: readonly Result[]; runs: readonly Run[] }): Counts {
  const counts: Counts = { asked: 0, listed: 0, clean: 0, unproven: 0, unknown: 0 };
  const add = ({ verdict, proven }: Pick<Result, 'verdict' | 'proven'>, targets: number): void => {
    counts.asked += targets;
    counts[verdict.kind] += targets;
    if (verdict.kind === 'clean' && !proven) counts.unproven += targets;
  };
  for (const result of results) add(result, 1);
  for (const run of runs) add(run, run.posTo - run.posFrom);
  return counts;
}

/** A result of which nothing is known yet. */
export function blank(
  list: List,
  { target, position, path, at }: { target: Target; position: number; path: Result['path']; at: Date },
): Result {
  return {
    position,
    target: target.text,
    list: list.id,
    verdict: { kind: 'clean' },
    proven: false,
    reason: null,
    reasonAt: null,
    ttl: null,
    path,
    server: null,
    asked: null,
    rcode: null,
    addresses: [],
    at,
  };
}

function runAt(runs: readonly Run[], position: number): Run | null {
  let low = 0;
  let high = runs.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const run = runs[middle];
    if (run === undefined) return null;
    if (position < run.posFrom) high = middle - 1;
    else if (position >= run.posTo) low = middle + 1;
    else return run;
  }
  return null;
}

function* resultsIn(batch: Batch, run: Run | undefined, list: List, targets: Targets): Iterable<Result> {
  if (run === undefined) return;
  for (let position = run.posFrom; position < run.posTo; position += 1)
    yield resultIn(batch, run, list, targets.at(position), position);
}

function resultIn(batch: Batch, { verdict, proven }: Run, list: List, target: Target, position: number): Result {
  const at = position - batch.posFrom;
  const { traces, firstAt, path } = batch;
  const result = { ...blank(list, { target, position, path, at: firstAt }), verdict, proven };
  const rcode = traces?.rcode[at] ?? NOT_ASKED;
  if (traces === null || rcode === NOT_ASKED) return result;
  const ttl = traces.ttl[at] ?? -1;
  const [name = target.text] = namesToAsk(target, list);
  return {
    ...result,
    ttl: ttl < 0 ? null : ttl,
    server: batch.servers[traces.server[at] ?? 0] ?? null,
    asked: queryName({ kind: target.kind, text: name }, list.zone),
    rcode: rcode === 3 ? 'NXDOMAIN' : 'NOERROR',
    at: new Date(firstAt.getTime() + (traces.after[at] ?? 0)),
  };
}
