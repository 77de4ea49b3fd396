import { addMissed, joinKnown, type Known, type Missed } from './known.ts';

/** Consecutive targets of one scan or span on one list. */
export type Piece = Known & {
  id: number;
  scanId: number;
  posFrom: number;
  posTo: number;
  /** What must be the same for two to be one: the list's version, kind, proof, why, path. */
  outcome: string;
  servers: string[];
  counts: Counts;
};
type Counts = { asked: number; listed: number; clean: number; unknown: number };

/** A piece as it is now, and the ids of those that went into it. */
export type Merged = { piece: Piece; gone: number[] };

/** Neighbours of one scan are joined while they say to an hour when a target was asked. */
const LONGEST_WINDOW = 3_600_000;
/** As in what a scan records. */
const MOST_SERVERS = 20;

/**
 * Merges what follows each other, of the same targets with the same outcome, into spans. The highest id stays, so that
 * the order of ids stays that of time. Pure.
 * @param pieces Of one list and set.
 * @param fresh Scans that were never merged before.
 * @param cuts Moments that no span may hold.
 */
export function mergePieces(pieces: readonly Piece[], fresh: ReadonlySet<number>, cuts: readonly number[]): Merged[] {
  const [raw, spans] = [true, false].map((isFresh) =>
    pieces.filter(({ scanId }) => fresh.has(scanId) === isFresh).map((piece): Merged => ({ piece, gone: [] })),
  ) as [Merged[], Merged[]];
  const done: Merged[] = [];
  /** What may still grow: nothing else came after it about the same targets. */
  let open: Merged[] = [];
  for (const next of [...spans, ...joinNeighbours(raw)].sort(byTime)) {
    const before = open.find(({ piece }) => sameTargets(piece, next.piece));
    const longer = before === undefined ? null : merge(before, next, following(before.piece, next.piece, cuts));
    const ended = open.filter((one) => (longer === null || one !== before) && overlap(one.piece, next.piece));
    done.push(...ended);
    open = open.filter((one) => one !== before && !ended.includes(one));
    open.push(longer ?? next);
  }
  return [...done, ...open];
}

const byTime = ({ piece: a }: Merged, { piece: b }: Merged): number =>
  a.firstAt - b.firstAt || a.posFrom - b.posFrom || a.id - b.id;
const overlap = (a: Piece, b: Piece): boolean => a.posFrom < b.posTo && b.posFrom < a.posTo;
const sameTargets = (a: Piece, b: Piece): boolean =>
  a.outcome === b.outcome && a.posFrom === b.posFrom && a.posTo === b.posTo;

function joinNeighbours(parts: readonly Merged[]): Merged[] {
  const joined: Merged[] = [];
  const order = ({ piece: a }: Merged, { piece: b }: Merged): number => a.scanId - b.scanId || a.posFrom - b.posFrom;
  for (const part of [...parts].sort(order)) {
    const last = joined.at(-1);
    const both = last === undefined ? null : merge(last, part, beside(last.piece, part.piece));
    if (both === null) joined.push(part);
    else joined[joined.length - 1] = both;
  }
  return joined;
}

function merge(a: Merged, b: Merged, piece: Omit<Piece, 'id'> | null): Merged | null {
  if (piece === null) return null;
  const [low, id] = [a.piece.id, b.piece.id].sort((x, y) => x - y) as [number, number];
  return { piece: { ...piece, id }, gone: [...a.gone, ...b.gone, low] };
}

/** A span and what was seen next, as one. */
function following(a: Piece, b: Piece, cuts: readonly number[]): Omit<Piece, 'id'> | null {
  const servers = together(a, b);
  if (servers === null || cuts.some((cut) => a.firstAt <= cut && cut <= b.lastAt)) return null;
  const known = joinKnown(a, b);
  return known === null ? null : { ...b, ...known, servers };
}

/** Two parts of one scan as one: of a target it says less precisely when it was asked. */
function beside(a: Piece, b: Piece): Omit<Piece, 'id'> | null {
  if (a.scanId !== b.scanId || a.outcome !== b.outcome || a.posTo !== b.posFrom) return null;
  const firstAt = Math.min(a.firstAt, b.firstAt);
  const lastAt = Math.max(a.lastAt, b.lastAt);
  const servers = together(a, b);
  if (servers === null || lastAt - firstAt > LONGEST_WINDOW) return null;
  const missed: Missed[] = [];
  for (const one of [...a.missed, ...b.missed]) addMissed(missed, one);
  const counts = {
    asked: a.counts.asked + b.counts.asked,
    listed: a.counts.listed + b.counts.listed,
    clean: a.counts.clean + b.counts.clean,
    unknown: a.counts.unknown + b.counts.unknown,
  };
  const { posFrom } = a;
  return { ...b, posFrom, firstAt, lastAt, knownFrom: lastAt, knownTo: firstAt, missed, servers, counts };
}

function together(a: Piece, b: Piece): string[] | null {
  const servers = [...new Set([...a.servers, ...b.servers])].sort();
  return servers.length > Math.max(MOST_SERVERS, a.servers.length, b.servers.length) ? null : servers;
}
