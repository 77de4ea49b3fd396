import type { Why } from '../scan/verdict.ts';

/**
 * What a scan knows of consecutive targets on a list, or several scans that were merged into a span. Times in
 * milliseconds since 1970. Every target that is not in `missed` was seen first by `knownFrom` and last since `knownTo`,
 * and between those it was never unseen for longer than `maxGap` seconds.
 */
export type Known = {
  firstAt: number;
  lastAt: number;
  knownFrom: number;
  knownTo: number;
  scans: number;
  maxGap: number;
  /** By position; none twice. */
  missed: Missed[];
};

/** Targets that were unknown at the beginning of a span, at its end, or throughout. */
export type Missed = { posFrom: number; posTo: number; why: Why; codes: string[]; known: Bounds | null };
/** `from`: seen first by then; `to`: seen last since then. */
type Bounds = { from: number; to: number };

/** Two verdicts further apart are not in one span: "at least every …" should mean something. */
export const LONGEST_GAP = 25 * 3_600_000;

/**
 * Two of the same targets as one; null where some target was unseen for too long in between. What was unknown for a
 * while and known before and after is not told apart any more: the span's gap is as long.
 */
export function joinKnown(a: Known, b: Known): Known | null {
  const knownFrom = Math.min(a.knownFrom, b.knownFrom);
  const knownTo = Math.max(a.knownTo, b.knownTo);
  let gap = b.knownFrom - a.knownTo;
  const missed: Missed[] = [];
  for (const { posFrom, posTo, ofA, ofB } of overlay(a.missed, b.missed)) {
    const before = ofA === null ? { from: a.knownFrom, to: a.knownTo } : ofA.known;
    const after = ofB === null ? { from: b.knownFrom, to: b.knownTo } : ofB.known;
    if (before !== null && after !== null) gap = Math.max(gap, after.from - before.to);
    const known = spanning(before, after);
    if (known?.from === knownFrom && known.to === knownTo) continue;
    const { why, codes } = ofB ?? ofA ?? { why: 'timeout', codes: [] };
    addMissed(missed, { posFrom, posTo, why, codes, known });
  }
  if (gap > LONGEST_GAP) return null;
  return {
    firstAt: Math.min(a.firstAt, b.firstAt),
    lastAt: Math.max(a.lastAt, b.lastAt),
    knownFrom,
    knownTo,
    scans: a.scans + b.scans,
    maxGap: Math.max(a.maxGap, b.maxGap, Math.ceil(gap / 1000)),
    missed,
  };
}

function spanning(a: Bounds | null, b: Bounds | null): Bounds | null {
  if (a === null || b === null) return a ?? b;
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}

/** Adds what follows, to the last one where nothing but a cut parts them. */
export function addMissed(all: Missed[], next: Missed): void {
  const last = all.at(-1);
  const same = last !== undefined && last.posTo === next.posFrom && sameMiss(last, next);
  if (same) all[all.length - 1] = { ...last, posTo: next.posTo };
  else all.push(next);
}

const sameMiss = (a: Missed, b: Missed): boolean =>
  a.why === b.why &&
  a.codes.join() === b.codes.join() &&
  a.known?.from === b.known?.from &&
  a.known?.to === b.known?.to;

type Overlaid = { posFrom: number; posTo: number; ofA: Missed | null; ofB: Missed | null };

/** The positions that are in either, cut where one begins or ends. */
function overlay(a: readonly Missed[], b: readonly Missed[]): Overlaid[] {
  const cuts = [...new Set([...a, ...b].flatMap(({ posFrom, posTo }) => [posFrom, posTo]))].sort((x, y) => x - y);
  const pieces: Overlaid[] = [];
  let [atA, atB] = [0, 0];
  for (const [place, posFrom] of cuts.entries()) {
    const posTo = cuts[place + 1];
    if (posTo === undefined) break;
    while ((a[atA]?.posTo ?? Infinity) <= posFrom) atA += 1;
    while ((b[atB]?.posTo ?? Infinity) <= posFrom) atB += 1;
    const ofA = holding(a[atA], posFrom);
    const ofB = holding(b[atB], posFrom);
    if (ofA !== null || ofB !== null) pieces.push({ posFrom, posTo, ofA, ofB });
  }
  return pieces;
}

const holding = (one: Missed | undefined, position: number): Missed | null =>
  one !== undefined && one.posFrom <= position ? one : null;
