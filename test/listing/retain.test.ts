import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { listedAt, type Then } from '../../src/listing/at.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { latestScans } from '../../src/listing/overview.ts';
import { retain } from '../../src/listing/retain.ts';
import { finishScan } from '../../src/listing/scans.ts';
import { addTargets, removeTargets } from '../../src/listing/tracked.ts';
import { testDatabase } from '../database.ts';
import {
  batchOf,
  type Found,
  fullScan,
  hour,
  list,
  minute,
  namedScan,
  openWorld,
  range,
  recordBatch,
  scanAll,
} from './world.ts';

const a = list('a');
const day = 24 * hour;
const days = (count: number): number => count * 86_400_000;
const policy = { coverage: days(2), evidence: days(400) };
const targets = ['192.0.2.0', '192.0.2.1', '192.0.2.2', '192.0.2.3'];

/** What happens at a time: a scan of all or of some, or a target that is not tracked for some hours. */
type Step = { after: number; what: 'all' | 'some' | 'untrack'; found: Found[] };

const found = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Found>('clean') },
  { weight: 3, arbitrary: fc.constantFrom<Found>('timeout', 'servfail', 'unproven') },
  { weight: 1, arbitrary: fc.constant<Found>(['127.0.0.2']) },
);
const steady = fc.constant<Found[]>(['clean', 'clean', 'clean', 'clean']);
const step: fc.Arbitrary<Step> = fc.record({
  /** Hours. */
  after: fc.oneof(
    { weight: 6, arbitrary: fc.constant(6) },
    { weight: 1, arbitrary: fc.constantFrom(1, 11, 23, 26, 60) },
  ),
  what: fc.oneof(
    { weight: 12, arbitrary: fc.constant('all' as const) },
    { weight: 2, arbitrary: fc.constant('some' as const) },
    { weight: 1, arbitrary: fc.constant('untrack' as const) },
  ),
  found: fc.oneof(
    { weight: 3, arbitrary: steady },
    { weight: 3, arbitrary: fc.tuple(found, found, found, found) },
    { weight: 1, arbitrary: fc.constant<Found[]>(targets.map(() => 'list-unreachable')) },
  ),
});

let merged: Database;
let full: Database;
beforeAll(async () => {
  [merged, full] = await Promise.all([openDatabase(await testDatabase()), openDatabase(await testDatabase())]);
});
afterAll(() => Promise.all([merged.close(), full.close()]));

async function act(db: Database, { what, found: of }: Step, at: number): Promise<void> {
  if (what === 'untrack') {
    await removeTargets(db, [range('192.0.2.3')], minute(at));
    await addTargets(db, [{ range: range('192.0.2.3') }], minute(at + 20));
    return;
  }
  const seen = Object.fromEntries(targets.map((target, place) => [target, of[place] ?? 'clean']));
  if (what === 'all') return void (await scanAll(db, [a], at, { a: seen }));
  const scan = await namedScan(db, [range('192.0.2.1', '192.0.2.3')], [a], at);
  await recordBatch(db, scan, batchOf(scan, 'a', at, seen));
  await finishScan(db, scan, minute(at + 1));
}

/** Runs a history on both databases, merging in one of them as it goes, and gives the time at its end. */
async function live(steps: readonly Step[]): Promise<number> {
  for (const db of [merged, full]) {
    await db.sql`truncate target_range, target_set, scan, coverage, incident, listing, pending, change cascade`;
    await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.3') }], minute(0));
  }
  let at = 60;
  for (const one of steps) {
    at += one.after * hour;
    await act(full, one, at);
    await act(merged, one, at);
    await retain(merged, policy, minute(at + 30));
  }
  return at;
}

async function answers(db: Database, moments: readonly number[]): Promise<Then[]> {
  const all = moments.flatMap((at) => targets.map((text) => listedAt(db, { kind: 'ipv4', text }, minute(at), ['a'])));
  return (await Promise.all(all)).flat();
}

const moment = (text: string): number => Date.parse(text);

/** `now` says what `before` said, or less, and nothing that is not so. */
function agrees(at: Date, before: Then, now: Then): void {
  expect(now.answer).toBe(before.answer);
  if (now.answer === 'listed' && before.answer === 'listed') {
    expect({ ...now, lastSeen: '', every: null }).toEqual({ ...before, lastSeen: '', every: null });
    saysNoMore(at, now.every, moment(before.lastSeen), moment(now.lastSeen));
  }
  if (now.answer === 'clean' && before.answer === 'clean') {
    saysNoMore(at, now.every, moment(before.checkedAt), moment(now.checkedAt));
    if (now.every === null && now.checkedAt === before.checkedAt) expect(now.proven).toBe(before.proven);
  }
}

function saysNoMore(at: Date, every: number | null, before: number, now: number): void {
  expect(now).toBeLessThanOrEqual(before);
  if (every !== null) expect(at.getTime() - before).toBeLessThanOrEqual(every * 1000);
}

test('whatever happened, merged coverage answers as before, or less precisely, and never says more than was known', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 4, maxLength: 24 }),
      fc.array(fc.nat(999), { maxLength: 8 }),
      async (steps, parts) => {
        const end = await live(steps);
        const moments = [...parts.map((part) => Math.round((end * part) / 1000)), end, end + hour];
        const [before, now] = [await answers(full, moments), await answers(merged, moments)];
        for (const [place, one] of before.entries()) {
          const at = minute(moments[Math.floor(place / targets.length)] ?? 0);
          agrees(at, one, now[place] as Then);
        }
        const withoutIds = async (db: Database) =>
          (await listingHistory(db, {})).map(({ id: _, incident: __, ...listing }) => listing);
        expect(await withoutIds(merged)).toEqual(await withoutIds(full));
        const counts = async (db: Database) => (await latestScans(db, 100)).map(({ id: _, ...scan }) => scan);
        expect(await counts(merged)).toEqual(await counts(full));
      },
    ),
    { numRuns: 15 },
  );
}, 300_000);

test('the end of a listing is as proven as the clean that ended it, whatever else was in the batch, merged or not', async () => {
  const all = (...found: Found[]): Step => ({ after: 6, what: 'all', found });
  await live([
    { after: 6, what: 'some', found: ['clean', ['127.0.0.2'], 'clean', 'clean'] },
    all('clean', 'clean', 'clean', 'unproven'),
    all('unproven', 'timeout', 'clean', 'clean'),
    { ...all('clean', 'clean', 'clean', 'clean'), after: 72 },
  ]);
  const at = 13 * hour + 4;
  const [before, now] = [await answers(full, [at]), await answers(merged, [at])];
  const checkedAt = new Date(minute(13 * hour).getTime() + 1000).toISOString();
  expect(before[1]).toMatchObject({ answer: 'clean', proven: true, checkedAt, every: null });
  expect(now[1]).toEqual(before[1]);
});

test('a year of four scans a day is a few rows, and the days that are kept in full', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  await scanAll(db, [a], hour);
  // As many scans as a year has, copied from the first: each a row of its own, some with a target unknown.
  await db.sql`
    insert into scan (kind, "full", set_id, list_ids, policy, started_at, ended_at, state)
    select kind, "full", set_id, list_ids, policy, started_at + n * interval '6 h', ended_at + n * interval '6 h', state
    from scan, generate_series(1, 1460) as n order by n`;
  await db.sql`
    insert into coverage (scan_id, list_id, list_version_id, set_id, pos_from, pos_to, kind, first_at, last_at, path,
      servers, proof, asked, listed, clean, unknown, controls)
    select s.id, c.list_id, c.list_version_id, c.set_id, pos_from, pos_to, c.kind, s.started_at,
      s.started_at + interval '2 s', path, servers, proof, asked, listed, clean, unknown, controls
    from coverage c, scan s where s.id > c.scan_id order by s.id`;
  await db.sql`
    insert into exception (coverage_id, pos_from, pos_to, why)
    select id, id % 10, id % 10 + 1, 'timeout' from coverage where id % 7 = 0`;
  const year = 365 * day;
  const { scans, rows } = await retain(db, { coverage: days(30), evidence: days(400) }, minute(year));
  expect({ scans, rows }).toEqual({ scans: 1340, rows: 1339 });
  const [left] = await db.sql`
    select count(*)::int as coverage, (select count(*)::int from exception where known_to is not null or coverage_id = min(c.id)) as kept
    from coverage c`;
  expect(left).toEqual({ coverage: 122, kept: 0 });
  const [answer] = await listedAt(db, { kind: 'ipv4', text: '192.0.2.4' }, minute(100 * day));
  expect(answer).toMatchObject({ answer: 'clean', proven: true, every: 12 * 3600 + 2 });
});

test('parts of one scan become one row, which says less precisely when a target was asked', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  for (const [at, part] of [
    [hour, 4],
    [7 * hour, 6],
  ] as const) {
    const scan = await fullScan(db, [a], at);
    await recordBatch(db, scan, batchOf(scan, 'a', at, {}, { posFrom: 0, posTo: part }));
    await recordBatch(db, scan, batchOf(scan, 'a', at + 20, { '192.0.2.8': 'timeout' }, { posFrom: part, posTo: 10 }));
    await finishScan(db, scan, minute(at + 30));
    await scan.release();
  }
  await retain(db, policy, minute(4 * day));
  const rows = await db.sql`select pos_from, pos_to, scans, max_gap, asked, clean, unknown from coverage`;
  const gap = 6 * 3600 + 20 * 60 + 2;
  expect([...rows]).toEqual([{ pos_from: 0, pos_to: 10, scans: 2, max_gap: gap, asked: 10, clean: 9, unknown: 1 }]);
  const target = { kind: 'ipv4', text: '192.0.2.1' } as const;
  expect(await listedAt(db, target, minute(8 * hour))).toMatchObject([{ checkedAt: minute(7 * hour).toISOString() }]);
  expect(await listedAt(db, { ...target, text: '192.0.2.8' }, minute(8 * hour))).toMatchObject([
    { answer: 'never-checked', why: 'timeout' },
  ]);
});

test('old evidence goes, but not of what is still listed; listings and changes stay', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  const found = { a: { '192.0.2.1': ['127.0.0.2'], '192.0.2.2': ['127.0.0.2'] } };
  await scanAll(db, [a], hour, found);
  for (const at of [7, 13]) await scanAll(db, [a], at * hour, { a: { '192.0.2.2': ['127.0.0.2'] } });
  expect(await retain(db, { coverage: days(30), evidence: days(30) }, minute(20 * day))).toMatchObject({ changes: 0 });
  expect(await retain(db, { coverage: days(30), evidence: days(30) }, minute(40 * day))).toMatchObject({ changes: 2 });
  const changes = await changeHistory(db, { evidence: true });
  expect(changes.map(({ kind, target, evidence }) => `${kind} ${target} ${evidence.length}`)).toEqual([
    'listed 192.0.2.1 0',
    'listed 192.0.2.2 1',
    'delisted 192.0.2.1 0',
  ]);
  expect([...(await db.sql`select id from controls`)]).toHaveLength(1);
});

test('of many processes one works, and the others leave it to that one', async () => {
  const where = await testDatabase();
  const all = await Promise.all(Array.from({ length: 4 }, () => openDatabase(where)));
  const [db] = all as [Database, ...Database[]];
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  for (let at = 1; at < 9; at += 1) await scanAll(db, [a], at * 6 * hour);
  const done = await Promise.all(all.map((one) => retain(one, policy, minute(10 * day))));
  expect(done.reduce((sum, { rows }) => sum + rows, 0)).toBe(7);
  expect([...(await db.sql`select scans, max_gap from coverage`)]).toEqual([{ scans: 8, max_gap: 6 * 3600 + 2 }]);
  await Promise.all(all.map((one) => one.close()));
});
