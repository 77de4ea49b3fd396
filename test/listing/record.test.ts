import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { addTargets, removeTargets } from '../../src/listing/tracked.ts';
import {
  batchOf,
  fullScan,
  hour,
  list,
  minute,
  namedScan,
  openWorld,
  range,
  recordBatch,
  scanAll,
  short,
} from './world.ts';

const a = list('a');
const seconds = (at: number, after: number): string => new Date(minute(at).getTime() + after * 1000).toISOString();

test('listed, recoded, delisted: intervals with first and last proof, changes in order with their evidence', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.7') }], minute(0));
  const target = '192.0.2.7';
  expect(await scanAll(db, [a], 10)).toEqual([]);
  expect((await scanAll(db, [a], 70, { a: { [target]: ['127.0.0.2'] } })).map(short)).toEqual([`listed ${target} a`]);
  await scanAll(db, [a], 130, { a: { [target]: ['127.0.0.2', '127.0.0.3'] } });
  expect(await scanAll(db, [a], 190)).toEqual([]);
  expect((await scanAll(db, [a], 250)).map(short)).toEqual([`delisted ${target} a`]);

  const history = await listingHistory(db, {});
  expect(history).toMatchObject([
    {
      target,
      list: 'a',
      since: seconds(70, 1),
      cleanBefore: seconds(10, 0),
      until: seconds(190, 1),
      endedBy: 'delisted',
      endProven: true,
      lastSeen: seconds(130, 0),
      codes: [
        { code: '127.0.0.2', label: 'SPAM', since: seconds(70, 1) },
        { code: '127.0.0.3', label: 'BOT', since: seconds(130, 1) },
      ],
      reason: `see https://a.example/${target}`,
      relapses: 0,
    },
  ]);
  const changes = await changeHistory(db, { evidence: true });
  expect(
    changes.map(({ kind, at, before, after, added, removed }) => ({ kind, at, before, after, added, removed })),
  ).toEqual([
    { kind: 'listed', at: seconds(70, 1), before: [], after: ['127.0.0.2'], added: ['SPAM'], removed: [] },
    {
      kind: 'recoded',
      at: seconds(130, 1),
      before: ['127.0.0.2'],
      after: ['127.0.0.2', '127.0.0.3'],
      added: ['BOT'],
      removed: [],
    },
    {
      kind: 'delisted',
      at: seconds(250, 1),
      before: ['127.0.0.2', '127.0.0.3'],
      after: [],
      added: [],
      removed: ['SPAM', 'BOT'],
    },
  ]);
  expect(changes[2]?.evidence).toMatchObject([
    {
      at: seconds(190, 1),
      rcode: 'NXDOMAIN',
      server: '127.0.0.1:53',
      controls: [{ role: 'listed', answered: '127.0.0.2' }],
    },
    { at: seconds(250, 1), asked: '7.2.0.192.a.example', proven: true },
  ]);
  expect(changes[0]?.evidence[0]).toMatchObject({
    addresses: ['127.0.0.2'],
    txt: `see https://a.example/${target}`,
    ttl: 300,
  });
});

test('an unknown verdict leaves a listing open, and is an exception of what was covered', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.9') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.5': ['127.0.0.2'] } });
  const unknown = { '192.0.2.5': 'timeout', '192.0.2.6': 'timeout', '192.0.2.8': 'servfail' } as const;
  for (const at of [70, 130, 190]) expect(await scanAll(db, [a], at, { a: unknown })).toEqual([]);
  expect(await listingHistory(db, {})).toMatchObject([{ until: null, lastSeen: seconds(10, 1) }]);
  const rows = await db.sql`select pos_from, pos_to, why from exception where coverage_id = 2 order by pos_from`;
  expect([...rows]).toEqual([
    { pos_from: 5, pos_to: 7, why: 'timeout' },
    { pos_from: 8, pos_to: 9, why: 'servfail' },
  ]);
});

test('the text of a list decides nothing: another one is no change', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.3') }], minute(0));
  const found = { '192.0.2.3': ['127.0.0.2'] };
  await scanAll(db, [a], 10, { a: found });
  const scan = await fullScan(db, [a], 20);
  const batch = batchOf(scan, 'a', 20, found);
  for (const result of batch.results) result.reason = 'removed, you are clean now';
  expect(await recordBatch(db, scan, batch)).toEqual([]);
  await scan.release();
  expect(await listingHistory(db, { open: true })).toHaveLength(1);
});

test('an unproven list lets go after three cleans a day apart, recorded as unproven', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.3') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.3': ['127.0.0.2'] } });
  const clean = { a: { '192.0.2.3': 'unproven' as const } };
  for (const at of [20, 20 + 23 * hour, 20 + 24 * hour]) expect(await scanAll(db, [a], at, clean)).toEqual([]);
  expect(await scanAll(db, [a], 20 + 48 * hour, clean)).toMatchObject([{ kind: 'delisted', proven: false }]);
  const ended = { endedBy: 'delisted', endProven: false, until: seconds(20, 1) };
  expect(await listingHistory(db, {})).toMatchObject([ended]);
});

test('rows grow with scans × lists, not with targets', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('198.51.0.0', '198.51.7.255') }], minute(0));
  const scan = await fullScan(db, [a], 10);
  for (let posFrom = 0; posFrom < 2048; posFrom += 128)
    await recordBatch(db, scan, batchOf(scan, 'a', 10, {}, { posFrom, posTo: posFrom + 128 }));
  await scan.release();
  const [row] = await db.sql`
    select (select count(*) from coverage)::int as coverage, (select count(*) from exception)::int as exceptions,
      (select count(*) from target_set_part)::int as parts, (select asked from coverage) as asked`;
  expect(row).toEqual({ coverage: 1, exceptions: 0, parts: 1, asked: 2048 });
});

test('a list that is unknown as a whole is one row without exceptions', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.1') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.0': 'list-unreachable', '192.0.2.1': 'list-unreachable' } });
  const rows = await db.sql`select proof, why, unknown, (select count(*)::int from exception) as n from coverage`;
  expect([...rows]).toEqual([{ proof: 'none', why: 'list-unreachable', unknown: 2, n: 0 }]);
});

test('a batch that fails half way leaves nothing behind', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.1') }], minute(0));
  await db.sql`create function fail() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$`;
  await db.sql`create trigger fail before insert on evidence execute function fail()`;
  const scan = await fullScan(db, [a], 10);
  const batch = batchOf(scan, 'a', 10, { '192.0.2.1': ['127.0.0.2'] });
  await expect(recordBatch(db, scan, batch)).rejects.toThrow();
  await scan.release();
  const [row] = await db.sql`
    select (select count(*) from coverage)::int as coverage, (select count(*) from listing)::int as listings,
      (select count(*) from incident)::int as incidents, (select count(*) from change)::int as changes`;
  expect(row).toEqual({ coverage: 0, listings: 0, incidents: 0, changes: 0 });
});

test('scans that record side by side make one listing and one change', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.7') }], minute(0));
  const found = { '192.0.2.3': ['127.0.0.2'], '192.0.2.4': ['127.0.0.3'] };
  const full = await fullScan(db, [a], 10);
  const named = await Promise.all(
    Array.from({ length: 4 }, () => namedScan(db, [range('192.0.2.3', '192.0.2.5')], [a], 11)),
  );
  const recorded = await Promise.all(
    [full, ...named].map((scan) => recordBatch(db, scan, batchOf(scan, 'a', 12, found))),
  );
  await full.release();
  expect(recorded.flat().map(short).sort()).toEqual(['listed 192.0.2.3 a', 'listed 192.0.2.4 a']);
  expect(await changeHistory(db, {})).toHaveLength(2);
  const [sets] = await db.sql`select count(*)::int as n from target_set`;
  expect(sets).toEqual({ n: 2 });
});

test('two scans at once confirm a delisting together, once', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.3') }], minute(0));
  await scanAll(db, [a], 10, { a: { '192.0.2.3': ['127.0.0.2'] } });
  const scans = await Promise.all([20, 30, 40].map((at) => namedScan(db, [range('192.0.2.3')], [a], at)));
  const recorded = await Promise.all(scans.map((scan, at) => recordBatch(db, scan, batchOf(scan, 'a', 20 + at * 10))));
  expect(recorded.flat().map(short)).toEqual(['delisted 192.0.2.3 a']);
});

test('relisted within 72 hours is the same incident and a relapse; later it is a new one', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.3') }], minute(0));
  const listed = { a: { '192.0.2.3': ['127.0.0.2'] } };
  await scanAll(db, [a], 10, listed);
  const open = async (): Promise<unknown[]> =>
    (await db.sql`select closed_at is null as open from incident order by id`).map((row) => row.open);
  for (const at of [20, 30]) await scanAll(db, [a], at);
  expect(await open()).toEqual([false]);
  await scanAll(db, [a], 20 + 71 * hour, listed);
  expect(await open()).toEqual([true]);
  for (const at of [72 * hour, 73 * hour]) await scanAll(db, [a], at);
  await scanAll(db, [a], 145 * hour, listed);
  const history = await listingHistory(db, {});
  expect(history.map(({ relapses }) => relapses)).toEqual([0, 1, 0]);
  expect(history[1]?.incident).toBe(history[0]?.incident);
  expect(history[2]?.incident).not.toBe(history[0]?.incident);
  expect(history[1]?.cleanBefore).toBe(seconds(30, 0));
  expect(await open()).toEqual([false, true]);
});

test('listings on a zone and on what it contains are one incident', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.3') }], minute(0));
  const zen = list('zen', { operator: 's', contains: ['sbl'] });
  const sbl = list('sbl', { operator: 's' });
  const found = { '192.0.2.3': ['127.0.0.2'] };
  await scanAll(db, [sbl, a, zen], 10, { zen: found, sbl: found, a: found });
  const byList = new Map((await listingHistory(db, {})).map((one) => [one.list, one.incident]));
  expect(byList.get('zen')).toBe(byList.get('sbl'));
  expect(byList.get('a')).not.toBe(byList.get('zen'));
});

test('a burst is one incident for each prefix', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('198.51.100.250', '198.51.101.20') }], minute(0));
  const targets = Array.from({ length: 21 }, (_, at) => `198.51.101.${at}`);
  const found = Object.fromEntries([...targets, '198.51.100.255'].map((target) => [target, ['127.0.0.2']]));
  await scanAll(db, [a], 10, { a: found });
  const rows = await db.sql`select target from incident order by id`;
  expect(rows.map(({ target }) => target).sort()).toEqual(['198.51.100.255', '198.51.101.0/24']);
});

test('what a running scan sees of a target that was removed changes nothing', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.7') }], minute(0));
  const scan = await fullScan(db, [a], 10);
  await removeTargets(db, [range('192.0.2.3')], minute(11));
  const found = { '192.0.2.3': ['127.0.0.2'], '192.0.2.4': ['127.0.0.2'] };
  const changes = await recordBatch(db, scan, batchOf(scan, 'a', 12, found));
  await scan.release();
  expect(changes.map(short)).toEqual(['listed 192.0.2.4 a']);
});

test('a prefix of IPv6 and domains are recorded as IPv4 is', async () => {
  const db = await openWorld();
  const all = list('all', { accepts: ['ipv4', 'ipv6', 'domain'] });
  const ranges = [range('2001:db8::', '2001:db8::f'), range('mail.example'), range('192.0.2.1')];
  await addTargets(
    db,
    ranges.map((one) => ({ range: one })),
    minute(0),
  );
  await scanAll(db, [all, a], 10);
  const found = { '2001:db8::a': ['127.0.0.2'], 'mail.example': ['127.0.0.3'] };
  const changes = await scanAll(db, [all, a], 20, { all: found });
  expect(changes.map(short)).toEqual(['listed 2001:db8::a all', 'listed mail.example all']);
  const history = await listingHistory(db, {});
  expect(history.map(({ cleanBefore }) => cleanBefore)).toEqual([seconds(10, 0), seconds(10, 0)]);
  const rows = await db.orm.execute(sql`select distinct kind from coverage where list_id = 'a'`);
  expect([...rows]).toEqual([{ kind: 'ipv4' }]);
});
