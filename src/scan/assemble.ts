import type { Target } from '../target.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import { isTrouble, type Sessions, unknownBecause } from './proof.ts';
import type { Batch, ControlReport, PathName, Result } from './verdict.ts';

export type TargetSource = { size: number; at(position: number): Target };

/** The batch of a list that could not be asked at all: nothing was sent for its targets. */
export function unaskedBatch(
  line: Line,
  options: { targets: TargetSource; from: number; to: number },
  trouble: Trouble,
  path: PathName | null,
  controls: ControlReport[] = [],
): Batch {
  const results: Result[] = [];
  for (let position = options.from; position < options.to; position += 1) {
    const target = options.targets.at(position);
    if (!line.list.accepts.includes(target.kind)) continue;
    results.push({ ...blank(line, target, path), verdict: unknownBecause(trouble) });
  }
  return assemble(line, { ...options, path, sessions: new Map(), controls }, results, options.to);
}

/** A result of which nothing is known yet. */
export function blank(line: Line, target: Target, path: PathName | null): Result {
  return {
    target: target.text,
    list: line.list.id,
    verdict: { kind: 'clean' },
    proven: false,
    reason: null,
    ttl: null,
    path,
    server: null,
    asked: null,
    rcode: null,
    addresses: [],
    at: line.now(),
  };
}

type Assembling = {
  from: number;
  path: PathName | null;
  sessions: Sessions /** Of openings that failed. */;
  controls: ControlReport[];
};

/** The batch of these results, with what they have in common. */
export function assemble(
  line: Line,
  { from, path, sessions, controls: ofFailed }: Assembling,
  results: Result[],
  to: number,
): Batch {
  const ofOpened = [...sessions.values()].flatMap((session) => (isTrouble(session) ? [] : session.controls));
  const controls = [...ofFailed, ...ofOpened];
  const answering = results.some(({ server }) => server !== null) ? results : controls;
  const servers = [...new Set(answering.flatMap(({ server }) => server ?? []))];
  const times = [...results, ...controls].map(({ at }) => at.getTime());
  const now = line.now().getTime();
  return {
    list: line.list.id,
    posFrom: from,
    posTo: to,
    results,
    firstAt: new Date(times.reduce((a, b) => Math.min(a, b), now)),
    lastAt: new Date(times.reduce((a, b) => Math.max(a, b), times[0] ?? now)),
    path,
    server: servers.length > 0 ? servers.join(' ') : null,
    proof: proofOf(results),
    why: sharedWhy(results),
    controls,
  };
}

/** `none` where nothing is known, `unproven` where a clean is without proof. */
function proofOf(results: readonly Result[]): Batch['proof'] {
  const known = results.filter(({ verdict }) => verdict.kind !== 'unknown');
  if (known.length === 0) return 'none';
  return known.every((result) => result.proven) ? 'proven' : 'unproven';
}

/** The reason of all, if all are unknown for the same. */
function sharedWhy(results: readonly Result[]): Batch['why'] {
  const [first] = results;
  if (first?.verdict.kind !== 'unknown') return null;
  const { why } = first.verdict;
  return results.every(({ verdict }) => verdict.kind === 'unknown' && verdict.why === why) ? why : null;
}
