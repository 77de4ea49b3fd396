import { expect, test } from 'vitest';
import { listedAt } from '../../src/listing/at.ts';
import { partsFitting } from '../../src/schedule/quiet.ts';
import { list, range } from '../listing/world.ts';
import { openScanning, scheduleOf } from './scanning.ts';

const control = { listed: '127.0.0.2', notListed: '127.0.0.1' };
const address = { id: 'one', zone: 'one.test', accepts: ['ipv4' as const], control };
const network = { id: 'net', zone: 'net.test', accepts: ['ipv4' as const], control, scope: 'asn' as const };
const DAY = 86_400_000;
const scan = scheduleOf('scan', { cron: '17 * * * *', quiet: DAY });

test('all targets are asked about in the time set, and what is lively each time', async () => {
  const { track, listed, due, asked, later, db } = await openScanning([address]);
  await track(['192.0.2.0/30', '198.51.100.0/30']);
  listed.add('198.51.100.1 one');
  await due(scan);
  expect(asked()).toHaveLength(8);
  later(60);
  expect(await due(scan)).toMatchObject({ targets: 4 });
  expect(asked()).toEqual([0, 1, 2, 3].map((last) => `198.51.100.${last} one`));
  later(22 * 60);
  expect(await due(scan)).toMatchObject({ targets: 4 });
  asked();
  later(60);
  expect(await due(scan)).toMatchObject({ targets: 8 });
  const kinds = await db.sql`select kind from scan order by id`;
  expect(kinds.map(({ kind }) => kind)).toEqual(['scheduled', 'adaptive', 'adaptive', 'scheduled']);
});

test('a target that is new since the scan of all is asked about at once', async () => {
  const { track, due, asked, later } = await openScanning([address]);
  await track(['192.0.2.0/30']);
  await due(scan);
  asked();
  later(60);
  expect(await due(scan)).toBe('quiet');
  await track(['203.0.113.9']);
  await due(scan);
  expect(asked()).toEqual(['203.0.113.9 one']);
});

test('what was delisted stays lively for 30 days', async () => {
  const { track, listed, due, later } = await openScanning([address]);
  await track(['192.0.2.0/30', '198.51.100.0/30']);
  listed.add('198.51.100.1 one');
  await due(scan);
  listed.clear();
  for (const minutes of [60, 60]) {
    later(minutes);
    await due(scan);
  }
  later(29 * 24 * 60);
  await due(scan);
  later(60);
  expect(await due(scan)).toMatchObject({ targets: 4 });
  later(2 * 24 * 60);
  await due(scan);
  later(60);
  expect(await due(scan)).toBe('quiet');
});

test('of a list that holds networks one address in each is asked about, and no other is taken for clean', async () => {
  const { track, due, asked, later, db } = await openScanning([network]);
  await track(['192.0.2.8/29', '198.51.100.0/30']);
  await due(scan);
  asked();
  later(60);
  await due(scan);
  expect(asked()).toEqual(['192.0.2.8 net', '198.51.100.0 net']);
  const at = new Date('2026-11-24T02:00:00Z');
  const checked = async (text: string) => (await listedAt(db, { kind: 'ipv4', text }, at))[0];
  expect(await checked('192.0.2.8')).toMatchObject({ answer: 'clean', minutesBefore: 43 });
  expect(await checked('192.0.2.9')).toMatchObject({ answer: 'clean', minutesBefore: 103 });
});

test('a probe that is listed has the others of its network asked in the same scan, and makes none of them listed', async () => {
  const { track, listed, due, asked, later, changes } = await openScanning([network]);
  await track(['192.0.2.8/29', '198.51.100.0/30']);
  await due(scan);
  asked();
  for (const last of [8, 9, 10]) listed.add(`192.0.2.${last} net`);
  later(60);
  await due(scan);
  expect(asked()).toEqual([...[10, 11, 12, 13, 14, 15, 8, 9].map((last) => `192.0.2.${last} net`), '198.51.100.0 net']);
  expect(changes.map(({ kind, target }) => `${kind} ${target}`).sort()).toEqual([
    ...['listed 192.0.2.10', 'listed 192.0.2.8', 'listed 192.0.2.9'],
  ]);
});

test('a probe that could not be told has the others of its network asked', async () => {
  const { track, broken, due, asked, later } = await openScanning([network]);
  await track(['192.0.2.8/30', '198.51.100.0/30']);
  await due(scan);
  asked();
  broken.add('192.0.2.8 net');
  later(60);
  await due(scan);
  expect([...new Set(asked())]).toEqual([...[10, 11, 8, 9].map((last) => `192.0.2.${last} net`), '198.51.100.0 net']);
});

test('a list that the scan of all could not reach is asked about all targets until it was', async () => {
  const { track, broken, due, asked, later } = await openScanning([address, network]);
  await track(['192.0.2.8/30']);
  broken.add('127.0.0.2 one').add('127.0.0.2 net');
  await due(scan);
  expect(asked()).toEqual([]);
  later(60);
  await due(scan);
  expect(asked()).toEqual([]);
  broken.clear();
  later(60);
  await due(scan);
  expect(asked()).toHaveLength(8);
  later(60);
  await due(scan);
  expect(asked()).toEqual(['192.0.2.8 net']);
});

test('a list that cannot be asked at all marks nothing', async () => {
  const { track, broken, due, later, db } = await openScanning([network]);
  await track(['192.0.2.8/30']);
  await due(scan);
  broken.add('127.0.0.2 net');
  later(60);
  const begun = await due(scan);
  expect(begun).toMatchObject({ targets: 1 });
  const covered = await db.sql`
    select why, pos_to - pos_from as targets from coverage where scan_id = (select max(id) from scan)`;
  expect(covered).toEqual([{ why: 'list-unreachable', targets: 1 }]);
});

test('a scan that was killed between the probes and what they mark goes on with that', async () => {
  const { track, listed, begin, workOff, asked, later, due, scanner } = await openScanning([network]);
  await track(['192.0.2.8/30']);
  await due(scan);
  asked();
  listed.add('192.0.2.8 net');
  later(60);
  await begin(scan);
  const { onChanges } = scanner;
  scanner.onChanges = () => {
    throw new Error('killed');
  };
  await expect(workOff()).rejects.toThrow('killed');
  expect(asked()).toEqual(['192.0.2.8 net']);
  scanner.onChanges = onChanges;
  await workOff();
  expect(asked()).toEqual([10, 11, 9].map((last) => `192.0.2.${last} net`));
});

test('an operator whose lists do not fit in what the limits leave waits for the scan of all', () => {
  const lists = [list('a', { operator: 'op' }), list('b', { operator: 'op' }), list('c')];
  const lively = [range('192.0.2.0', '192.0.2.9')];
  const heard = new Set(['a', 'b', 'c']);
  const roomOf = (operator: string) => (operator === 'op' ? 31 : 16);
  const { parts, unfit } = partsFitting(lists, { all: lively, lively, heard }, roomOf);
  expect(parts.map(({ listIds }) => listIds)).toEqual([['c']]);
  expect(unfit).toEqual([{ operator: 'op', pairs: 20 }]);
});
