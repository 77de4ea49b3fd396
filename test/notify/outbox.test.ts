import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { collect } from '../../src/notify/collect.ts';
import { deliver, enqueue, type Message, messages, retry } from '../../src/notify/outbox.ts';
import { testDatabase } from '../database.ts';
import { hour, list, minute, openWorld, range, scanAll } from '../listing/world.ts';
import { startMailbox } from './mailbox.ts';
import { startReceiver } from './receiver.ts';
import { channelOf, setupOf } from './setup.ts';

const message = (title: string): Message => ({
  kind: 'alert',
  doc: { language: 'en', title, summary: [['text']], sections: [], footer: [] },
  tone: 'bad',
  threads: [],
  data: {},
});

test('while the mail server is down for hours nothing is lost, and when it is back every message arrives once', async () => {
  const db = await openWorld();
  const mailbox = await startMailbox();
  const mail = channelOf('mail', {
    ...{ type: 'email', to: ['ops@example.org'], from: 'watch@example.org', user: null, password: null },
    server: `smtp://127.0.0.1:${mailbox.port}`,
  });
  await enqueue(db.orm, 'mail', message('before'), minute(0));
  await deliver(db, [mail], minute(0));
  await mailbox.stop();
  for (let at = 0; at < 7 * hour; at += 15) {
    if (at % hour === 0) await enqueue(db.orm, 'mail', message(`hour ${at / hour}`), minute(at));
    for (const { state } of await deliver(db, [mail], minute(at))) expect(state).toBe('waiting');
  }
  await mailbox.start();
  for (let at = 7 * hour; at < 9 * hour; at += 15) await deliver(db, [mail], minute(at));
  const subjects = mailbox.mails.map((one) => /^Subject: (.*)$/m.exec(one)?.[1]?.trim());
  expect(subjects.toSorted()).toEqual(['before', ...[0, 1, 2, 3, 4, 5, 6].map((at) => `hour ${at}`)]);
  expect(await messages(db, ['waiting', 'dead'])).toEqual([]);
});

test('a channel that fails is asked less and less, and once for all its messages', async () => {
  const db = await openWorld();
  const { url, received } = await startReceiver(() => ({ status: 503 }));
  const hook = channelOf('hook', { type: 'webhook', url, secret: null });
  for (const title of ['a', 'b', 'c']) await enqueue(db.orm, 'hook', message(title), minute(0));
  for (let at = 0; at < 24 * hour; at += 5) await deliver(db, [hook], minute(at));
  expect(received.length).toBeGreaterThan(20);
  expect(received.length).toBeLessThan(60);
});

test('a channel is left alone for as long as it asks for', async () => {
  const db = await openWorld();
  const { url, received } = await startReceiver(() => ({ status: 429, headers: { 'retry-after': '1800' } }));
  const hook = channelOf('hook', { type: 'webhook', url, secret: null });
  await enqueue(db.orm, 'hook', message('a'), minute(0));
  for (let at = 0; at < 30; at += 1) await deliver(db, [hook], minute(at));
  expect(received).toHaveLength(1);
});

test('what is refused for good, or fails for three days, is dead; retried, it goes out', async () => {
  const db = await openWorld();
  let status = 404;
  const { url, received } = await startReceiver(() => ({ status }));
  const hook = channelOf('hook', { type: 'webhook', url, secret: null });
  await enqueue(db.orm, 'hook', message('refused'), minute(0));
  const late = await enqueue(db.orm, 'hook', message('late'), minute(1));
  await deliver(db, [hook], minute(0));
  status = 503;
  for (let at = 1; at < 74 * hour; at += hour) await deliver(db, [hook], minute(at));
  const dead = await messages(db, ['dead']);
  expect(dead).toMatchObject([
    { title: 'refused', said: 'HTTP 404: {"ok":true,"errcode":0,"code":0}' },
    { title: 'late', said: 'HTTP 503: {"ok":true,"errcode":0,"code":0}' },
  ]);
  status = 200;
  received.length = 0;
  expect(await retry(db, [late], minute(80 * hour))).toBe(1);
  await deliver(db, [hook], minute(80 * hour));
  expect(received.map(({ json }) => (json as { data: { title: string } }).data.title)).toEqual(['late']);
  await expect(retry(db, [999], minute(0))).rejects.toThrow('message 999: expected one that waits or is dead');
});

test('a message to a channel that is no longer configured is dead, not forgotten', async () => {
  const db = await openWorld();
  await enqueue(db.orm, 'gone', message('a'), minute(0));
  await deliver(db, [], minute(0));
  expect(await messages(db, ['dead'])).toMatchObject([{ said: 'no such channel in the configuration' }]);
});

test('of what is stored nothing is secret', async () => {
  const db = await openWorld();
  const { url } = await startReceiver(() => ({ status: 403, body: 'token topsecret42 is revoked' }));
  const hook = channelOf('hook', { type: 'slack', url: `${url}/T1/topsecret42` });
  await enqueue(db.orm, 'hook', message('a'), minute(0));
  await deliver(db, [hook], minute(0));
  const rows = await db.sql`select row_to_json(outbox)::text as row from outbox`;
  expect(rows[0]?.row).toContain('HTTP 403');
  expect(rows[0]?.row).not.toContain('topsecret42');
});

test('any number of processes send side by side, each message once', async () => {
  const where = await testDatabase();
  const handles = await Promise.all([1, 2, 3].map(() => openDatabase(where)));
  const [db] = handles as [(typeof handles)[0]];
  // Answers when three are under way at once.
  const { promise: three, resolve } = Promise.withResolvers<void>();
  const { url, received } = await startReceiver(async (_received, number) => {
    if (number === 3) resolve();
    await three;
    return {};
  });
  const hook = channelOf('hook', { type: 'webhook', url, secret: null });
  for (let at = 0; at < 9; at += 1) await enqueue(db.orm, 'hook', message(`m${at}`), minute(0));
  const delivered = (await Promise.all(handles.map((one) => deliver(one, [hook], minute(0))))).flat();
  const ids = received.map(({ headers }) => headers['webhook-id']);
  expect(new Set(ids).size).toBe(9);
  expect(ids).toHaveLength(9);
  expect(delivered.map(({ state }) => state)).toEqual(Array(9).fill('sent'));
  await Promise.all(handles.map((one) => one.close()));
});

const KILLS = 4;

test('processes that are killed at any moment lose no change and send none twice', async () => {
  const where = await testDatabase();
  const db = await openDatabase(where);
  const spam = list('spam');
  const { url, received } = await startReceiver();
  const hook = channelOf('hook', { type: 'webhook', url, secret: null });
  await addTargets(db, [{ range: range('192.0.2.1', '192.0.2.20') }], minute(0));
  await scanAll(db, [spam], 1);
  await collect(db, setupOf([spam], [hook]), minute(2));

  const sender = fileURLToPath(new URL('./sender.ts', import.meta.url));
  const start = () =>
    spawn(process.execPath, [sender, where, url, minute(180).toISOString()], { stdio: ['ignore', 'pipe', 'inherit'] });
  let senders = [start(), start()];
  const listed: Record<string, string[]> = {};
  for (let at = 1; at <= KILLS; at += 1) {
    for (let more = 0; more < 5; more += 1) listed[`192.0.2.${at * 5 - more}`] = ['127.0.0.2'];
    await scanAll(db, [spam], at * 10, { spam: { ...listed } });
    const [victim, other] = senders;
    if (victim === undefined || other === undefined) break;
    // Killed in the middle of whatever it does after it is ready.
    await once(victim.stdout, 'data');
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    senders = [other, start()];
  }
  for (const one of senders) one.kill('SIGKILL');
  await Promise.all(
    senders.map((one) => (one.exitCode === null && one.signalCode === null ? once(one, 'exit') : null)),
  );
  await collect(db, setupOf([spam], [hook]), minute(200));
  await deliver(db, [hook], minute(200));

  const byId = new Map(received.map(({ headers, json }) => [String(headers['webhook-id']), json as Sent]));
  const told = [...byId.values()].flatMap(({ data }) => data.notices.map(({ listing }) => listing.target));
  expect(told.toSorted()).toEqual(Object.keys(listed).toSorted());
  // What was sent and not yet noted when its process was killed comes again, under its old id: once for each kill at most.
  expect(received.length - byId.size).toBeLessThanOrEqual(KILLS);
  await db.close();
}, 120_000);

test('killed between the sending and the noting, a message is sent again under the same id, by which it can be dropped', async () => {
  const where = await testDatabase();
  const db = await openDatabase(where);
  let victim: ChildProcess | null = null;
  const { url, received } = await startReceiver(async () => {
    if (victim === null) return {};
    const killed = once(victim, 'exit');
    victim.kill('SIGKILL');
    victim = null;
    await killed;
    return {};
  });
  await enqueue(db.orm, 'hook', message('a'), minute(0));
  const sender = fileURLToPath(new URL('./sender.ts', import.meta.url));
  victim = spawn(process.execPath, [sender, where, url, minute(1).toISOString()], { stdio: 'ignore' });
  await once(victim, 'exit');
  // The lock goes with the connection of the process, which the server may notice a little later.
  const hook = channelOf('hook', { type: 'webhook', url, secret: null });
  while ((await deliver(db, [hook], minute(2))).length === 0) await pause(20);
  expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(['alert-1', 'alert-1']);
  expect(await messages(db, ['waiting', 'dead'])).toEqual([]);
  await db.close();
});

type Sent = { data: { notices: { listing: { target: string } }[] } };
