import type { Targets } from '../targets/positions.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import { isTrouble, type Sessions, unknownBecause } from './proof.ts';
import { countsOf } from './results.ts';
import { createSheet } from './sheet.ts';
import type { Batch, ControlReport, PathName, Result, Run, Traces } from './verdict.ts';

/** The batch of a list that could not be asked at all: nothing was sent for its targets. */
export function unaskedBatch(
  line: Line,
  { targets, from, to }: { targets: Targets; from: number; to: number },
  trouble: Trouble,
  path: PathName | null,
  controls: ControlReport[] = [],
): Batch {
  const unknown = { verdict: unknownBecause(trouble), proven: false };
  const runs = createSheet(from, to).runs(
    targets,
    to,
    () => unknown,
    (kind) => (line.list.accepts.includes(kind) ? unknown : null),
  );
  const judged = { from, to, results: [], runs, answered: null, servers: [], traces: () => null };
  return assemble(line, judged, { path, sessions: new Map(), controls });
}

/** What a batch came to. */
export type JudgedBatch = {
  from: number;
  to: number;
  results: Result[];
  runs: Run[];
  /** When the first and the last clean was given, in ms. */
  answered: { first: number; last: number } | null;
  /** Those that gave the cleans, in the order of `traces.server`. */
  servers: string[];
  traces(firstAt: number): Traces | null;
};

type Around = {
  path: PathName | null;
  sessions: Sessions;
  /** Of openings that failed. */
  controls: ControlReport[];
};

/** The batch with what all of it has in common. */
export function assemble(line: Line, judged: JudgedBatch, { path, sessions, controls: ofFailed }: Around): Batch {
  const { from, to, results, runs, answered } = judged;
  const ofOpened = [...sessions.values()].flatMap((session) => (isTrouble(session) ? [] : session.controls));
  const controls = [...ofFailed, ...ofOpened];
  const answering = [...judged.servers, ...results.flatMap(({ server }) => server ?? [])];
  const servers = [...new Set(answering.length > 0 ? answering : controls.flatMap(({ server }) => server ?? []))];
  const times = [...results, ...controls].map(({ at }) => at.getTime());
  if (answered !== null) times.push(answered.first, answered.last);
  const now = line.now().getTime();
  const firstAt = times.reduce((a, b) => Math.min(a, b), now);
  return {
    list: line.list.id,
    posFrom: from,
    posTo: to,
    results,
    runs,
    traces: answered === null ? null : judged.traces(firstAt),
    firstAt: new Date(firstAt),
    lastAt: new Date(times.reduce((a, b) => Math.max(a, b), times[0] ?? now)),
    path,
    server: servers.length > 0 ? servers.join(' ') : null,
    servers,
    proof: proofOf(results, runs),
    why: sharedWhy([...results, ...runs]),
    controls,
  };
}

/** `none` where nothing is known, `unproven` where a clean is without proof. */
function proofOf(results: readonly Result[], runs: readonly Run[]): Batch['proof'] {
  const { listed, clean } = countsOf({ results, runs });
  if (listed + clean === 0) return 'none';
  const unproven = ({ verdict, proven }: Pick<Result, 'verdict' | 'proven'>): boolean =>
    verdict.kind !== 'unknown' && !proven;
  return results.some(unproven) || runs.some(unproven) ? 'unproven' : 'proven';
}

/** The reason of all, if all are unknown for the same. */
function sharedWhy(parts: readonly Pick<Result, 'verdict'>[]): Batch['why'] {
  const first = parts[0]?.verdict;
  if (first?.kind !== 'unknown') return null;
  return parts.every(({ verdict }) => verdict.kind === 'unknown' && verdict.why === first.why) ? first.why : null;
}
