import { expect, test } from 'vitest';
import { buildCatalogue } from '../../src/catalogue/load.ts';
import type { RateOf, Round } from '../../src/schedule/load.ts';
import { overloads } from '../../src/schedule/overload.ts';
import { readSchedules } from '../../src/schedule/schedules.ts';

const catalogue = buildCatalogue(
  [
    { id: 'a', zone: 'a.example', accepts: ['ipv4'], operator: 'op' },
    { id: 'b', zone: 'b.example', accepts: ['ipv4', 'domain'], operator: 'op', asks: 'both' },
  ],
  {},
);
const lists = catalogue.lists.filter(({ operator }) => operator === 'op');
const now = new Date('2026-11-24T07:00:00Z');

function round(cron: string, targets: Partial<Round['targets']>, name = 'scan'): Round {
  const all = readSchedules({ scan: 'off', digest: 'off', [name]: cron }, 'UTC');
  const schedule = all.find((one) => one.name === name);
  if (schedule === undefined) throw new Error('no schedule');
  return { schedule, lists, targets: { ipv4: 0, ipv6: 0, domain: 0, ...targets } };
}

const allow =
  (given: Partial<ReturnType<RateOf>>): RateOf =>
  () => ({ perSecond: null, perDay: null, ...given });

test('a schedule within the limits of an operator is in order', () => {
  // 2 × (1,000 + 50 repeats + 5 controls), five times from 00:17 to 00:17
  expect(overloads([round('17 */6 * * *', { ipv4: 1000 })], allow({ perDay: 10_550 }), now)).toEqual([]);
});

test('a schedule that asks an operator too much in a day is told with the sum and the ways out', () => {
  const [sentence, ...more] = overloads([round('17 */6 * * *', { ipv4: 1000 })], allow({ perDay: 10_549 }), now);
  expect(more).toEqual([]);
  expect(sentence).toBe(
    'op allows 10,549 lookups a day, and the schedules ask ' +
      'scan: 2,110 lookups (1,000 targets, 2 lists, controls and repeats) × 5 = 10,550 in one, counted by the whole hour. ' +
      'Ways out: a longer interval, or a longer one for what is quiet (quiet: 24h); ' +
      'fewer targets (tags) or lists in that schedule; an account key of your own; ' +
      'a copy of the zone on your own rbldnsd (servers:).',
  );
});

test('all schedules count together', () => {
  const rounds = [round('17 */6 * * *', { ipv4: 1000 }), round('17 0 * * *', { ipv4: 100 }, 'customers')];
  expect(overloads(rounds, allow({ perDay: 10_550 + 440 }), now)).toEqual([]);
  const [sentence] = overloads(rounds, allow({ perDay: 10_550 + 439 }), now);
  expect(sentence).toContain('× 5 + customers: 220 lookups');
});

test('of what an operator allows for its lists the least counts, and lists without limits do not', () => {
  const rateOf = (most: Record<string, number | null>): RateOf => {
    return ({ id }) => ({ perSecond: null, perDay: most[id] ?? null });
  };
  const daily = [round('0 0 * * *', { ipv4: 1000 })];
  expect(overloads(daily, rateOf({ a: 1_000_000, b: 4219 }), now)).toHaveLength(1);
  expect(overloads(daily, rateOf({ a: 4219, b: 1_000_000 }), now)).toHaveLength(1);
  expect(overloads(daily, rateOf({ a: 4219, b: null }), now)).toEqual([]);
});

test('a round that takes hours at the rate of an operator is no more in a day than is asked in it', () => {
  // 21,200 lookups at 1 a second are six hours, so two days in a row have them twice only in part.
  const [sentence] = overloads([round('0 0 * * *', { ipv4: 10_000 })], allow({ perSecond: 1, perDay: 20_000 }), now);
  expect(sentence).toMatch(/× 1\.2 = 2[45],\d{3} in one/);
  expect(overloads([round('0 0 * * *', { ipv4: 10_000 })], allow({ perSecond: 1, perDay: 26_000 }), now)).toEqual([]);
});

test('a schedule of one day in the week counts on whichever day it is looked at', () => {
  const weekly = [round('0 3 * * 1', { ipv4: 1000 })];
  for (const day of ['23', '24', '25', '26', '27', '28', '29'])
    expect(overloads(weekly, allow({ perDay: 2000 }), new Date(`2026-11-${day}T07:00:00Z`))).toHaveLength(1);
});

test('a schedule that asks about quiet targets once a day counts once a day', () => {
  const [hourly, seldom] = [round('17 * * * *', { ipv4: 1000 }), round('17 * * * *', { ipv4: 1000 })];
  expect(overloads([hourly], allow({ perDay: 4220 }), now)).toHaveLength(1);
  const quiet = { ...seldom, schedule: { ...seldom.schedule, quiet: 86_400_000 } };
  // From 07:17 to 07:17, as the ledger counts a day
  expect(overloads([quiet], allow({ perDay: 4220 }), now)).toEqual([]);
  expect(overloads([quiet], allow({ perDay: 4219 }), now)).toHaveLength(1);
});

test('a domain that is asked by two names is two lookups', () => {
  expect(overloads([round('0 0 * * *', { domain: 100 })], allow({ perDay: 429 }), now)).toHaveLength(1);
  expect(overloads([round('0 0 * * *', { domain: 100 })], allow({ perDay: 430 }), now)).toEqual([]);
});

test('a round that cannot be through before it is due again is told', () => {
  const [sentence] = overloads([round('*/5 * * * *', { ipv4: 1000 })], allow({ perSecond: 2 }), now);
  expect(sentence).toContain(
    'op allows 2 lookups a second: scan takes 0.3 hours for its 2,120 lookups and is due every 0.1 hours.',
  );
});

test('schedules that could each be through, and cannot together, are told', () => {
  const [day, night] = [round('0 */6 * * *', { ipv4: 10_000 }), round('30 */6 * * *', { ipv4: 10_000 }, 'night')];
  expect(overloads([day], allow({ perSecond: 1.5 }), now)).toEqual([]);
  expect(overloads([night], allow({ perSecond: 1.5 }), now)).toEqual([]);
  const [sentence] = overloads([day, night], allow({ perSecond: 1.5 }), now);
  expect(sentence).toContain('night takes 3.9 hours');
  expect(sentence).toContain('is due again before it is through');
});
