import * as v from 'valibot';
import { expect, test } from 'vitest';
import { requestRemoval } from '../../../src/listing/removals.ts';
import { addTargets, removeTargets } from '../../../src/listing/tracked.ts';
import { readDigest } from '../../../src/notify/digest/read.ts';
import { digestSchema } from '../../../src/notify/digest/schema.ts';
import { enqueueDigests } from '../../../src/notify/digest/send.ts';
import { addMute } from '../../../src/notify/mute-store.ts';
import { messages } from '../../../src/notify/outbox.ts';
import { hour, list, minute, openWorld, range, scanAll } from '../../listing/world.ts';
import { channelOf, setupOf } from '../setup.ts';

const spam = list('spam', {
  delisting: { url: 'https://spam.example/?ip={ip}', method: 'form', by: 'ip-owner', usualTime: 'PT2H' },
});
const other = list('other');
const lists = [spam, other];
const dayTo = (at: number) => ({ from: minute(at - 24 * hour), to: minute(at) });

test('a day as it was recorded: new, gone, still there, whose move, unseen, closed and muted', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.1', '192.0.2.9'), tags: ['acme'], label: 'mail' }], minute(0));
  await addTargets(db, [{ range: range('198.51.100.1'), tags: ['other'] }], minute(0));
  const old = {
    spam: { '192.0.2.1': ['127.0.0.2'], '192.0.2.2': ['127.0.0.2'] },
    other: { '198.51.100.1': ['127.0.0.2'] },
  };
  await scanAll(db, lists, 1, { spam: { ...old.spam, '192.0.2.3': ['127.0.0.2'] }, other: old.other });
  await requestRemoval(db, { target: '192.0.2.1', list: 'spam' }, minute(2));
  await addMute(db, { range: range('192.0.2.2'), list: null, until: null, listing: null, why: 'known' }, minute(3));

  const now = 30 * hour;
  const today = { spam: { ...old.spam, '192.0.2.4': ['127.0.0.3'] }, other: old.other };
  const silent = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`192.0.2.${at + 1}`, 'timeout' as const]));
  await scanAll(db, lists, now - 60, today);
  await scanAll(db, lists, now - 50, { spam: today.spam, other: { ...silent, '198.51.100.1': 'timeout' } });
  await removeTargets(db, [range('198.51.100.1')], minute(now - 40));

  const digest = await readDigest(db, lists, { period: dayTo(now), tags: null });
  expect(v.safeParse(digestSchema, digest).issues).toBeUndefined();
  const short = (some: readonly { target: string; list: string }[]): string[] =>
    some.map((one) => `${one.target} ${one.list}`);
  expect(short(digest.listed)).toEqual(['192.0.2.4 spam']);
  expect(digest.listed[0]).toMatchObject({
    label: 'mail',
    tags: ['acme'],
    move: { actor: 'you', page: 'https://spam.example/?ip=192.0.2.4' },
  });
  expect(short(digest.still)).toEqual(['192.0.2.1 spam', '192.0.2.2 spam']);
  expect(digest.still[0]?.move).toMatchObject({ requestedAt: minute(2).toISOString(), overdue: true });
  expect(digest.still.map(({ muted }) => muted)).toEqual([false, true]);
  expect(short(digest.delisted)).toEqual(['192.0.2.3 spam']);
  expect(digest.closed).toMatchObject([{ target: '198.51.100.1', endedBy: 'untracked' }]);
  expect(digest.unseen).toMatchObject([
    { list: 'other', why: 'timeout', since: expect.stringContaining('2026-11-02T05:00') },
  ]);
  expect(digest.muted).toMatchObject([{ target: '192.0.2.2', why: 'known' }]);
  expect(digest).toMatchObject({ targets: 9, scans: { finished: 2 } });
});

test("a client's digest is about its own targets only", async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.1'), tags: ['acme'] }], minute(0));
  await addTargets(db, [{ range: range('192.0.2.2'), tags: ['secret-client'] }], minute(0));
  await addMute(db, { range: range('192.0.2.2'), list: null, until: null, listing: null, why: 'theirs' }, minute(0));
  await scanAll(db, lists, 1, { spam: { '192.0.2.1': ['127.0.0.2'], '192.0.2.2': ['127.0.0.2'] } });
  const digest = await readDigest(db, lists, { period: dayTo(10), tags: ['acme'] });
  expect(digest.targets).toBe(1);
  expect(JSON.stringify(digest)).not.toContain('192.0.2.2');
});

test('a digest that is asked for twice under the same name is made once; every channel gets its own targets', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.1'), tags: ['acme'] }, { range: range('192.0.2.2') }], minute(0));
  await scanAll(db, lists, 1, { spam: { '192.0.2.1': ['127.0.0.2'], '192.0.2.2': ['127.0.0.2'] } });
  const hook = { type: 'webhook', url: 'http://127.0.0.1:9009/', secret: null } as const;
  const channels = [channelOf('ops', hook), channelOf('acme', hook), channelOf('pager', hook, { gets: ['alerts'] })];
  const routes = [
    { to: ['ops', 'pager'], tags: null, impact: 'low' as const, severity: 'low' as const },
    { to: ['acme'], tags: ['acme'], impact: 'low' as const, severity: 'low' as const },
  ];
  const of = { span: 24 * 3_600_000, name: 'digest 2026-11-01T07:00:00.000Z' };
  expect(await enqueueDigests(db, setupOf(lists, channels, { routes }), of, minute(10))).toBe(2);
  expect(await enqueueDigests(db, setupOf(lists, channels, { routes }), of, minute(11))).toBe(0);
  const made = await messages(db, ['waiting']);
  expect(made.map(({ channel, title }) => `${channel}: ${title}`)).toEqual([
    'ops: DNS lists: 2 new',
    'acme: acme, DNS lists: 1 new',
  ]);
});

test('thousands of listings are read in little time', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('10.0.0.0', '10.0.19.255') }], minute(0));
  const found = Object.fromEntries(
    Array.from({ length: 5000 }, (_, at) => [`10.0.${at >> 8}.${at & 255}`, ['127.0.0.2']]),
  );
  await scanAll(db, lists, 1, { spam: found });
  const start = performance.now();
  const digest = await readDigest(db, lists, { period: dayTo(10), tags: null });
  expect(digest.listed).toHaveLength(5000);
  expect(performance.now() - start).toBeLessThan(10_000);
});
