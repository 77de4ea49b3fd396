import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { testDatabase } from '../database.ts';
import { environmentOf, MAIN } from '../desk.ts';
import { type LabServer, startLab } from '../lab/server.ts';

const LISTS = 12;
const KILLS = 20;
/** Each list holds its own test entry and 192.0.2.5, .15, … .255. */
const LISTED = 26;

let lab: LabServer;
let folder: string;
let database: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-kill-'));
  database = await testDatabase();
  lab = await startLab(({ name }) => {
    // Nothing but targets and the test entry: a random control (198.18.0.0/15) that is listed makes the list a wildcard.
    const [last, network] = /^(\d+)\.(2\.0\.192|0\.0\.127)\./.exec(name)?.slice(1) ?? [];
    const holds = network === '0.0.127' ? last === '2' : network !== undefined && Number(last) % 10 === 5;
    return holds ? { a: ['127.0.0.2'], txt: ['spam'] } : { nxdomain: true };
  });
  const lists = Array.from({ length: LISTS }, (_, at) => ({
    id: `list-${at}`,
    zone: `l${at}.example`,
    accepts: ['ipv4'],
    control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
    servers: [lab.address],
  }));
  writeFileSync(path.join(folder, 'lists.json'), JSON.stringify({ lists }));
});

afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(...words: string[]) {
  return spawn(process.execPath, [MAIN, ...words], {
    env: environmentOf(folder, database),
    stdio: 'ignore',
  });
}

const scanWords = (): string[] => {
  const lists = Array.from({ length: LISTS }, (_, at) => `list-${at}`).join(',');
  return ['scan', '--catalogue', path.join(folder, 'lists.json'), '--lists', lists];
};

/** Kills a scan after so many more questions; false if it ended before. */
async function killedAfter(questions: number): Promise<boolean> {
  const child = start(...scanWords());
  const ended = once(child, 'exit');
  const until = lab.questions.length + questions;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over && lab.questions.length < until) await Promise.race([lab.nextQuestion(), ended]);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  return signal === 'SIGKILL';
}

test('a scan that is killed twenty times loses no change and doubles none', { timeout: 300_000 }, async () => {
  await once(start('targets', 'add', '192.0.2.0/24', '--allow-special'), 'exit');
  let killed = 0;
  for (let at = 0; at < KILLS; at++) if (await killedAfter(20 + at * 160)) killed += 1;
  expect(killed).toBeGreaterThan(0);

  const [status] = await once(start(...scanWords()), 'exit');
  expect(status).toBe(2);
  const db = await openDatabase(database);
  try {
    const listings = await listingHistory(db, {});
    const changes = await changeHistory(db, { evidence: true });
    const pairs = (rows: { target: string; list: string }[]): Set<string> =>
      new Set(rows.map(({ target, list }) => `${target} ${list}`));
    expect(pairs(changes).size).toBe(LISTS * LISTED);
    expect(changes).toHaveLength(LISTS * LISTED);
    expect(changes.every(({ kind, evidence }) => kind === 'listed' && evidence !== null)).toBe(true);
    expect(listings).toHaveLength(LISTS * LISTED);
    expect(listings.every(({ until }) => until === null)).toBe(true);
  } finally {
    await db.close();
  }
});
