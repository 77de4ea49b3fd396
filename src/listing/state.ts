import type { ControlReport, PathName } from '../scan/verdict.ts';

/**
 * From verdicts to changes. Pure: (open listing, pending change, what was seen, policy) → (pending, change).
 * The order is that of the calls: a clock that jumps back loses nothing and never makes `until < since`.
 */

/** A code that is a listing. `key` says when two are the same: the label for bits and ranges, else the code too. */
export type SeenCode = { code: string; label: string; key: string };
/** `since`: ISO 8601, the first verdict that agreed. */
export type ListedCode = SeenCode & { since: string };

/** How many verdicts confirm a change; `spacing`: milliseconds between two that count. */
export type Policy = { listed: number; delisted: number; spacing: number };

/** One verdict as it was got, kept with the change it made. The name asked has `{key}` for an account key. */
export type Evidence = {
  at: string;
  scan: number;
  asked: string | null;
  path: PathName | null;
  server: string | null;
  rcode: string | null;
  addresses: string[];
  txt: string | null;
  /** Seconds. */
  ttl: number | null;
  proven: boolean;
  controls: ControlReport[];
};

/** Verdicts that agree: how many, the first, the last that counted and its scan. Times in ISO 8601. */
export type Run = {
  count: number;
  firstAt: string;
  lastAt: string;
  scan: number;
  /** Seconds; the largest seen of answers and controls. */
  ttl: number;
};

/** A change that waits for more verdicts. */
export type Pending = {
  kind: 'listed' | 'recoded' | 'delisted';
  /** For `delisted` the proven cleans; null where none was proven yet. */
  run: Run | null;
  /** For `delisted`: cleans at least a day apart, proven or not. */
  daily: Run | null;
  /** What is to be listed; empty for `delisted`. */
  codes: ListedCode[];
  evidence: Evidence[];
};

/** The open listing of a target on a list. `ttl` in seconds, the largest seen. */
export type Open = { since: string; codes: ListedCode[]; ttl: number };

/** What a verdict says to the state: `codes` only those that are a listing. */
export type Sight = { kind: 'listed'; codes: SeenCode[] } | { kind: 'clean'; proven: boolean } | { kind: 'unknown' };

/** When, by which scan, and how it was seen. `cached`: through a resolver that keeps answers for `ttl` seconds. */
export type Seeing = { at: string; scan: number; ttl: number; cached: boolean; evidence: Evidence };

export type Change =
  | { kind: 'listed'; since: string; codes: ListedCode[]; evidence: Evidence[] }
  | { kind: 'recoded'; codes: ListedCode[]; added: string[]; removed: string[]; evidence: Evidence[] }
  | { kind: 'delisted'; until: string; proven: boolean; evidence: Evidence[] };

export type Step = { pending: Pending | null; change: Change | null };

const day = 86_400_000;
const unprovenCleans = 3;

export function step(open: Open | null, pending: Pending | null, sight: Sight, seeing: Seeing, policy: Policy): Step {
  if (sight.kind === 'unknown') return { pending, change: null };
  if (sight.kind === 'clean') return open === null ? nothing : stepClean(open, pending, sight.proven, seeing, policy);
  if (open === null) return stepListed(pending, sight.codes, seeing, policy);
  return sameKeys(open.codes, sight.codes) ? nothing : stepRecoded(open, pending, sight.codes, seeing, policy);
}

const nothing: Step = { pending: null, change: null };

function stepListed(pending: Pending | null, codes: SeenCode[], seeing: Seeing, policy: Policy): Step {
  const before = pending?.kind === 'listed' ? pending : null;
  const run = extend(before?.run ?? null, seeing, policy.spacing);
  if (run === null) return { pending: before, change: null };
  const next: Pending = {
    kind: 'listed',
    run,
    daily: null,
    codes: carry(codes, before?.codes ?? [], seeing.at),
    evidence: [...(before?.evidence ?? []), seeing.evidence],
  };
  if (run.count < policy.listed) return { pending: next, change: null };
  return {
    pending: null,
    change: { kind: 'listed', since: run.firstAt, codes: next.codes, evidence: next.evidence },
  };
}

function stepRecoded(open: Open, pending: Pending | null, codes: SeenCode[], seeing: Seeing, policy: Policy): Step {
  // Other codes than those that wait are a contrary verdict: counting starts again.
  const before = pending?.kind === 'recoded' && sameKeys(pending.codes, codes) ? pending : null;
  const run = extend(before?.run ?? null, seeing, policy.spacing);
  if (run === null) return { pending: before, change: null };
  const next: Pending = {
    kind: 'recoded',
    run,
    daily: null,
    codes: carry(codes, [...open.codes, ...(before?.codes ?? [])], seeing.at),
    evidence: [...(before?.evidence ?? []), seeing.evidence],
  };
  if (run.count < policy.listed) return { pending: next, change: null };
  return {
    pending: null,
    change: {
      kind: 'recoded',
      codes: next.codes,
      added: labels(without(codes, open.codes)),
      removed: labels(without(open.codes, codes)),
      evidence: next.evidence,
    },
  };
}

function stepClean(open: Open, pending: Pending | null, proven: boolean, seeing: Seeing, policy: Policy): Step {
  const before = pending?.kind === 'delisted' ? pending : null;
  // A cached answer may be the one already counted: it tells something new only after everything seen has expired.
  const largest = Math.max(seeing.ttl, open.ttl, before?.run?.ttl ?? 0);
  const spacing = seeing.cached ? Math.max(policy.spacing, largest * 1000) : policy.spacing;
  const run = proven ? extend(before?.run ?? null, seeing, spacing) : null;
  const daily = extend(before?.daily ?? null, seeing, Math.max(day, spacing));
  if (run === null && daily === null) return { pending: before, change: null };
  const next: Pending = {
    kind: 'delisted',
    run: run ?? before?.run ?? null,
    daily: daily ?? before?.daily ?? null,
    codes: [],
    evidence: [...(before?.evidence ?? []), seeing.evidence],
  };
  const closed = (until: string, certain: boolean): Step => ({
    pending: null,
    change: { kind: 'delisted', until: later(until, open.since), proven: certain, evidence: next.evidence },
  });
  if (run !== null && run.count >= policy.delisted) return closed(run.firstAt, true);
  if (daily !== null && daily.count >= unprovenCleans) return closed(daily.firstAt, false);
  return { pending: next, change: null };
}

/** The run with this verdict counted; null: it does not count (the same scan, or too soon). */
function extend(run: Run | null, { at, scan, ttl }: Seeing, spacing: number): Run | null {
  if (run === null) return { count: 1, firstAt: at, lastAt: at, scan, ttl };
  const apart = Math.abs(Date.parse(at) - Date.parse(run.lastAt));
  if (scan === run.scan || apart < spacing) return null;
  return { count: run.count + 1, firstAt: run.firstAt, lastAt: at, scan, ttl: Math.max(run.ttl, ttl) };
}

/** Codes with the time since when each was seen, taken over from codes seen before. */
function carry(codes: SeenCode[], before: ListedCode[], at: string): ListedCode[] {
  const since = new Map(before.map((code) => [code.key, code.since]));
  return codes.map((code) => ({ ...code, since: since.get(code.key) ?? at }));
}

function sameKeys(a: SeenCode[], b: SeenCode[]): boolean {
  return without(a, b).length === 0 && without(b, a).length === 0;
}

function without(codes: SeenCode[], others: SeenCode[]): SeenCode[] {
  const keys = new Set(others.map(({ key }) => key));
  return codes.filter(({ key }) => !keys.has(key));
}

function labels(codes: SeenCode[]): string[] {
  return [...new Set(codes.map(({ label }) => label))];
}

function later(a: string, b: string): string {
  return Date.parse(a) < Date.parse(b) ? b : a;
}
