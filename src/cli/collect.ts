import type { List } from '../catalogue/list.ts';
import { ndjsonLine } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';
import {
  createTally,
  MANY,
  type Report,
  type ShownList,
  type ShownResult,
  shownList,
  type Tally,
} from '../output/report.ts';
import { allResults, countsOf } from '../scan/results.ts';
import type { RoundEvent } from '../scan/round.ts';
import type { Batch } from '../scan/verdict.ts';
import type { Targets } from '../targets/positions.ts';
import { turn } from '../turn.ts';
import { createKept, type Placed, resultsOf } from './kept.ts';
import type { World } from './world.ts';

export type Format = 'table' | 'json' | 'ndjson' | 'csv' | 'markdown' | 'nagios';
export const FORMATS: readonly Format[] = ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios'];

/** Lines written at once; a large batch holds nobody else up. */
const LINES = 500;

type CollectOptions = {
  lists: readonly List[];
  /** In the order to print. */
  targets: Targets;
  /** Lookups to come. */
  lookups: number;
  format: Format;
  /** Whether to print what is clean. */
  clean: boolean;
  progress: boolean;
  world: World;
};

export type Collector = {
  add(event: RoundEvent): Promise<void>;
  /** Removes the progress bar, so that something else can be printed. */
  pause(): void;
  tally: Tally;
  report(): Report;
};

/** Gathers what a round says; ndjson goes out as it comes, everything else at the end. */
export function createCollector({ lists, targets, format, world, ...options }: CollectOptions): Collector {
  const startedAt = world.now();
  const byId = new Map(lists.map((list) => [list.id, list]));
  const tally = createTally(targets.size);
  const kept = createKept(lists, targets);
  const reports: ShownList[] = [];
  const progress = createProgress(world, { lookups: options.lookups, shown: options.progress, lists });
  const wanted = wantedBy(format, options.clean);

  const addBatch = async (list: List, batch: Batch): Promise<void> => {
    // Of few targets each has its sentence at the end, so each clean counts for itself.
    const each = targets.size <= MANY ? { ...batch, results: [...allResults(batch, list, targets)], runs: [] } : batch;
    for (const run of each.runs) tally.addRun(list, run);
    const results = each.results
      .map((result) => ({ position: result.position, shown: tally.add(list, result) }))
      .filter(({ shown }) => wanted(shown));
    const wantedRuns = each.runs.filter(({ verdict }) => wanted({ verdict: verdict.kind }));
    const runs = wantedRuns.length === 0 ? null : { ...batch, results: [], runs: wantedRuns };
    if (format !== 'ndjson') return kept.keep({ list, results, runs });
    await write(results);
    if (runs !== null) await write(resultsOf(list, runs, targets));
  };

  const write = async (placed: Iterable<Placed>): Promise<void> => {
    let lines: string[] = [];
    for (const { shown } of placed) {
      lines.push(ndjsonLine('result', shown));
      if (lines.length < LINES) continue;
      world.out(lines.join(''));
      lines = [];
      await turn();
    }
    if (lines.length > 0) world.out(lines.join(''));
  };

  return {
    tally,
    pause: progress.clear,
    async add(event) {
      if (event.type === 'batch') {
        const { batch } = event;
        const list = byId.get(batch.list);
        if (list === undefined) return;
        if (format === 'ndjson') progress.clear();
        await addBatch(list, batch);
        progress.done(list, countsOf(batch), batch.why);
        return;
      }
      const report = shownList(event.report);
      reports.push(report);
      if (format === 'ndjson') world.out(ndjsonLine('list', report));
    },
    report() {
      const place = new Map(lists.map(({ id }, position) => [id, position]));
      reports.sort((one, other) => (place.get(one.id) ?? 0) - (place.get(other.id) ?? 0));
      const summary = tally.summary(targets.size, lists.length);
      return { startedAt, finishedAt: world.now(), results: kept.results, lists: reports, summary };
    },
  };
}

/** Whether a format prints a result; what it does not is only counted. */
function wantedBy(format: Format, clean: boolean): (result: Pick<ShownResult, 'verdict'>) => boolean {
  if (format === 'table' || format === 'nagios') return ({ verdict }) => verdict === 'listed';
  if (format === 'markdown' || !clean) return ({ verdict }) => verdict !== 'clean';
  return () => true;
}

/** How many lookups these lists make of these targets, without those that are covered. */
export function lookupsOf(
  lists: readonly List[],
  targets: Targets,
  covered: (list: List) => readonly [number, number][] = () => [],
): number {
  const ofKind = new Map<string, number>();
  for (const { kind, posFrom, posTo } of targets.kinds(0, targets.size))
    ofKind.set(kind, (ofKind.get(kind) ?? 0) + posTo - posFrom);
  return lists.reduce((sum, list) => {
    const all = list.accepts.reduce((of, kind) => of + (ofKind.get(kind) ?? 0), 0);
    return sum + all - covered(list).reduce((done, [from, to]) => done + to - from, 0);
  }, 0);
}
