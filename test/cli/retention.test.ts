import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
let lab: LabServer;
let database: string;
let now = new Date('2026-09-01T08:00:00Z');

beforeAll(async () => {
  lab = await startLab(({ name }) => (name.startsWith('2.0.0.127.') ? { a: ['127.0.0.2'] } : { nxdomain: true }));
  const list = {
    ...{ id: 'spam', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
    control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
  };
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: [list] }));
  const config = { catalogue: 'lists.json', lists: 'spam', timeout: '2s', retention: { coverage: '2d' } };
  writeFileSync(path.join(home, 'config.json'), JSON.stringify(config));
  database = await testDatabase();
});
afterAll(async () => {
  await lab.close();
  remove();
});

function run(...args: string[]): Promise<Ran> {
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database };
  return command(args, { env, now: () => now });
}

test('scans of weeks that found the same are few rows, and what was checked when is known still', async () => {
  await run('targets', 'add', '192.0.2.7', '--allow-special');
  const days = 20;
  for (let day = 0; day < days; day += 1) {
    expect((await run('scan')).status).toBe(0);
    now = new Date(now.getTime() + 86_400_000);
  }
  const db = await openDatabase(database);
  const [counted] = await db.sql`select count(*)::int as rows, sum(scans)::int as scans from coverage`;
  await db.close();
  // The span, and each scan of the two days before the last.
  expect(counted).toEqual({ rows: 4, scans: days });
  const { out } = await run('history', '192.0.2.7', '--at', '2026-09-05T20:00Z', '--format', 'json');
  expect(JSON.parse(out)).toMatchObject([{ list: 'spam', answer: 'clean', proven: true, every: 86_400 }]);
});
