import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { startReceiver } from '../notify/receiver.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
let lab: LabServer;
let database: string;

beforeAll(async () => {
  lab = await startLab(({ name }) =>
    name.startsWith('2.0.0.127.') || name === '7.2.0.192.spam.test' ? { a: ['127.0.0.2'] } : { nxdomain: true },
  );
  const list = {
    ...{ id: 'spam', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
    control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
  };
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: [list] }));
  database = await testDatabase();
});
afterAll(async () => {
  await lab.close();
  remove();
});

function configure(more: object): void {
  const config = { catalogue: 'lists.json', lists: 'spam', timeout: '2s', serve: { listen: '127.0.0.1:0' }, ...more };
  writeFileSync(path.join(home, 'config.json'), JSON.stringify(config));
}

const env = () => ({ HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database });

type Event = { msg: string; level: number; [field: string]: unknown };

/** Starts a command that goes on until it is stopped, and reads its log. */
function start(args: string[]): { seen(message: string): Promise<Event>; stop(): Promise<Ran> } {
  const events: Event[] = [];
  const waiting: { message: string; found(event: Event): void }[] = [];
  const stop = new AbortController();
  const err = (text: string): void => {
    for (const line of text.trim().split('\n')) {
      const event: Event = line.startsWith('{') ? JSON.parse(line) : { msg: line, level: 60 };
      events.push(event);
      for (const one of waiting) if (one.message === event.msg) one.found(event);
    }
  };
  const ran = command(args, { env: env(), err, signal: stop.signal });
  return {
    seen: (message) =>
      new Promise((found, failed) => {
        const before = events.find(({ msg }) => msg === message);
        if (before !== undefined) return found(before);
        waiting.push({ message, found });
        void ran.then(() => failed(new Error(`ended without "${message}": ${JSON.stringify(events)}`)), failed);
      }),
    stop: async () => {
      stop.abort();
      return await ran;
    },
  };
}

test('serve scans what it finds unscanned at once, records, tells, shows it, and stops when told to', async () => {
  const receiver = await startReceiver();
  configure({
    schedules: { scan: '17 */6 * * *' },
    targets: [{ target: '192.0.2.4/30', allowSpecial: true }],
    channels: { desk: { type: 'webhook', url: receiver.url } },
    alerts: { window: '0s' },
  });
  const serving = start(['serve']);
  expect(await serving.seen('scan begun')).toMatchObject({ schedule: 'scan', targets: 4, shards: 1 });
  expect(await serving.seen('listed')).toMatchObject({ target: '192.0.2.7', list: 'spam', codes: ['127.0.0.2'] });
  await serving.seen('scan done');
  expect(await serving.seen('message sent')).toMatchObject({ channel: 'desk' });
  expect(receiver.received.map(({ body }) => body).join()).toContain('192.0.2.7');
  const { pages } = await serving.seen('serving');
  const metrics = await (await fetch(`${pages}/metrics`)).text();
  expect(metrics).toContain('dnsblwatch_targets{kind="ipv4"} 4');
  expect(metrics).toContain('dnsblwatch_listings_open{list="spam"} 1');
  expect(metrics).not.toContain('192.0.2.7');
  expect((await fetch(`${pages}/readyz`)).status).toBe(200);
  expect((await serving.stop()).status).toBe(0);
  const scans = await command(['scans', 'list', '--format', 'json'], { env: env() });
  expect(JSON.parse(scans.out)).toMatchObject([
    {
      ...{ kind: 'scheduled', schedule: 'scan', state: 'finished', targets: 4, lists: 1, share: 1 },
      listed: 1,
      changes: 1,
    },
  ]);
  const history = await command(['history', '--format', 'json'], { env: env() });
  expect(JSON.parse(history.out)).toMatchObject([{ target: '192.0.2.7', list: 'spam', until: null }]);
});

test('metrics name targets only where they are asked to', async () => {
  configure({ schedules: { scan: 'off' }, serve: { listen: '127.0.0.1:0', targetMetrics: true } });
  const serving = start(['serve']);
  const { pages } = await serving.seen('serving');
  const metrics = await (await fetch(`${pages}/metrics`)).text();
  expect(metrics).toContain('dnsblwatch_listed{target="192.0.2.7",list="spam"} 1');
  expect((await serving.stop()).status).toBe(0);
});

test('a digest that was missed is made up for once, since the one before, and sent', async () => {
  const receiver = await startReceiver();
  configure({
    schedules: { scan: 'off', digest: '0 7 * * *' },
    channels: { desk: { type: 'webhook', url: receiver.url, gets: ['digest'] } },
  });
  const db = await openDatabase(database);
  const before = new Date(Date.now() - 3 * 86_400_000);
  await db.sql`truncate tick`;
  await db.sql`
    insert into tick (schedule, due, starts_at, claimed_at) values ('digest', ${before}, ${before}, ${before})`;
  await db.close();
  const serving = start(['serve']);
  expect(await serving.seen('digests made')).toMatchObject({ schedule: 'digest', digests: 1 });
  await serving.seen('message sent');
  expect((await serving.stop()).status).toBe(0);
  expect(receiver.received).toHaveLength(1);
  expect(receiver.received[0]?.json).toMatchObject({
    type: 'digest',
    data: { digest: { period: { from: before.toISOString() } } },
  });
});

test('a schedule that would break a published limit is refused at the start, with the sum and the ways out', async () => {
  configure({
    schedules: { scan: '* * * * *' },
    targets: [{ target: '192.0.2.4/30', allowSpecial: true }],
    limits: { spam: { perDay: 100 } },
  });
  // Nothing is tracked there yet: what the configuration names is.
  const ended = await command(['serve'], { env: { ...env(), DNSBLWATCH_DATABASE: await testDatabase() } });
  expect(ended.status).toBe(3);
  expect(ended.err).toContain(
    'spam allows 100 lookups a day, and the schedules ask scan: 9 lookups (4 targets, 1 list',
  );
});
