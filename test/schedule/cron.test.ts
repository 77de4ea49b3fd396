import { describe, expect, test } from 'vitest';
import { cronFault, dueBetween, lastDue } from '../../src/schedule/cron.ts';
import { isTimeZone } from '../../src/time-zone.ts';

const berlin = (expression: string) => ({ expression, timeZone: 'Europe/Berlin' });
const iso = (dates: readonly Date[]): string[] => dates.map((date) => date.toISOString());

test.each([
  ['17 */6 * * *', null],
  ['@daily', null],
  ['0 0 17 * * *', '6 fields in place of five (no seconds)'],
])('the expression %j has the fault %j', (expression, fault) => {
  expect(cronFault(expression)).toBe(fault);
});

test.each(['', 'every day', '61 * * * *', '* * * *'])('%j is no cron expression, and it is said why', (expression) => {
  expect(cronFault(expression)).toMatch(/./);
});

test('a time zone is one that the machine knows', () => {
  expect(isTimeZone('Europe/Berlin')).toBe(true);
  expect(isTimeZone('Europe/Bonn')).toBe(false);
});

describe('the last time that was due', () => {
  test('is the moment itself on the dot', () => {
    expect(lastDue(berlin('0 7 * * *'), new Date('2026-11-24T06:00:00Z')).toISOString()).toBe(
      '2026-11-24T06:00:00.000Z',
    );
  });

  test('is the one before a second earlier', () => {
    expect(lastDue(berlin('0 7 * * *'), new Date('2026-11-24T05:59:59Z')).toISOString()).toBe(
      '2026-11-23T06:00:00.000Z',
    );
  });
});

describe('daylight saving', () => {
  test('a morning digest stays at seven by the clock on the wall', () => {
    const spring = dueBetween(berlin('0 7 * * *'), new Date('2026-03-28T00:00:00Z'), new Date('2026-03-29T12:00:00Z'));
    expect(iso(spring)).toEqual(['2026-03-28T06:00:00.000Z', '2026-03-29T05:00:00.000Z']);
    const autumn = dueBetween(berlin('0 7 * * *'), new Date('2026-10-24T00:00:00Z'), new Date('2026-10-25T12:00:00Z'));
    expect(iso(autumn)).toEqual(['2026-10-24T05:00:00.000Z', '2026-10-25T06:00:00.000Z']);
  });

  test('what is due in the hour that is left out is due once that day', () => {
    const day = dueBetween(berlin('30 2 * * *'), new Date('2026-03-28T12:00:00Z'), new Date('2026-03-30T12:00:00Z'));
    expect(day[0]?.toISOString().slice(0, 10)).toBe('2026-03-29');
    expect(day[1]?.toISOString()).toBe('2026-03-30T00:30:00.000Z');
  });
});
