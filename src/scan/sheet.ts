import type { TargetKind } from '../catalogue/list.ts';
import type { Targets } from '../targets/positions.ts';
import type { OpenServer } from './session.ts';
import { NOT_ASKED, type Run, type Traces } from './verdict.ts';

/** How a target of a batch fared so far. */
const PENDING = 0;
/** Absent, by one server. */
const CLEAN = 1;
/** It has a draft of its own. */
const DRAFTED = 2;

/** What is true of all cleans that one server gave, or of all targets of a kind that could not be asked. */
export type Standpoint = Pick<Run, 'verdict' | 'proven'>;

/**
 * The cleans of a batch under way, a few bytes each. The targets that are neither clean nor drafted when it ends were
 * not asked.
 */
export type Sheet = {
  from: number;
  /** Servers that gave cleans; the place is what `traces.server` holds. */
  servers: OpenServer[];
  /** `at` in ms; `ttl` in seconds, -1 for none; `rcode` is 0 or 3. */
  clean(position: number, by: OpenServer, at: number, ttl: number, rcode: number): void;
  drafted(position: number): void;
  /** Positions and servers of the cleans of one kind, by position. */
  traces(firstAt: number): Traces;
  /** When the first and the last clean was given, in ms; null: none. */
  times(): { first: number; last: number } | null;
  /**
   * What is neither drafted nor of a kind that the list does not accept, up to `to`, as runs. `ofServer` and `ofKind`
   * say what holds for cleans of a server and for what was not asked; null leaves such targets out.
   */
  runs(
    targets: Targets,
    to: number,
    ofServer: (server: OpenServer) => Standpoint,
    ofKind: (kind: TargetKind) => Standpoint | null,
  ): Run[];
};

export function createSheet(from: number, to: number): Sheet {
  const size = to - from;
  const state = new Uint8Array(size);
  const by = new Uint8Array(size);
  const at = new Float64Array(size);
  const ttls = new Int32Array(size).fill(-1);
  const rcodes = new Uint8Array(size).fill(NOT_ASKED);
  const servers: OpenServer[] = [];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;

  /** The first row after this one, or the end, that fared otherwise. All lists may come here in one turn: it is to be quick. */
  const alikeUntil = (row: number, end: number): number => {
    const [how, whose] = [state[row], by[row]];
    let next = row + 1;
    while (next < end && state[next] === how && by[next] === whose) next += 1;
    return next;
  };

  return {
    from,
    servers,
    clean(position, server, when, ttl, rcode) {
      let place = servers.indexOf(server);
      if (place === -1) place = servers.push(server) - 1;
      const row = position - from;
      state[row] = CLEAN;
      by[row] = place;
      at[row] = when;
      ttls[row] = ttl;
      rcodes[row] = rcode;
      if (when < first) first = when;
      if (when > last) last = when;
    },
    drafted(position) {
      state[position - from] = DRAFTED;
    },
    times: () => (first <= last ? { first, last } : null),
    traces(firstAt) {
      const after = new Uint32Array(size);
      for (let row = 0; row < size; row += 1) if (state[row] === CLEAN) after[row] = (at[row] ?? 0) - firstAt;
      return { server: by, after, ttl: ttls, rcode: rcodes };
    },
    runs(targets, end, ofServer, ofKind) {
      const runs: Run[] = [];
      const points = distinct(servers.map(ofServer));
      for (const { kind, posFrom, posTo } of targets.kinds(from, end)) {
        const unasked = ofKind(kind);
        for (let position = posFrom, next = posFrom; position < posTo; position = next) {
          const row = position - from;
          next = alikeUntil(row, posTo - from) + from;
          if (state[row] === DRAFTED) continue;
          const point = state[row] === PENDING ? unasked : points[by[row] ?? 0];
          if (point === null || point === undefined) continue;
          const run = runs.at(-1);
          const same = run?.posTo === position && run.kind === kind && run.verdict === point.verdict;
          if (run !== undefined && same) run.posTo = next;
          else runs.push({ posFrom: position, posTo: next, kind, ...point });
        }
      }
      return runs;
    },
  };
}

/** Equal ones as one object, so that the cleans of two servers with the same proof make one run. */
function distinct(points: readonly Standpoint[]): Standpoint[] {
  const known = new Map<string, Standpoint>();
  return points.map((point) => {
    const key = JSON.stringify(point);
    const same = known.get(key) ?? point;
    known.set(key, same);
    return same;
  });
}
