import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import { requestRemoval } from '../../src/listing/removals.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { collect } from '../../src/notify/collect.ts';
import { addMute, endMutes } from '../../src/notify/mute-store.ts';
import { deliver, messages } from '../../src/notify/outbox.ts';
import { hour, list, minute, openWorld, range, scanAll } from '../listing/world.ts';
import { startReceiver } from './receiver.ts';
import { channelOf, setupOf } from './setup.ts';

const spam = list('spam', { delisting: { url: 'https://spam.example/?ip={ip}', method: 'form', by: 'ip-owner' } });
const ops = channelOf('ops', { type: 'webhook', url: 'http://127.0.0.1:9/', secret: null });
const setup = setupOf([spam], [ops]);
const listed = { spam: { '192.0.2.7': ['127.0.0.2'] } };

async function world(): Promise<Database> {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.1', '192.0.2.9'), tags: ['acme'], label: 'mail' }], minute(0));
  return db;
}

const titles = async (db: Database): Promise<string[]> => (await messages(db, ['waiting'])).map(({ title }) => title);

test('a change is told once, however often it is asked what is owed', async () => {
  const db = await world();
  await scanAll(db, [spam], 1);
  expect(await collect(db, setup, minute(2))).toBe(0);
  await scanAll(db, [spam], 10, listed);
  expect(await collect(db, setup, minute(12))).toBe(1);
  expect(await collect(db, setup, minute(13))).toBe(0);
  expect(await titles(db)).toEqual(['Listed: 192.0.2.7 on spam']);
});

test('whoever is told for the first time is told what is listed, in one message', async () => {
  const db = await world();
  await scanAll(db, [spam], 1, { spam: { '192.0.2.7': ['127.0.0.2'], '192.0.2.8': ['127.0.0.3'] } });
  await collect(db, setup, minute(2));
  expect(await titles(db)).toEqual(['2 found on the first look']);
});

test('what happens within the window is one message, and what came and went in it is told once', async () => {
  const db = await world();
  const patient = { ...setup, alerting: { ...setup.alerting, window: 3_600_000 } };
  await scanAll(db, [spam], 1);
  await collect(db, patient, minute(2));
  await scanAll(db, [spam], 10, listed);
  expect(await collect(db, patient, minute(12))).toBe(0);
  await scanAll(db, [spam], 20);
  await scanAll(db, [spam], 30);
  expect(await collect(db, patient, minute(40))).toBe(0);
  expect(await collect(db, patient, minute(73))).toBe(1);
  expect(await titles(db)).toEqual(['Delisted: 192.0.2.7 from spam']);
});

test('a message says why, since when and whose move it is', async () => {
  const db = await world();
  const { url, received } = await startReceiver();
  const channel = channelOf('ops', { type: 'telegram', server: url, token: 't', chat: '1' });
  await scanAll(db, [spam], 1);
  await collect(db, setup, minute(2));
  await scanAll(db, [spam], 10, listed);
  await collect(db, setup, minute(12));
  await deliver(db, [channel], minute(12));
  expect(received.map(({ json }) => (json as { text: string }).text).join('')).toMatchInlineSnapshot(`
    "<b>Listed: 192.0.2.7 on spam</b>

    <b>New listings</b>
    • <b>192.0.2.7</b> (mail) on <b>spam</b>: SPAM
       Since 2026-11-01 00:10 UTC; proven clean 2026-11-01 00:01 UTC
       The list says: see https://spam.example/192.0.2.7
       Whose move: You, as the one responsible for the address.
       Page: https://spam.example/?ip=192.0.2.7
       Takes: the operator gives no time for an answer

    In full: dnsblwatch delist 192.0.2.7"
  `);
});

test('a channel gets what its routes let through', async () => {
  const db = await world();
  const other = channelOf('other', { type: 'webhook', url: 'http://127.0.0.1:9/', secret: null });
  const routes = [
    { to: ['ops'], tags: ['acme'], impact: 'low' as const, severity: 'low' as const },
    { to: ['other'], tags: ['someone-else'], impact: 'low' as const, severity: 'low' as const },
  ];
  await collect(db, setupOf([spam], [ops, other], { routes }), minute(0));
  await scanAll(db, [spam], 1, listed);
  await collect(db, setupOf([spam], [ops, other], { routes }), minute(2));
  expect((await messages(db, ['waiting'])).map(({ channel }) => channel)).toEqual(['ops']);
});

test('what is muted is not told; when the mute ends and it is still listed, it is', async () => {
  const db = await world();
  await scanAll(db, [spam], 1);
  await collect(db, setup, minute(2));
  const id = await addMute(db, { range: null, list: 'spam', until: null, listing: null, why: 'known' }, minute(3));
  await scanAll(db, [spam], 10, listed);
  await collect(db, setup, minute(12));
  expect(await titles(db)).toEqual([]);
  await endMutes(db, [id], minute(20));
  await collect(db, setup, minute(21));
  expect(await titles(db)).toEqual(['Still listed, and no longer muted: 192.0.2.7 on spam']);
});

test('what stays listed is told again after a day, once', async () => {
  const db = await world();
  await scanAll(db, [spam], 1);
  await collect(db, setup, minute(2));
  await scanAll(db, [spam], 10, listed);
  await collect(db, setup, minute(12));
  await collect(db, setup, minute(25 * hour));
  await collect(db, setup, minute(26 * hour));
  expect(await titles(db)).toEqual(['Listed: 192.0.2.7 on spam', 'Still listed: 192.0.2.7 on spam']);
});

test('a reminder says when it was last seen there: a list that is silent since proves nothing', async () => {
  const db = await world();
  const { url, received } = await startReceiver();
  const channel = channelOf('ops', { type: 'telegram', server: url, token: 't', chat: '1' });
  await collect(db, setup, minute(0));
  await scanAll(db, [spam], 1, listed);
  await scanAll(db, [spam], 300, listed);
  await scanAll(db, [spam], 600, { spam: { '192.0.2.7': 'timeout' } });
  for (const at of [601, 25 * hour]) await collect(db, setup, minute(at));
  await deliver(db, [channel], minute(25 * hour));
  expect((received[1]?.json as { text: string } | undefined)?.text).toContain(
    'For 24 h now\n   Last seen there 2026-11-01 05:00 UTC',
  );
});

test('what comes and goes is told three times, then as flapping, and once more when it stays as it is', async () => {
  const db = await world();
  await scanAll(db, [spam], 1);
  await collect(db, setup, minute(2));
  let at = 10;
  for (let round = 0; round < 3; round += 1) {
    await scanAll(db, [spam], at, listed);
    await collect(db, setup, minute(at + 2));
    for (const clean of [at + 10, at + 20]) await scanAll(db, [spam], clean);
    await collect(db, setup, minute(at + 22));
    at += 30;
  }
  await collect(db, setup, minute(at + 25 * hour));
  expect((await titles(db)).map((title) => title.split(':')[0])).toEqual([
    ...['Listed', 'Delisted', 'Listed', 'Comes and goes', 'Settled'],
  ]);
});

test('a removal that takes longer than is usual is told once', async () => {
  const db = await world();
  const slow = list('spam', { delisting: { method: 'form', by: 'ip-owner', usualTime: 'PT2H' } });
  await collect(db, setup, minute(0));
  await scanAll(db, [slow], 1, listed);
  await requestRemoval(db, { target: '192.0.2.7', list: 'spam' }, minute(2));
  for (const at of [10, 100, 130, 140]) await collect(db, setupOf([slow], [ops]), minute(at));
  expect(await titles(db)).toEqual(['Found listed: 192.0.2.7 on spam', 'Removal overdue: 192.0.2.7 on spam']);
});

test('a list that tells nothing for a day is told, with the reason', async () => {
  const db = await world();
  await scanAll(db, [spam], 1);
  await collect(db, setup, minute(2));
  const silent = { spam: Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`192.0.2.${at + 1}`, 'timeout'])) };
  await scanAll(db, [spam], 10, silent as never);
  await collect(db, setup, minute(12));
  expect(await titles(db)).toEqual([]);
  await scanAll(db, [spam], 25 * hour, silent as never);
  await collect(db, setup, minute(25 * hour + 1));
  await collect(db, setup, minute(25 * hour + 2));
  expect(await titles(db)).toEqual(['Cannot see: spam']);
});

test('a change that is committed after a later one is not lost', async () => {
  const db = await world();
  await scanAll(db, [spam], 1);
  await collect(db, setup, minute(2));
  // A scan of another operator that has got its number and is not yet done.
  const early = await db.sql.reserve();
  await early`begin`;
  await early`insert into incident (target, opened_at) values ('192.0.2.8', ${minute(10)})`;
  await early`
    insert into listing (target, list_id, incident_id, since, codes, relapses)
    select '192.0.2.8', 'slow', id, ${minute(10)}, '[{"code":"127.0.0.2","label":"SPAM","key":"SPAM","since":"2026-11-01T00:10:00.000Z"}]'::jsonb, 0
    from incident where target = '192.0.2.8'`;
  await early`
    insert into change (at, kind, listing_id, before, after, proven)
    select ${minute(10)}, 'listed', id, '{}', '{127.0.0.2}', true from listing where list_id = 'slow'`;
  await scanAll(db, [spam], 10, listed);
  const collected = collect(db, setup, minute(12));
  await waiting(db);
  await early`commit`;
  early.release();
  await collected;
  expect(await titles(db)).toEqual(['1 new listing, 1 found on the first look']);
});

/** Until somebody waits for the lock on the changes. */
async function waiting(db: Database): Promise<void> {
  for (;;) {
    const rows = await db.orm.execute(sql`select 1 from pg_locks where not granted and relation = 'change'::regclass`);
    if (rows.length > 0) return;
  }
}
