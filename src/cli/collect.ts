import type { List } from '../catalogue/list.ts';
import { ndjsonLine } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';
import { createTally, type Report, type ShownList, type ShownResult, shownList, type Tally } from '../output/report.ts';
import { allResults, countsOf } from '../scan/results.ts';
import type { RoundEvent } from '../scan/round.ts';
import type { Batch, Result } from '../scan/verdict.ts';
import type { Targets } from '../targets/positions.ts';
import type { World } from './world.ts';

export type Format = 'table' | 'json' | 'ndjson' | 'csv' | 'markdown' | 'nagios';
export const FORMATS: readonly Format[] = ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios'];

/** With more targets, cleans that are not printed are only counted. */
const EACH_UP_TO = 1000;

type CollectOptions = {
  lists: readonly List[];
  /** In the order to print. */
  targets: Targets;
  /** Lookups to come, for the progress bar. */
  lookups: number;
  format: Format;
  /** Whether to print what is clean. */
  clean: boolean;
  progress: boolean;
  world: World;
};

export type Collector = {
  add(event: RoundEvent): void;
  /** Removes the progress bar, so that something else can be printed. */
  pause(): void;
  tally: Tally;
  report(): Report;
};

/** Gathers what a round says; ndjson goes out as it comes, everything else at the end. */
export function createCollector(options: CollectOptions): Collector {
  const { lists, targets, format, world } = options;
  const startedAt = world.now();
  const byId = new Map(lists.map((list) => [list.id, list]));
  const tally = createTally();
  const results: ShownResult[] = [];
  const reports: ShownList[] = [];
  const resultsOf = (batch: Batch, list: List): Iterable<Result> => {
    if (options.clean || targets.size <= EACH_UP_TO) return allResults(batch, list, targets);
    tally.addCleans(list, countsOf({ ...batch, results: [] }));
    return allResults({ ...batch, runs: batch.runs.filter(({ verdict }) => verdict.kind !== 'clean') }, list, targets);
  };
  const progress = createProgress(world.err, options.lookups, world.errIsTerminal && options.progress);
  return {
    tally,
    pause: progress.end,
    add(event) {
      if (event.type === 'list') {
        const report = shownList(event.report);
        reports.push(report);
        if (format === 'ndjson') world.out(ndjsonLine('list', report));
        return;
      }
      const list = byId.get(event.batch.list);
      if (list === undefined) return;
      for (const result of resultsOf(event.batch, list)) {
        const shown = tally.add(list, result);
        if (!options.clean && shown.verdict === 'clean') continue;
        if (format === 'ndjson') world.out(ndjsonLine('result', shown));
        else results.push(shown);
      }
      progress.done(countsOf(event.batch).asked);
    },
    report() {
      const place = new Map(lists.map(({ id }, position) => [id, position]));
      const listAt = (id: string): number => place.get(id) ?? 0;
      const order = placesOf(results, targets);
      const targetAt = ({ target }: ShownResult): number => order.get(target) ?? 0;
      results.sort((one, other) => targetAt(one) - targetAt(other) || listAt(one.list) - listAt(other.list));
      reports.sort((one, other) => listAt(one.id) - listAt(other.id));
      const summary = tally.summary(targets.size, lists.length);
      return { startedAt, finishedAt: world.now(), results, lists: reports, summary };
    },
  };
}

/** The place of each target that has a result to print. */
function placesOf(results: readonly ShownResult[], targets: CollectOptions['targets']): Map<string, number> {
  const places = new Map(results.map(({ target }) => [target, 0]));
  for (let position = 0; places.size > 0 && position < targets.size; position += 1) {
    const { text } = targets.at(position);
    if (places.has(text)) places.set(text, position);
  }
  return places;
}

/** How many lookups these lists make of these targets. */
export function lookupsOf(lists: readonly List[], targets: Targets): number {
  const ofKind = new Map<string, number>();
  for (const { range, posFrom, posTo } of targets.spans(0, targets.size))
    ofKind.set(range.kind, (ofKind.get(range.kind) ?? 0) + posTo - posFrom);
  return lists.reduce((sum, { accepts }) => sum + accepts.reduce((of, kind) => of + (ofKind.get(kind) ?? 0), 0), 0);
}
