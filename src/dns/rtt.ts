/** How long to wait for a server before asking it again (RFC 6298, in milliseconds). Pure. */

export type RoundTrip = { smoothed: number; variation: number; retryAfter: number };

/** A stall of the server or of this process is no loss yet. */
const MIN = 50;
const LEAST = 10;
const MAX = 1500;
const UNKNOWN = 500;
/** By how much silence prolongs the wait of lookups to come. Loss is no reason to wait, a slow server is. */
const SILENCE = 1.25;

/** A server not asked yet. */
export const NEW_ROUND_TRIP: RoundTrip = { smoothed: 0, variation: 0, retryAfter: UNKNOWN };

/** After a reply that came `sample` ms after its query; only of queries sent once, others could be of either copy (Karn). */
export function withSample(before: RoundTrip, sample: number): RoundTrip {
  const first = before.smoothed === 0;
  const variation = first ? sample / 2 : before.variation * 0.75 + Math.abs(before.smoothed - sample) * 0.25;
  const smoothed = Math.max(first ? sample : before.smoothed * 0.875 + sample * 0.125, Number.MIN_VALUE);
  return { smoothed, variation, retryAfter: clamp(smoothed + 4 * variation) };
}

/** After silence: wait longer next time, until a reply says better. */
export function withTimeout(before: RoundTrip): RoundTrip {
  return { ...before, retryAfter: clamp(before.retryAfter * SILENCE) };
}

/** The wait after the n-th try, n = 1, 2, …: twice as long after every second one, so that several fit in a deadline. */
export function waitAfter(retryAfter: number, tries: number): number {
  return Math.min(MAX, retryAfter * 2 ** ((tries - 1) >> 1));
}

/** The time in which nearly every reply has come: after it a query is not in the server's buffer any more. */
export function replyWithin({ smoothed, variation, retryAfter }: RoundTrip): number {
  return smoothed === 0 ? retryAfter : Math.min(retryAfter, Math.max(LEAST, smoothed + 4 * variation));
}

function clamp(wait: number): number {
  return Math.min(MAX, Math.max(MIN, Math.ceil(wait)));
}
