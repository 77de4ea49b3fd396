import { expect, test } from 'vitest';
import { buildCatalogue } from '../../src/catalogue/load.ts';
import { type Allowance, overloads, type Round } from '../../src/schedule/overload.ts';
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

function round(cron: string, targets: Partial<Round['targets']>): Round {
  const [schedule] = readSchedules({ scan: cron, digest: 'off' }, 'UTC');
  if (schedule === undefined) throw new Error('no schedule');
  return { schedule, lists, targets: { ipv4: 0, ipv6: 0, domain: 0, ...targets } };
}

const allow = (given: Partial<Allowance>) => () => ({ perSecond: null, perDay: null, ...given });

test('a schedule within the limits of an operator is in order', () => {
  // 2 × (1,000 + 5 controls) × 4 times
  expect(overloads([round('17 */6 * * *', { ipv4: 1000 })], allow({ perDay: 8040 }), now)).toEqual([]);
});

test('a schedule that asks an operator too much in a day is told with the sum and the ways out', () => {
  const [sentence, ...more] = overloads([round('17 */6 * * *', { ipv4: 1000 })], allow({ perDay: 8039 }), now);
  expect(more).toEqual([]);
  expect(sentence).toContain('op allows 8,039 lookups a day, and the schedules ask');
  expect(sentence).toContain('scan: 2,010 lookups (1,000 targets, 2 lists, controls) × 4 a day = 8,040 a day.');
  expect(sentence).toContain('a longer interval');
});

test('all schedules count together', () => {
  const rounds = [round('17 */6 * * *', { ipv4: 1000 }), round('47 0 * * *', { ipv4: 10 })];
  expect(overloads(rounds, allow({ perDay: 8069 }), now)).toHaveLength(1);
  expect(overloads(rounds, allow({ perDay: 8070 }), now)).toEqual([]);
});

test('a domain that is asked by two names is two lookups', () => {
  expect(overloads([round('0 0 * * *', { domain: 100 })], allow({ perDay: 204 }), now)).toHaveLength(1);
  expect(overloads([round('0 0 * * *', { domain: 100 })], allow({ perDay: 205 }), now)).toEqual([]);
});

test('a round that cannot be through before it is due again is told', () => {
  const [sentence] = overloads([round('*/5 * * * *', { ipv4: 1000 })], allow({ perSecond: 2 }), now);
  expect(sentence).toContain('op allows 2 lookups a second, so scan takes 0.3 hours for its 2,010 lookups');
});
