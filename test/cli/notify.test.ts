import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { digestSchema } from '../../src/notify/digest/schema.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { startReceiver } from '../notify/receiver.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
let lab: LabServer;
let listed = false;
let database: string;
let time = Date.parse('2026-11-24T07:00:00Z');

beforeAll(async () => {
  lab = await startLab(({ name }) =>
    name.startsWith('2.0.0.127.') || (listed && name === '7.2.0.192.spam.test')
      ? { a: ['127.0.0.2'], txt: ['trap hit'] }
      : { nxdomain: true },
  );
});
afterAll(async () => {
  await lab.close();
  remove();
});

beforeEach(async () => {
  database = await testDatabase();
  listed = false;
});

function configure(channels: object): void {
  const list = {
    ...{ id: 'spam', name: 'Spam List', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
    ...{ control: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
    codes: { '127.0.0.2': { label: 'SPAM', meaning: 'traps', severity: 'high' } },
  };
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: [list] }));
  const confirm = { delisted: 1, spacing: '0s' };
  writeFileSync(
    path.join(home, 'config.json'),
    JSON.stringify({ catalogue: 'lists.json', lists: 'spam', timeout: '2s', confirm, channels }),
  );
}

function run(...args: string[]): Promise<Ran> {
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database };
  time += 60_000;
  return command(args, { env, now: () => new Date(time) });
}

const titleOf = ({ json }: { json: unknown }): string => (json as { data: { title: string } }).data.title;

test('scan --notify tells what is new, once; a channel that is down gets it later', async () => {
  let status = 500;
  const { url, received } = await startReceiver(() => ({ status }));
  configure({ ops: { type: 'webhook', url } });
  await run('targets', 'add', '192.0.2.7', '--allow-special');
  await run('scan', '--notify');
  expect(received).toHaveLength(0);

  listed = true;
  const hit = await run('scan', '--notify');
  expect(hit.status).toBe(2);
  expect(hit.err).toContain('ops: "Listed: 192.0.2.7 on Spam List" not sent, to be tried again: HTTP 500');
  const [waiting] = JSON.parse((await run('notify', 'list', '--format', 'json')).out);
  expect(waiting).toMatchObject({ channel: 'ops', state: 'waiting', tries: 1 });

  status = 200;
  time += 3_600_000;
  expect((await run('notify', 'send')).out).toBe('1 message sent.\n');
  await run('scan', '--notify');
  expect(received.map(titleOf)).toEqual(Array(2).fill('Listed: 192.0.2.7 on Spam List'));
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect((await run('notify', 'list')).err).toContain('No messages wait or are dead');
});

test('what was refused for good is listed, and retried when it is asked for', async () => {
  let status = 404;
  const { url, received } = await startReceiver(() => ({ status }));
  configure({ ops: { type: 'webhook', url } });
  listed = true;
  await run('targets', 'add', '192.0.2.7', '--allow-special');
  const hit = await run('scan', '--notify');
  expect(hit.err).toContain('refused: HTTP 404');
  expect((await run('notify', 'list')).out).toMatch(/ops\s+dead/);
  status = 200;
  expect((await run('notify', 'retry')).status).toBe(0);
  expect(received).toHaveLength(2);
});

test('a mute keeps still and is shown; an acknowledgement ends with its listing', async () => {
  const { url, received } = await startReceiver();
  configure({ ops: { type: 'webhook', url } });
  await run('targets', 'add', '192.0.2.7', '--allow-special');
  await run('scan', '--notify');
  expect((await run('mute', '192.0.2.7', 'spam', '--until', 'delisted')).err).toContain('no open listing is recorded');
  const muted = await run('mute', 'spam', '--until', '7d', '--why', 'known');
  expect(muted.out).toMatch(/^Muted: spam until 2026-12-01 \d\d:\d\d UTC\. Every digest shows it/);
  listed = true;
  await run('scan', '--notify');
  expect(received).toHaveLength(0);
  expect((await run('mute', 'list')).out).toMatch(/1\s+spam\s+until 2026-12-01.*known/);

  expect((await run('mute', '192.0.2.7', 'spam', '--until', 'delisted')).out).toContain('until it is delisted');
  expect((await run('unmute', 'spam')).out).toBe('No longer muted: spam.\n');
  listed = false;
  await run('scan', '--notify');
  listed = true;
  time += 4 * 86_400_000;
  await run('scan', '--notify');
  expect(received.map(titleOf).at(-1)).toBe('Listed: 192.0.2.7 on Spam List');
  expect((await run('mute', 'list')).err).toContain('Nothing is muted');
});

test('notify test says whether a channel works, and never its address', async () => {
  let status = 200;
  const { url, received } = await startReceiver(() => ({ status, body: '{"ok":true}' }));
  configure({ ops: { type: 'slack', url: `${url}/T000/secret-part`, language: 'zh-CN' } });
  expect((await run('notify', 'test', 'ops')).out).toBe('Sent to ops.\n');
  expect(received[0]?.body).toContain('dnsblwatch 测试消息');
  status = 403;
  const failed = await run('notify', 'test', 'ops');
  expect(failed.status).toBe(3);
  expect(failed.err).toContain('notify test ops: HTTP 403');
  expect(failed.err).not.toContain('secret-part');
  expect((await run('notify', 'test', 'nobody')).err).toContain('notify test "nobody": expected one of ops');
});

test('a fire drill takes what is listed for certain through the whole chain, and leaves no listing', async () => {
  const { url, received } = await startReceiver();
  configure({ ops: { type: 'webhook', url } });
  const drilled = await run('notify', 'drill');
  expect(drilled.out).toBe('127.0.0.2 is on 1 of 1 list.\nops: sent\n');
  expect(drilled.status).toBe(0);
  expect(received[0]?.json).toMatchObject({
    type: 'drill',
    data: {
      title: 'Fire drill: 127.0.0.2 on 1 list',
      results: [{ listName: 'Spam List', kind: 'listed', says: '127.0.0.2 SPAM' }],
    },
  });
  expect((await run('history')).err).toContain('No listings recorded');
});

test('config check names the channels, and what is missing of them', async () => {
  configure({ ops: { type: 'webhook', url: 'https://hooks.example/secret-part' } });
  const { out } = await run('config', 'check');
  expect(out).toContain('channels: ops (webhook)\n');
  expect(out).not.toContain('secret-part');
  configure({ ops: { type: 'slack' } });
  const missing = await run('config', 'check');
  expect(missing.status).toBe(3);
  expect(missing.err).toContain('channels.ops.url: missing; expected it here, or as DNSBLWATCH_CHANNEL_OPS_URL');
});

test('without channels there is nobody to tell', async () => {
  configure({});
  await run('targets', 'add', '192.0.2.7', '--allow-special');
  const { status, err } = await run('scan', '--notify');
  expect(status).toBe(3);
  expect(err).toContain('no channels in ');
});

test('digest is printed in every format and language, and sent to each channel about its own', async () => {
  const { url, received } = await startReceiver();
  configure({ ops: { type: 'webhook', url }, quiet: { type: 'webhook', url, gets: ['alerts'] } });
  listed = true;
  await run('targets', 'add', '192.0.2.7', '--allow-special', '--tag', 'acme');
  await run('scan');
  expect((await run('digest')).out).toMatch(/^DNS lists: 1 new\n/);
  expect((await run('digest', '--format', 'markdown')).out).toContain('## New \\(1\\)');
  expect((await run('digest', '--format', 'html', '--language', 'zh-CN')).out).toContain('<html lang="zh-CN">');
  expect((await run('digest', '--time-zone', 'Asia/Tokyo')).out).toContain('GMT+9');
  const document = JSON.parse((await run('digest', '--format', 'json')).out);
  expect(v.safeParse(digestSchema, document).issues).toBeUndefined();
  expect(document).toMatchObject({ version: 1, listed: [{ target: '192.0.2.7' }] });

  expect((await run('digest', '--send')).out).toBe('1 digest made.\n');
  expect(received).toMatchObject([
    { json: { type: 'digest', data: { digest: { listed: [{ target: '192.0.2.7' }] } } } },
  ]);
});

test('digest --tag of a tag that no target had in the time is a mistake, and no quiet day', async () => {
  configure({});
  const failed = await run('digest', '--tag', 'acme');
  expect(failed).toMatchObject({ status: 3, out: '' });
  expect(failed.err).toMatch(
    /^dnsblwatch: no target tagged acme in .* in this time; dnsblwatch targets list shows the tags\n$/,
  );
  await run('targets', 'add', '192.0.2.7', '--allow-special', '--tag', 'acme');
  expect(await run('digest', '--tag', 'acme')).toMatchObject({ status: 0, err: '' });
  const { status, err } = await run('digest', '--tag', 'acme', '--tag', 'acne', '--format', 'json');
  expect(status).toBe(3);
  expect(err).toMatch(/: no target tagged acne in .* in this time; /);
  await run('targets', 'remove', '192.0.2.7');
  expect((await run('digest', '--tag', 'acme')).out).toContain('0 targets');
  time += 2 * 86_400_000;
  expect(await run('digest', '--tag', 'acme')).toMatchObject({ status: 3 });
});

test.each([
  ['--period', '5', '--period "5": expected a duration such as 24h or 30d'],
  ['--language', 'de', '--language "de": expected en or zh-CN'],
  ['--time-zone', 'Mars', '--time-zone "Mars": expected a time zone such as Europe/Berlin'],
  ['--format', 'csv', '--format "csv": expected table, html, markdown, json'],
])('digest %s %s is a mistake told in one line', async (option, value, message) => {
  const { status, err } = await run('digest', option, value);
  expect(status).toBe(3);
  expect(err).toContain(message);
});
