import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { readSchedules } from '../../src/schedule/schedules.ts';

test('without configuration a scan runs four times a day, a follow-up every hour, and a digest is due at seven', () => {
  const more = { timeZone: 'UTC', tags: [], lists: null };
  expect(readSchedules({}, 'UTC')).toEqual([
    { name: 'scan', does: 'scan', expression: '17 */6 * * *', ...more, jitter: 600_000 },
    { name: 'follow-up', does: 'follow-up', expression: '47 * * * *', ...more, jitter: 600_000 },
    { name: 'digest', does: 'digest', expression: '0 7 * * *', ...more, jitter: 0 },
  ]);
});

test('a named schedule says what it is about; `off` leaves one out', () => {
  const given = {
    digest: 'off',
    'follow-up': 'off',
    acme: {
      cron: '*/30 * * * *',
      timeZone: 'Asia/Shanghai',
      tags: ['acme'],
      lists: ['spamhaus-zen', 'fast'],
      jitter: 0,
    },
  };
  expect(readSchedules(given, 'UTC').slice(1)).toEqual([
    {
      ...{ name: 'acme', does: 'scan', expression: '*/30 * * * *', timeZone: 'Asia/Shanghai' },
      ...{ tags: ['acme'], lists: 'spamhaus-zen,fast', jitter: 0 },
    },
  ]);
});

test.each([
  [{ scan: 'hourly' }, /^schedules\.scan: "hourly": .*; expected five fields such as "17 \*\/6 \* \* \*", or off$/],
  [
    { x: { cron: '0 * * * *', timeZone: 'Mars' } },
    /^schedules\.x\.timeZone: "Mars": expected a name such as Europe\/Berlin or UTC$/,
  ],
])('a schedule that is wrong names its entry: %j', (given, message) => {
  expect(() => readSchedules(given, 'UTC')).toThrow(UserError);
  expect(() => readSchedules(given, 'UTC')).toThrow(message);
});
