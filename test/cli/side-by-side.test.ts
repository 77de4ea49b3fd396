import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';
import { environmentOf, MAIN } from '../desk.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { temporaryHome } from './world.ts';

const RATE = 20;
const DAY = 60;

const { home, remove } = temporaryHome();
/** The state folder may be shared with other runs of these tests. */
const run = randomBytes(4).toString('hex');
let lab: LabServer;
let arrivals: number[] = [];
let address: string;
let db: Database;

beforeAll(async () => {
  lab = await startLab(({ name }) => {
    arrivals.push(performance.now());
    return name.startsWith('2.0.0.127.') ? { a: ['127.0.0.2'] } : { nxdomain: true };
  });
  const list = (id: string, limits: object) => ({
    ...{ id, operator: `${id}-${run}`, zone: `${id}.test`, accepts: ['ipv4'], servers: [lab.address], limits },
    control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
  });
  const lists = [list('paced', { perSecond: RATE }), list('daily', { perSecond: 1000, perDay: DAY })];
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists }));
  address = await testDatabase();
  db = await openDatabase(address);
  await ended(start('targets', 'add', '192.0.2.0/24', '192.0.3.0/24', '192.0.4.0/22', '--allow-special'));
}, 60_000);
beforeEach(() => {
  arrivals = [];
});
afterAll(async () => {
  await db.close();
  await lab.close();
  remove();
});

function start(...words: string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...words], {
    env: environmentOf(home, address),
    stdio: 'ignore',
  });
}

const scan = (list: string, ...words: string[]): ChildProcess =>
  start('scan', ...words, '--catalogue', path.join(home, 'lists.json'), '--lists', list);

async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode;
  const [status, signal] = await once(child, 'exit');
  return signal === null ? status : -1;
}

/** Resolves when so many questions have come in all. */
async function questions(count: number): Promise<void> {
  while (arrivals.length < count) await lab.nextQuestion();
}

describe('a full scan and a named one, at once', () => {
  let status: number;
  let fullRuns: boolean;
  let asked: number[];
  beforeAll(async () => {
    arrivals = [];
    const full = scan('paced');
    await questions(1);
    status = await ended(scan('paced', '192.0.2.0/29'));
    fullRuns = full.exitCode === null;
    await questions(arrivals.length + 2 * RATE);
    full.kill('SIGTERM');
    await ended(full);
    asked = arrivals;
  }, 180_000);

  test('never exceed the rate of an operator together', () => {
    const seconds = ((asked.at(-1) ?? 0) - (asked[0] ?? 0)) / 1000;
    expect(asked.length).toBeLessThanOrEqual(seconds * RATE + RATE + 2);
    const most = Math.max(...asked.map((from) => asked.filter((at) => at >= from && at < from + 2000).length));
    // The burst, two seconds, and what a busy machine lets pile up.
    expect(most).toBeLessThanOrEqual(3 * RATE + RATE / 2);
  });

  test('the named one is done first, while the full one waits for its turns, and then goes on', async () => {
    expect({ status, fullRuns }).toEqual({ status: 0, fullRuns: true });
    const rows = await db.sql`select "full", state from scan order by id`;
    expect(rows).toMatchObject([{ full: true }, { full: false, state: 'finished' }]);
    const [named] = await db.sql`select sum(clean)::int as clean, sum(unknown)::int as unknown
      from coverage where scan_id = (select id from scan where not "full")`;
    expect(named).toMatchObject({ clean: 8, unknown: 0 });
  });

  test('count every lookup before it is sent', async () => {
    const [row] = await db.sql`select sum(asked)::int as asked from ledger where operator = ${`paced-${run}`}`;
    expect(row?.asked).toBeGreaterThanOrEqual(asked.length);
    expect(row?.asked).toBeLessThanOrEqual(asked.length + RATE);
  });
});

test('a named scan that is killed holds up nobody', { timeout: 180_000 }, async () => {
  const named = scan('paced', '192.0.2.0/25');
  await questions(RATE + 5);
  named.kill('SIGKILL');
  await ended(named);
  const [lease] = await db.sql`select holder from lease where operator = ${`paced-${run}`}`;
  expect(lease?.holder).toMatch(/^scan \d+$/);
  const next = scan('paced');
  await questions(arrivals.length + 2 * RATE);
  const from = performance.now();
  await questions(arrivals.length + 4 * RATE);
  // At the full rate 4 seconds, at the quarter that is left beside a named scan 16.
  expect((performance.now() - from) / 1000).toBeLessThan(10);
  next.kill('SIGTERM');
  await ended(next);
});

test('two scans share the day, and a check knows what they asked', { timeout: 180_000 }, async () => {
  const before = lab.questions.length;
  await Promise.all([scan('daily'), scan('daily', '192.0.7.192/26')].map(ended));
  const names = lab.questions.slice(before).map(({ name }) => name);
  const lookups = new Set(names.filter((name) => /^\d+\.[2-7]\.0\.192\./.test(name)));
  // The rest were the controls of both, or of one where the other came too late.
  expect(lookups.size).toBeGreaterThanOrEqual(DAY - 8);
  expect(lookups.size).toBeLessThanOrEqual(DAY - 3);
  const [row] = await db.sql`select sum(asked)::int as asked from ledger where operator = ${`daily-${run}`}`;
  expect(row?.asked).toBeGreaterThanOrEqual(DAY);
  const words = ['192.0.2.1', '--allow-special', '--catalogue', path.join(home, 'lists.json'), '--lists', 'daily'];
  const asked = lab.questions.length;
  expect(await ended(start('check', ...words))).toBe(3);
  expect(lab.questions).toHaveLength(asked);
});
