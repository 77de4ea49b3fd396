import { expect, test } from 'vitest';
import { readSchedules } from '../../src/schedule/schedules.ts';

test('without configuration a scan runs four times a day, a follow-up every hour, audits at night, a digest at seven', () => {
  const more = { timeZone: 'UTC', tags: [], lists: null, quiet: null };
  expect(readSchedules({}, 'UTC')).toEqual([
    { name: 'scan', does: 'scan', expression: '17 */6 * * *', ...more, jitter: 600_000 },
    { name: 'follow-up', does: 'follow-up', expression: '47 * * * *', ...more, jitter: 600_000 },
    {
      ...{ name: 'audit', does: 'audit', expression: '43 4 * * *', ...more },
      ...{ jitter: 3_600_000, audit: { connect: true, allowSpecial: false } },
    },
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
  expect(readSchedules(given, 'UTC').slice(2)).toEqual([
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

test.each([
  [
    { digest: { cron: '0 7 * * *', quiet: 86_400_000 } },
    'schedules.digest.quiet: got it with digest; expected it with scan only',
  ],
  [
    { digest: { cron: '0 7 * * *', lists: 'all' } },
    'schedules.digest.lists: got it with digest; expected it with scan or follow-up only',
  ],
  [
    { scan: { cron: '0 * * * *', connect: false } },
    'schedules.scan.connect: got it with scan; expected it with audit only',
  ],
])('what means nothing to a schedule is refused: %j', (given, message) => {
  expect(() => readSchedules(given, 'UTC')).toThrow(message);
});
