import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { startReceiver } from '../notify/receiver.ts';
import { type Zone, zoneHandler } from '../posture/zone.ts';
import { command, temporaryHome } from './world.ts';

const ZONE: Zone = {
  'example.org': { MX: '10 mail.example.org', TXT: 'v=spf1 ip4:192.0.2.7 -all' },
  'mail.example.org': { A: '192.0.2.7' },
  '7.2.0.192.in-addr.arpa': { PTR: 'mail.example.org' },
};

const { home, remove } = temporaryHome();
let lab: LabServer;
let database: string;
beforeAll(async () => {
  lab = await startLab(zoneHandler(ZONE));
  database = await testDatabase();
});
afterAll(async () => {
  await lab.close();
  remove();
});

test('audits by cron tell what changed, and history tells it again', async () => {
  const receiver = await startReceiver();
  const config = path.join(home, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({ resolver: lab.address, channels: { desk: { type: 'webhook', url: receiver.url } } }),
  );
  const env = { HOME: home, DNSBLWATCH_CONFIG: config, DNSBLWATCH_DATABASE: database };
  const run = (...words: string[]) => command(words, { env });
  const audit = () =>
    run('audit', 'example.org', '192.0.2.7', '--allow-special', '--no-connect', '--notify', '--quiet');
  const title = (): unknown => JSON.parse(receiver.received.at(-1)?.body ?? '{}').data?.title;

  await audit();
  expect(receiver.received).toHaveLength(1);
  expect(title()).toMatch(/^\d+ not in order on the first audit$/);
  await audit();
  expect(receiver.received).toHaveLength(1);
  lab.answerWith(zoneHandler({ ...ZONE, 'example.org': { MX: '10 mail.example.org', TXT: 'v=spf1 -all' } }));
  expect((await audit()).err).toBe('');
  expect(receiver.received).toHaveLength(2);
  expect(title()).toBe('SPF no longer allows 192.0.2.7 as example.org');

  const history = async (...words: string[]) => (await run('history', 'example.org', '--findings', ...words)).out;
  const changes = JSON.parse(await history('--changes', '--format', 'json'));
  expect(changes).toMatchObject([
    { check: 'spf.pass', target: 'example.org', before: 'pass', outcome: 'fail', until: null },
  ]);
  const spf = (JSON.parse(await history('--format', 'json')) as { check: string; until: string | null }[]).filter(
    ({ check }) => check === 'spf.pass',
  );
  expect(spf.map(({ until }) => until === null)).toEqual([false, true]);
  expect(await history('--open')).toMatch(/fail +spf\.pass +192\.0\.2\.7 as example\.org/);
  expect(await history('--changes')).toContain('spf.pass 192.0.2.7 as example.org: pass → fail');
  expect((await run('history', '198.51.100.1', '--findings')).err).toMatch(/^No findings of audits that fit/);
});
