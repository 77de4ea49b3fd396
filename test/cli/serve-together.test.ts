import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { latestScans } from '../../src/listing/overview.ts';
import { testDatabase } from '../database.ts';
import { expectTheTruth, type FiveLists, startFiveLists } from './five-lists.ts';
import { type Office, openOffice } from './serving.ts';

let lab: FiveLists;
let database: string;
let db: Database;
let office: Office;

beforeAll(async () => {
  lab = await startFiveLists();
  database = await testDatabase();
  db = await openDatabase(database);
  office = openOffice(database, lab.lists);
});
afterAll(async () => {
  await office.close();
  await db.close();
  await lab.close();
});

test('ten serve processes on one database fire a tick once', { timeout: 300_000 }, async () => {
  office.configure({ targets: lab.targets });
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
  await expectTheTruth(db);
});
