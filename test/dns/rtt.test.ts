import { expect, test } from 'vitest';
import { NEW_ROUND_TRIP, type RoundTrip, withSample, withTimeout } from '../../src/dns/rtt.ts';

function after(...samples: number[]): RoundTrip {
  return samples.reduce(withSample, NEW_ROUND_TRIP);
}

test.each<[rule: string, roundTrip: RoundTrip, retryAfter: number]>([
  ['a server not asked yet gets 800 ms', NEW_ROUND_TRIP, 800],
  ['a quick one is never asked again before 250 ms', after(1, 1, 1, 1), 250],
  ['the first reply counts three times', after(200), 600],
  ['a steady one gets little more than it takes', after(...Array<number>(30).fill(400)), 450],
  ['a slow one no more than 1500 ms', after(900, 900), 1500],
  ['silence doubles', withTimeout(after(1, 1)), 500],
  ['… up to 1500 ms', withTimeout(withTimeout(withTimeout(NEW_ROUND_TRIP))), 1500],
  ['… and the next reply ends that', withSample(withTimeout(withTimeout(after(1, 1))), 1), 250],
])('%s', (_rule, roundTrip, retryAfter) => {
  expect(roundTrip.retryAfter).toBe(retryAfter);
});
