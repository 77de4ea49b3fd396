import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { listedAt } from '../../src/listing/at.ts';
import { addTargets, removeTargets } from '../../src/listing/tracked.ts';
import { momentSchema } from '../../src/output/history-schema.ts';
import { testDatabase } from '../database.ts';
import { hour, list, minute, range, scanAll } from './world.ts';

const a = list('a');
let db: Database;

/** Tracked from 1 h to 30 h; clean at 2 h, unknown at 3 h, listed from 4 h to 10 h, unproven clean at 20 h. */
beforeAll(async () => {
  db = await openDatabase(await testDatabase());
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(hour));
  const of = (found: string[] | 'timeout' | 'unproven') => ({ a: { '192.0.2.5': found } });
  await scanAll(db, [a], 2 * hour);
  await scanAll(db, [a], 3 * hour, of('timeout'));
  await scanAll(db, [a], 4 * hour, of(['127.0.0.2']));
  await scanAll(db, [a], 5 * hour, of(['127.0.0.2']));
  await scanAll(db, [a], 10 * hour);
  await scanAll(db, [a], 11 * hour);
  await scanAll(db, [a], 20 * hour, of('unproven'));
  await removeTargets(db, [range('192.0.2.5')], minute(30 * hour));
});
afterAll(() => db.close());

const time = (hours: number, seconds = 0): string =>
  new Date(minute(hours * hour).getTime() + seconds * 1000).toISOString();

test.each([
  ['before it was tracked', 0.5, { answer: 'not-tracked' }],
  ['before the first scan', 1.5, { answer: 'never-checked', why: null }],
  ['after a clean', 2.5, { answer: 'clean', proven: true, checkedAt: time(2), minutesBefore: 30, every: null }],
  ['after an unknown it is the clean before that counts', 3.5, { answer: 'clean', minutesBefore: 90 }],
  [
    'while listed: first and last proof',
    6,
    { answer: 'listed', since: time(4, 1), lastSeen: time(5), codes: ['127.0.0.2'] },
  ],
  ['while listed, before the next scan', 4.5, { answer: 'listed', lastSeen: time(4, 1), until: time(10, 1) }],
  ['after it was first seen clean', 10.5, { answer: 'clean', proven: true, minutesBefore: 30 }],
  ['after an unproven clean', 21, { answer: 'clean', proven: false, checkedAt: time(20), minutesBefore: 60 }],
  ['after it was removed', 31, { answer: 'not-tracked' }],
])('%s', async (_, hours, answer) => {
  const target = { kind: 'ipv4', text: '192.0.2.5' } as const;
  const answers = await listedAt(db, target, minute(hours * hour));
  expect(v.safeParse(momentSchema, answers).issues).toBeUndefined();
  expect(answers).toMatchObject([{ target: '192.0.2.5', list: 'a', ...answer }]);
});

test('asked only in vain: never checked, and why', async () => {
  await addTargets(db, [{ range: range('192.0.2.77') }], minute(40 * hour));
  await scanAll(db, [a], 41 * hour, { a: { '192.0.2.77': 'refused-by-list' } });
  const [answer] = await listedAt(db, { kind: 'ipv4', text: '192.0.2.77' }, minute(42 * hour));
  expect(answer).toMatchObject({ answer: 'never-checked', why: 'refused-by-list' });
});

test('inside a span of merged scans: clean, and at least how often it was checked', async () => {
  await addTargets(db, [{ range: range('192.0.2.88') }], minute(50 * hour));
  await scanAll(db, [a], 51 * hour);
  await db.sql`update coverage set scans = 9, max_gap = 21600, known_from = last_at,
      known_to = ${minute(90 * hour)}, last_at = ${minute(90 * hour)}
    where id = (select max(id) from coverage)`;
  const [answer] = await listedAt(db, { kind: 'ipv4', text: '192.0.2.88' }, minute(70 * hour));
  expect(answer).toMatchObject({ answer: 'clean', proven: true, minutesBefore: 360, every: 21600 });
});
