import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { latestScans } from '../../src/listing/overview.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { type Office, openOffice } from './serving.ts';

/** Three operators with limits, whose shards run side by side, and two lists without. */
const LISTS = ['a', 'b', 'c', 'd', 'e'];
/** Each list holds 192.0.2.5, .15, … .255. */
const LISTED = 26;

let lab: LabServer;
let database: string;
let db: Database;
let office: Office;

beforeAll(async () => {
  lab = await startLab(({ name }) => {
    const [last, third, , first] = name.split('.');
    const holds = first === '127' ? last === '2' : third === '2' && Number(last) % 10 === 5;
    return { ...(holds ? { a: ['127.0.0.2'], txt: ['spam'] } : { nxdomain: true }), delay: 10 };
  });
  const lists = LISTS.map((id, at): ListDefinition => {
    const limits = at < 3 ? { limits: { perSecond: 100, perDay: 1_000_000 } } : {};
    const control = { listed: '127.0.0.2', notListed: '127.0.0.1' };
    return { id, zone: `${id}.example`, accepts: ['ipv4'], servers: [lab.address], control, ...limits };
  });
  database = await testDatabase();
  db = await openDatabase(database);
  office = openOffice(database, lists);
});
afterAll(async () => {
  await office.close();
  await db.close();
  await lab.close();
});

/** What is recorded is what the lists hold, each once. */
async function expectTheTruth(): Promise<void> {
  const changes = await changeHistory(db, {});
  const listings = await listingHistory(db, {});
  const pairs = new Set(changes.map(({ target, list }) => `${target} ${list}`));
  expect([pairs.size, changes.length, listings.length]).toEqual(Array(3).fill(LISTS.length * LISTED));
  expect(changes.every(({ kind }) => kind === 'listed')).toBe(true);
  const covered = await db.sql`
    select list_id, count(*)::int as rows, sum(pos_to - pos_from)::int as positions from coverage group by list_id`;
  expect(covered.map(({ positions }) => positions)).toEqual(LISTS.map(() => 256));
}

test('ten serve processes on one database fire a tick once', { timeout: 300_000 }, async () => {
  office.configure({ targets: [{ target: '192.0.2.0/24', allowSpecial: true }] });
  const services = Array.from({ length: 10 }, () => office.service('serve'));
  await Promise.all(services.map(({ seen }) => seen('serving')));
  const done = await Promise.any(services.map(({ seen }) => seen('scan done')));
  expect(done).toMatchObject({ targets: 256, lists: 5, listed: 130, unknown: 0, clean: 1150, changes: 130 });
  for (const { kill } of services) kill('SIGTERM');
  for (const { ended } of services) expect(await ended).toEqual({ status: 0, signal: null });
  const said = services.flatMap(({ events }) => events);
  for (const message of ['made up for what was missed', 'scan begun', 'scan done'])
    expect(said.filter(({ msg }) => msg === message)).toHaveLength(1);
  expect(said.filter(({ level }) => level > 30)).toEqual([]);
  expect(await latestScans(db, 10)).toMatchObject([{ schedule: 'scan', state: 'finished' }]);
  await expectTheTruth();
});
