import { expect, test } from 'vitest';
import { readSchedules } from '../../src/schedule/schedules.ts';

test('without configuration a scan runs four times a day, a follow-up every hour, and a digest is due at seven', () => {
  const more = { timeZone: 'UTC', tags: [], lists: null, quiet: null };
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
      ...{ tags: ['acme'], lists: 'spamhaus-zen,fast', quiet: null, jitter: 0 },
    },
  ]);
});

test('a schedule that is no cron expression names its entry', () => {
  expect(() => readSchedules({ scan: 'hourly' }, 'UTC')).toThrow(
    /^schedules\.scan: got "hourly" \(.*\); expected five fields such as "17 \*\/6 \* \* \*", or off$/,
  );
});

test('only a scan has quiet targets', () => {
  expect(() => readSchedules({ digest: { cron: '0 7 * * *', quiet: 86_400_000 } }, 'UTC')).toThrow(
    /^schedules\.digest\.quiet: got it with a digest; expected it with a scan only$/,
  );
});
