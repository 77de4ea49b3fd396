import { expect, test } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { addTargets, removeTargets, replaceTargets, trackedTargets } from '../../src/listing/tracked.ts';
import { list, minute, openWorld, range, scanAll, short } from './world.ts';

const a = list('a');

async function tracked(db: Database): Promise<string[]> {
  const rows = await trackedTargets(db);
  return rows.map(({ range: of, label }) =>
    [of.kind === 'domain' ? of.domain : `${of.lo & 255n}-${of.hi & 255n}`, label]
      .filter((part) => part !== null)
      .join(' '),
  );
}

test('removing an address inside a range splits it, closes its listing without an all-clear, and keeps the others', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9'), label: 'mx' }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.5': ['127.0.0.2'], '192.0.2.6': ['127.0.0.2'] } });
  const edited = await removeTargets(db, [range('192.0.2.5')], minute(20));
  expect(edited).toMatchObject({ added: 0n, removed: 1n });
  expect(edited.closed.map(short)).toEqual(['closed 192.0.2.5 a']);
  expect(await tracked(db)).toEqual(['0-4 mx', '6-9 mx']);
  expect(await listingHistory(db, {})).toMatchObject([
    { target: '192.0.2.5', until: minute(20).toISOString(), endedBy: 'untracked', endProven: false },
    { target: '192.0.2.6', until: null, endedBy: null },
  ]);
  expect(await changeHistory(db, { targets: [range('192.0.2.5')] })).toMatchObject([
    { kind: 'listed' },
    { kind: 'closed', before: ['127.0.0.2'], after: [], endedBy: 'untracked', proven: false },
  ]);
});

test('an edit of notes closes the row and opens another, and ends no listing', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.5') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.5': ['127.0.0.2'] } });
  const edited = await addTargets(db, [{ range: range('192.0.2.5'), tags: ['client-1'] }], minute(20));
  expect(edited).toMatchObject({ added: 0n, removed: 0n, opened: 1, closedRows: 1, closed: [] });
  expect(await trackedTargets(db, { tags: ['client-1'] })).toHaveLength(1);
  expect(await trackedTargets(db, { tags: ['client-2'] })).toEqual([]);
  expect(await listingHistory(db, { open: true })).toHaveLength(1);
});

test('import --replace makes a file the truth: what it does not name is tracked no longer', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }, { range: range('a.example') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.9': ['127.0.0.2'] } });
  const edited = await replaceTargets(
    db,
    [{ range: range('192.0.2.0', '192.0.2.8') }, { range: range('b.example') }],
    minute(20),
  );
  expect(edited).toMatchObject({ added: 1n, removed: 2n });
  expect(edited.closed.map(short)).toEqual(['closed 192.0.2.9 a']);
  expect(await tracked(db)).toEqual(['b.example', '0-8']);
});

test('removed and tracked again: the history is kept, and a clean from before proves nothing', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.5') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.5': ['127.0.0.2'] } });
  await removeTargets(db, [range('192.0.2.5')], minute(20));
  await addTargets(db, [{ range: range('192.0.2.5') }], minute(30));
  await scanAll(db, [a], 40, { a: { '192.0.2.5': ['127.0.0.2'] } });
  const history = await listingHistory(db, {});
  expect(history).toMatchObject([{ endedBy: 'untracked' }, { until: null, cleanBefore: null, relapses: 0 }]);
});
