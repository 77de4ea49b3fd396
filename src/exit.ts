import type { Level } from './catalogue/codes.ts';

/** Bad usage, a failure, or too much that is unknown. */
export const FAILED = 3;

/** The part of the lists asked that may be unknown before "nothing is listed" can no longer be said. */
const UNKNOWN_ALLOWED = 0.1;

export type ExitStatus = 0 | 1 | 2 | 3;

/**
 * Exit status of `check` and `scan`: 2 listed at level medium or high, 1 at level low, 3 nothing listed but more than a
 * tenth of the lists asked unknown (or no list asked at all), else 0.
 */
export function exitStatus(worst: Level, unknownShare: number | null): ExitStatus {
  if (worst === 'medium' || worst === 'high') return 2;
  if (worst === 'low') return 1;
  return unknownShare === null || unknownShare > UNKNOWN_ALLOWED ? 3 : 0;
}
