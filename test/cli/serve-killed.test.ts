import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { latestScans } from '../../src/listing/overview.ts';
import { testDatabase } from '../database.ts';
import { expectTheTruth, type FiveLists, startFiveLists } from './five-lists.ts';
import { type Office, openOffice } from './serving.ts';

const slow = { timeout: 180_000 };

let lab: FiveLists;
let db: Database;
let office: Office;

beforeEach(async () => {
  lab = await startFiveLists();
  const database = await testDatabase();
  db = await openDatabase(database);
  office = openOffice(database, lab.lists);
  office.configure({ targets: lab.targets });
});
afterEach(async () => {
  await office.close();
  await db.close();
  await lab.close();
});

test(
  'three workers killed in mid-scan: their parts are taken over within a minute, nothing lost or doubled',
  slow,
  async () => {
    const workers = Array.from({ length: 3 }, () => office.service('worker'));
    await Promise.all(workers.map(({ seen }) => seen('serving')));
    const serving = office.service('serve');
    await serving.seen('scan begun');
    await lab.askedOfTargets(300);
    for (const { kill } of workers) kill('SIGKILL');
    for (const { ended } of workers) expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    const killedAt = Date.now();
    await serving.seen('scan done');
    expect(Date.now() - killedAt).toBeLessThan(60_000);
    await expectTheTruth(db);
    serving.kill('SIGTERM');
    expect(await serving.ended).toEqual({ status: 0, signal: null });
    expect(await latestScans(db, 10)).toMatchObject([{ schedule: 'scan', state: 'finished' }]);
  },
);

test(
  'serve killed between the beginning of a scan and the handing over of its parts: the next goes on with it',
  slow,
  async () => {
    // Holds back whoever hands over parts, until this session lets go.
    const guard = await db.sql.reserve();
    await guard`select pg_advisory_lock(4711)`;
    const first = office.service('serve');
    await first.seen('serving');
    await db.sql`create function wait_for_guard() returns trigger language plpgsql as $$
    begin perform pg_advisory_lock_shared(4711); perform pg_advisory_unlock_shared(4711); return new; end $$`;
    await db.sql`create trigger guard before insert on jobs.job_common for each row
    when (new.name = 'shard') execute function wait_for_guard()`;
    for (;;) {
      const [waiting] = await db.sql`select from pg_locks where locktype = 'advisory' and not granted and objid = 4711`;
      if (waiting !== undefined) break;
      expect(await latestScans(db, 10)).not.toMatchObject([{ state: 'finished' }]);
    }
    first.kill('SIGKILL');
    await first.ended;
    await db.sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted`;
    await db.sql`drop trigger guard on jobs.job_common`;
    await guard`select pg_advisory_unlock(4711)`;
    guard.release();
    const second = office.service('serve');
    await second.seen('scan done');
    await expectTheTruth(db);
    expect(await latestScans(db, 10)).toMatchObject([{ schedule: 'scan', state: 'finished' }]);
  },
);
