import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { remember } from '../../src/listing/memory.ts';
import { finishScan, startFullScan } from '../../src/listing/scans.ts';
import { addTargets, removeTargets } from '../../src/listing/tracked.ts';
import { testDatabase } from '../database.ts';
import { batchOf, fullScan, list, minute, namedScan, openWorld, policy, range, recordBatch, scanAll } from './world.ts';

const a = list('a');
const b = list('b');

test('nothing tracked: no scan is begun', async () => {
  const db = await openWorld();
  expect(await startFullScan(db, { kind: 'manual', lists: [a], policy, now: minute(0) })).toEqual({ empty: true });
  await addTargets(db, [{ range: range('192.0.2.1') }], minute(0));
  await (await fullScan(db, [a], 1)).release();
});

test('a second full scan is told that one runs, of another process too; named targets go beside it', async () => {
  const url = await testDatabase();
  const [one, other] = [await openDatabase(url), await openDatabase(url)];
  await addTargets(one, [{ range: range('192.0.2.1') }], minute(0));
  const first = await fullScan(one, [a], 10);
  for (const db of [one, other])
    expect(await startFullScan(db, { kind: 'manual', lists: [a], policy, now: minute(11) })).toEqual({
      running: minute(10),
    });
  const named = await namedScan(other, [range('192.0.2.1')], [a], 12);
  expect(named.id).not.toBe(first.id);
  await finishScan(one, first, minute(13));
  await first.release();
  await first.release();
  await (await fullScan(other, [a], 14)).release();
  await Promise.all([one.close(), other.close()]);
});

test('a scan that was killed is gone on with where each list was left', async () => {
  const url = await testDatabase();
  const killed = await openDatabase(url);
  await addTargets(killed, [{ range: range('192.0.2.0', '192.0.2.99') }], minute(0));
  const first = await fullScan(killed, [a, b], 10);
  await recordBatch(killed, first, batchOf(first, 'a', 11, {}, { posTo: 50 }));
  await recordBatch(
    killed,
    first,
    batchOf(first, 'a', 12, { '192.0.2.60': ['127.0.0.2'] }, { posFrom: 50, posTo: 80 }),
  );
  await recordBatch(killed, first, batchOf(first, 'b', 12, {}, { posTo: 100 }));
  await killed.close();

  const db = await openDatabase(url);
  const next = await fullScan(db, [a, b], 20);
  expect(next).toMatchObject({ id: first.id, resumed: true, startedAt: minute(10) });
  expect(next.covered.get('a')?.at(0)?.[0]).toBe(0);
  expect(next.covered.get('a')?.at(-1)?.[1]).toBe(80);
  expect(next.covered.get('b')).toEqual([[0, 100]]);
  await recordBatch(db, next, batchOf(next, 'a', 21, {}, { posFrom: 80 }));
  await next.release();

  const fresh = await fullScan(db, [a, b], 30);
  expect(fresh).toMatchObject({ resumed: false, covered: new Map() });
  expect(fresh.id).not.toBe(first.id);
  await fresh.release();
  await db.close();
});

test.each([
  ['other targets', { removed: true, at: 20 }],
  ['a day later', { removed: false, at: 10 + 25 * 60 }],
])('a killed scan is not gone on with: %s', async (_, { removed, at }) => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  const first = await fullScan(db, [a], 10);
  await recordBatch(db, first, batchOf(first, 'a', 11, {}, { posTo: 5 }));
  await first.release();
  if (removed) await removeTargets(db, [range('192.0.2.9')], minute(12));
  const next = await fullScan(db, [a], at);
  expect(next).toMatchObject({ resumed: false, covered: new Map() });
  await next.release();
  const rows = await db.sql`select state from scan order by id`;
  expect(rows.map(({ state }) => state)).toEqual(['abandoned', 'running']);
});

test('a list whose definition changed is asked again from the start', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  const first = await fullScan(db, [a, b], 10);
  for (const id of ['a', 'b']) await recordBatch(db, first, batchOf(first, id, 11, {}, { posTo: 5 }));
  await first.release();
  const next = await fullScan(db, [list('a', { zone: 'other.example' }), b], 20);
  expect([...next.covered.keys()]).toEqual(['b']);
  await next.release();
});

test('the same targets are the same set, however they were written', async () => {
  const db = await openWorld();
  const one = await namedScan(db, [range('192.0.2.0', '192.0.2.3'), range('a.example')], [a], 1);
  const other = await namedScan(
    db,
    [range('a.example'), range('192.0.2.2', '192.0.2.3'), range('192.0.2.0', '192.0.2.2')],
    [a],
    2,
  );
  expect(other.setId).toBe(one.setId);
  const all = Array.from({ length: one.targets.size }, (_, at) => one.targets.at(at).text);
  expect(all).toEqual(['192.0.2.0', '192.0.2.1', '192.0.2.2', '192.0.2.3', 'a.example']);
});

test('the next round is told which controls answered, what worked, what is known, and when a text is worth asking', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.1') }], minute(0));
  const down = { '192.0.2.0': 'list-unreachable', '192.0.2.1': 'list-unreachable' } as const;
  await scanAll(db, [a, b], 10, { a: { '192.0.2.1': ['127.0.0.2'] }, b: down });
  const memory = await remember(db, [a, b], minute(20));
  const target = { kind: 'ipv4', text: '192.0.2.1' } as const;
  expect(memory.seenControls).toContain('a|ipv4');
  expect(memory.workedBefore).toEqual(new Set(['a']));
  expect([memory.known(a, target), memory.known(b, target)]).toEqual([true, false]);
  expect(memory.txt(a, target, ['127.0.0.2'])).toBe(false);
  expect(memory.txt(a, target, ['127.0.0.3'])).toBe(true);
  expect(memory.txt(b, target, ['127.0.0.2'])).toBe(true);
  const later = await remember(db, [a], minute(10 + 8 * 24 * 60));
  expect(later.txt(a, target, ['127.0.0.2'])).toBe(true);
});

test('a text that a list does not have is not asked for in every scan; one that it did not answer for is', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.1') }], minute(0));
  const scan = await fullScan(db, [a], 10);
  const batch = batchOf(scan, 'a', 10, { '192.0.2.0': ['127.0.0.2'], '192.0.2.1': ['127.0.0.2'] });
  const [none, failed] = batch.results;
  Object.assign(none ?? {}, { reason: null });
  Object.assign(failed ?? {}, { reason: null, reasonAt: null });
  await recordBatch(db, scan, batch);
  await scan.release();
  const memory = await remember(db, [a], minute(20));
  const isWorthAsking = (text: string): boolean => memory.txt(a, { kind: 'ipv4', text }, ['127.0.0.2']);
  expect(['192.0.2.0', '192.0.2.1'].map(isWorthAsking)).toEqual([false, true]);
});
