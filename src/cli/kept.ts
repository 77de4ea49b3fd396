import type { List } from '../catalogue/list.ts';
import { type ShownResult, shownResult } from '../output/report.ts';
import { allResults } from '../scan/results.ts';
import type { Batch } from '../scan/verdict.ts';
import type { Targets } from '../targets/positions.ts';

/** A result at the position of its target. */
export type Placed = { position: number; shown: ShownResult };

/** What a batch left to print: results, and runs, whose results are made when they are read. */
type Left = { list: List; results: readonly Placed[]; runs: Batch | null };

/** Results to print at the end, as few bytes as they need. Batches of a list come in the order of their positions. */
export type Kept = {
  keep(left: Left): void;
  /** By target, then by list, both in the order given; may be read again. */
  results: Iterable<ShownResult>;
};

export function createKept(lists: readonly List[], targets: Targets): Kept {
  const byList = new Map<string, Left[]>(lists.map(({ id }) => [id, []]));
  return {
    keep: (left) => void byList.get(left.list.id)?.push(left),
    results: {
      *[Symbol.iterator]() {
        const each = [...byList.values()].map((parts) => partsInOrder(parts, targets));
        for (const { shown } of merged(each)) yield shown;
      },
    },
  };
}

function* partsInOrder(parts: readonly Left[], targets: Targets): Generator<Placed> {
  for (const { list, results, runs } of parts) {
    if (runs === null) yield* results;
    else yield* merged([results, resultsOf(list, runs, targets)]);
  }
}

/** The results of a batch in the words of the contract. */
export function* resultsOf(list: List, batch: Batch, targets: Targets): Generator<Placed> {
  for (const result of allResults(batch, list, targets))
    yield { position: result.position, shown: shownResult(list, result) };
}

/** Several sequences by position as one; of the same position, the earlier sequence first. */
function* merged(sequences: readonly Iterable<Placed>[]): Generator<Placed> {
  const iterators = sequences.map((sequence) => sequence[Symbol.iterator]());
  const heads = iterators.map((iterator) => iterator.next());
  for (;;) {
    let least = -1;
    let position = Number.POSITIVE_INFINITY;
    for (let at = 0; at < heads.length; at += 1) {
      const head = heads[at];
      if (head === undefined || head.done === true || head.value.position >= position) continue;
      position = head.value.position;
      least = at;
    }
    const head = heads[least];
    const iterator = iterators[least];
    if (head === undefined || head.done === true || iterator === undefined) return;
    yield head.value;
    heads[least] = iterator.next();
  }
}
