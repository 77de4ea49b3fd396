import { expect, test } from 'vitest';
import { listedAt } from '../../src/listing/at.ts';
import { requestRemoval } from '../../src/listing/removals.ts';
import { startFullScan } from '../../src/listing/scans.ts';
import { fitting } from '../../src/schedule/followup.ts';
import { list } from '../listing/world.ts';
import { openScanning, scheduleOf } from './scanning.ts';

const control = { listed: '127.0.0.2', notListed: '127.0.0.1' };
const lists = ['one', 'two'].map((id) => ({ id, zone: `${id}.test`, accepts: ['ipv4' as const], control }));
const scan = scheduleOf('scan', '17 */6 * * *');
const followUp = scheduleOf('follow-up', '47 * * * *');

test('a follow-up asks what is listed, of the lists that it is on, and nothing else', async () => {
  const { track, listed, due, asked, later, db } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  listed.add('192.0.2.1 one').add('192.0.2.4 two').add('192.0.2.5 two');
  await due(scan);
  expect(asked()).toHaveLength(16);
  later(30);
  expect(await due(followUp)).toMatchObject({ targets: 3, lists: 2, unfit: [] });
  expect(asked()).toEqual(['192.0.2.1 one', '192.0.2.4 two', '192.0.2.5 two']);
  const [last] = await db.sql`select kind, schedule, "full", state from scan order by id desc limit 1`;
  expect(last).toEqual({ kind: 'adaptive', schedule: 'follow-up', full: false, state: 'finished' });
});

test('a delisting is seen by follow-ups, and proven as by scans: two cleans of different scans', async () => {
  const { track, listed, due, later, changes } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  listed.add('192.0.2.1 one');
  await due(scan);
  listed.clear();
  later(30);
  await due(followUp);
  expect(changes.map(({ kind }) => kind)).toEqual(['listed']);
  later(60);
  await due(followUp);
  expect(changes.map(({ kind, proven }) => [kind, proven])).toEqual([
    ['listed', true],
    ['delisted', true],
  ]);
  later(60);
  expect(await due(followUp)).toBe('quiet');
});

test('what a follow-up did not ask is known by the scan before, with its time', async () => {
  const { track, listed, due, later, db } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  listed.add('192.0.2.1 one');
  await due(scan);
  later(30);
  await due(followUp);
  const at = new Date('2026-11-24T00:50:00Z');
  expect(await listedAt(db, { kind: 'ipv4', text: '192.0.2.1' }, at)).toMatchObject([
    { list: 'one', answer: 'listed', lastSeen: expect.stringContaining('T00:47') },
    { list: 'two', answer: 'clean', checkedAt: expect.stringContaining('T00:17'), minutesBefore: 33 },
  ]);
});

test('a list that a scan under way has still to ask is not followed there', async () => {
  const { track, listed, due, begin, workOff, asked, later } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  listed.add('192.0.2.1 one').add('192.0.2.4 two');
  await due(scan);
  later(30);
  await begin(scheduleOf('half', { cron: '0 * * * *', lists: 'one' }));
  asked();
  expect(await begin(followUp)).toMatchObject({ lists: 1 });
  await workOff();
  expect(asked().filter((one) => one === '192.0.2.1 one')).toHaveLength(1);
});

test('a follow-up is not begun while the one before is under way', async () => {
  const { track, listed, due, begin, later } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  listed.add('192.0.2.1 one');
  await due(scan);
  later(30);
  expect(await begin(followUp)).toMatchObject({ targets: 1 });
  later(60);
  expect(await begin(followUp)).toBe('running');
});

test('a full scan by hand begins beside a follow-up, and a follow-up waits while one is under way', async () => {
  const { track, listed, due, begin, workOff, later, scanner, db } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  listed.add('192.0.2.1 one');
  await due(scan);
  later(30);
  const how = { kind: 'manual', lists: scanner.catalogue, policy: scanner.policy, now: scanner.means.now() } as const;
  const besides: ReturnType<typeof startFullScan>[] = [];
  scanner.onList = () => void besides.push(startFullScan(db, how));
  await due(followUp);
  const [beside] = await Promise.all(besides);
  expect(beside).toMatchObject({ full: true });
  scanner.onList = () => {};
  later(60);
  await begin(followUp);
  await expect(workOff()).rejects.toThrow('a full scan by hand is under way');
  if (beside !== undefined && 'release' in beside) await beside.release();
  await workOff();
});

test('a follow-up of a tag asks only targets with it', async () => {
  const { track, listed, due, later, asked } = await openScanning(lists);
  await track(['192.0.2.1'], ['mail']);
  await track(['192.0.2.2']);
  listed.add('192.0.2.1 one').add('192.0.2.2 one');
  await due(scan);
  later(30);
  asked();
  await due(scheduleOf('follow-up', { cron: '47 * * * *', tags: ['mail'] }));
  expect(asked()).toEqual(['192.0.2.1 one']);
});

test('what a removal was requested of goes first, then what was listed last, as far as there is room', async () => {
  const { track, listed, due, later, asked, scanner, db } = await openScanning(lists);
  await track(['192.0.2.0/29']);
  for (const [minutes, address] of [1, 2, 3].entries()) {
    listed.add(`192.0.2.${address} one`);
    await due(scan);
    later(60 * (minutes + 1));
  }
  await requestRemoval(db, { target: '192.0.2.1', list: 'one' }, scanner.means.now());
  asked();
  // Five controls and two pairs
  scanner.rooms = async () => ({ followUp: () => 8, lively: () => 0 });
  expect(await due(followUp)).toMatchObject({ targets: 2, unfit: [{ operator: 'one', pairs: 1 }] });
  expect(asked()).toEqual(['192.0.2.1 one', '192.0.2.3 one']);
});

test('lists of one operator share its room, and each has its own controls', () => {
  const two = [list('a', { operator: 'op' }), list('b', { operator: 'op' }), list('c')];
  const pairs = ['a', 'b', 'a', 'c'].map((listId, at) => ({ target: `192.0.2.${at}`, listId }));
  const { taken, unfit } = fitting(pairs, two, (operator) => (operator === 'op' ? 12.2 : 7));
  expect(taken).toEqual([pairs[0], pairs[1], pairs[3]]);
  expect(unfit).toEqual([{ operator: 'op', pairs: 1 }]);
});
