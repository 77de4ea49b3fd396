import { expect, test } from 'vitest';
import { NEW_ROUND_TRIP, type RoundTrip, waitAfter, withSample, withTimeout } from '../../src/dns/rtt.ts';

function after(...samples: number[]): RoundTrip {
  return samples.reduce(withSample, NEW_ROUND_TRIP);
}

test.each<[rule: string, roundTrip: RoundTrip, retryAfter: number]>([
  ['a server not asked yet gets half a second', NEW_ROUND_TRIP, 500],
  ['a quick one is never asked again before 50 ms', after(1, 1, 1, 1), 50],
  ['the first reply counts three times', after(200), 600],
  ['a steady one gets little more than it takes', after(...Array<number>(30).fill(400)), 401],
  ['a slow one no more than 1500 ms', after(900, 900), 1500],
  ['silence adds a quarter', withTimeout(after(100)), 375],
  ['… up to 1500 ms', Array<null>(9).fill(null).reduce(withTimeout, NEW_ROUND_TRIP), 1500],
  ['… and the next reply ends that', withSample(withTimeout(withTimeout(after(1, 1))), 1), 50],
])('%s', (_rule, roundTrip, retryAfter) => {
  expect(roundTrip.retryAfter).toBe(retryAfter);
});

test('the wait doubles after every second try, up to 1500 ms: five tries fit where two would', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map((tries) => waitAfter(250, tries))).toEqual([250, 250, 500, 500, 1000, 1000, 1500]);
});
