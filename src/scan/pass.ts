import type { TargetKind } from '../catalogue/list.ts';
import type { Target } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { unaskedBatch } from './assemble.ts';
import { askBatch } from './batch.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import { type Memory, openList, type Surroundings } from './opening.ts';
import { isTrouble } from './proof.ts';
import { countsOf } from './results.ts';
import type { Batch, Health, ListReport, PathName, Verdict } from './verdict.ts';

/** Openings in a row that may fail before the rest of the targets is unknown at once. */
const OPENINGS = 2;

/** What an unlucky list says of itself last; the first of these that any batch had. */
const WORST: readonly Health[] = [
  'retired',
  'quarantined',
  'wildcard',
  'refused',
  'empty',
  'unreachable',
  'unproven',
  'healthy',
];

export type Plan = {
  line: Line;
  around: Surroundings;
  targets: Targets;
  /** Positions not to be asked again, [from, to) each. */
  covered: readonly [number, number][];
  batchSize: number;
  seen(kind: TargetKind): boolean;
  txt(target: Target, codes: string[]): boolean;
  known(target: Target): boolean;
  ourOutage(): Promise<boolean>;
};

type Kinds = Map<TargetKind, { seen: boolean; lookups: number }>;

/** One list over all targets of its kinds. Null where there are none, or not all were asked: then nothing is said. */
export async function passList(plan: Plan, emit: (batch: Batch) => Promise<void>): Promise<ListReport | null> {
  const { line, targets } = plan;
  const memory: Memory = { nameServers: null, path: null, silent: new Set(), unreachable: false };
  const tally = createTally(line.list.id);
  let rest = line.list.retired === null ? null : retired(line.list.retired.why);
  let failures = 0;
  /** While one batch waits to be recorded, the next one is asked already. */
  let taken = Promise.resolve();

  const todo = gaps(plan.covered, targets.size);
  const last = todo.at(-1)?.[1] ?? 0;
  for (const [start, end] of todo) {
    for (let from = start; from < end; ) {
      if (line.windDown?.aborted === true) return null;
      const range = { from, to: Math.min(from + Math.max(1, plan.batchSize), end) };
      const kinds = kindsIn(plan, range);
      if (kinds.size === 0) {
        from = range.to;
        continue;
      }
      const { batch, health, trouble } =
        rest === null
          ? await attempt(plan, range, kinds, memory, range.to < last)
          : { batch: unaskedBatch(line, { targets, ...range }, rest, null), health: rest.health, trouble: rest };
      failures = batch.proof === 'none' && trouble !== null ? failures + 1 : 0;
      if (trouble !== null && (isFinal(trouble) || failures >= OPENINGS)) rest ??= trouble;
      tally.add(batch, health, trouble);
      await taken;
      taken = emit(batch);
      line.signal.throwIfAborted();
      from = batch.posTo;
    }
  }
  await taken;
  return tally.report();
}

/** One batch: opening controls, targets, closing controls. */
async function attempt(
  plan: Plan,
  range: { from: number; to: number },
  kinds: Kinds,
  memory: Memory,
  more: boolean,
): Promise<{ batch: Batch; health: Health; trouble: Trouble | null }> {
  const { line, targets } = plan;
  const opened = await openList(line, kinds, plan.around, memory, more);
  if (opened.kind === 'trouble') {
    if (opened.trouble.health === 'unreachable') line.operator.unreachable();
    const ours = opened.trouble.health === 'unreachable' && (await plan.ourOutage());
    const trouble: Trouble = ours ? { ...opened.trouble, why: 'network' } : opened.trouble;
    const batch = unaskedBatch(line, { targets, ...range }, trouble, opened.path, opened.controls);
    return { batch, health: trouble.health, trouble };
  }
  const { sessions, path, controls } = opened;
  const { batch, trouble } = await askBatch(line, { ...plan, ...range, path, sessions, controls });
  const standings = [...sessions.values()].map((session) => (isTrouble(session) ? session.health : session.standing));
  const health = worst(trouble === null ? standings : [...standings, trouble.health]);
  return { batch: await withOutage(plan, batch), health, trouble };
}

/** Lookups that failed while the network was away are the network's failures, not the list's. */
async function withOutage(plan: Plan, batch: Batch): Promise<Batch> {
  if (![...batch.results, ...batch.runs].some(isSilence) || !(await plan.ourOutage())) return batch;
  const ours = <Part extends { verdict: Verdict }>(part: Part): Part =>
    isSilence(part) ? { ...part, verdict: { ...part.verdict, why: 'network' } } : part;
  const [results, runs] = [batch.results.map(ours), batch.runs.map(ours)];
  return { ...batch, results, runs, why: [...results, ...runs].every(isSilence) ? 'network' : batch.why };
}

function isSilence({ verdict }: { verdict: Verdict }): boolean {
  return (
    verdict.kind === 'unknown' &&
    (verdict.why === 'timeout' || verdict.why === 'list-unreachable' || verdict.why === 'network')
  );
}

/** What another try in this round would not mend. */
function isFinal(trouble: Trouble): boolean {
  return trouble.health === 'quarantined' || trouble.health === 'refused' || trouble.why === 'budget';
}

function retired(why: string): Trouble {
  return { health: 'retired', why: 'list-retired', detail: why, nextPath: false, endsOperator: false };
}

/** The kinds of targets in the range that the list accepts. */
function kindsIn({ line, targets, seen }: Plan, { from, to }: { from: number; to: number }): Kinds {
  const kinds: Kinds = new Map();
  for (const { kind, posFrom, posTo } of targets.kinds(from, to)) {
    if (!line.list.accepts.includes(kind)) continue;
    kinds.set(kind, { seen: seen(kind), lookups: (kinds.get(kind)?.lookups ?? 0) + posTo - posFrom });
  }
  return kinds;
}

/** What of [0, size) is not covered, in order. */
function gaps(covered: readonly [number, number][], size: number): [number, number][] {
  const free: [number, number][] = [];
  let at = 0;
  for (const [from, to] of [...covered].sort((a, b) => a[0] - b[0])) {
    if (from > at) free.push([at, Math.min(from, size)]);
    at = Math.max(at, to);
  }
  if (at < size) free.push([at, size]);
  return free.filter(([from, to]) => from < to);
}

const worst = (healths: readonly Health[]): Health => WORST.find((health) => healths.includes(health)) ?? 'healthy';

const WHY_SO: Partial<Record<Health, string>> = {
  unproven: 'no listed control is known, so a clean cannot be proven',
  empty: 'its own listed control is absent',
};

/** Adds up a list's batches. */
function createTally(id: string): {
  add(batch: Batch, health: Health, trouble: Trouble | null): void;
  report(): ListReport | null;
} {
  let health: Health | null = null;
  let detail: string | null = null;
  let path: PathName | null = null;
  let asked = 0;
  let unknown = 0;
  return {
    add(batch, of, trouble) {
      const now = health === null ? of : worst([health, of]);
      if (now !== health) detail = trouble?.detail ?? WHY_SO[now] ?? null;
      health = now;
      path = batch.path ?? path;
      const counts = countsOf(batch);
      if (of !== 'retired') asked += counts.asked;
      unknown += counts.unknown;
    },
    report: () => (health === null ? null : { id, health, path, detail, asked, unknown }),
  };
}
