import type { ControlReport, PathName } from '../scan/verdict.ts';

/**
 * From verdicts to changes. Pure: (open listing, pending change, what was seen, policy) → (pending, change).
 * Times are in `at`; order is the order of calls, so that a clock that jumps back loses nothing.
 */

/** A code that is a listing. `key` says when two are the same: the label for bits and ranges, else the code too. */
export type SeenCode = { code: string; label: string; key: string };
export type ListedCode = SeenCode & { since: string };

/** How many verdicts confirm a change; `spacing` in milliseconds between two that count. */
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
  ttl: number | null;
  proven: boolean;
  controls: ControlReport[];
};

/** Verdicts that agree: how many, the first, the last that counted and its scan. Times in ISO 8601. */
export type Run = { count: number; firstAt: string; lastAt: string; scan: number; ttl: number };
