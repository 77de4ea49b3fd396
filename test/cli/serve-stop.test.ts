import { setTimeout as pause } from 'node:timers/promises';
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
  lab = await startFiveLists(30);
  const database = await testDatabase();
  db = await openDatabase(database);
  office = openOffice(database, lab.lists);
});
afterEach(async () => {
  await office.close();
  await db.close();
  await lab.close();
});

test(
  'SIGTERM in mid-scan: it ends within the set time, and the next start goes on with the same scan',
  slow,
  async () => {
    office.configure({ targets: lab.targets, serve: { listen: 'off', stopWithin: '10s' } });
    const first = office.service('serve');
    await first.seen('scan begun');
    await lab.askedOfTargets(100);
    first.kill('SIGTERM');
    await first.seen('stopping');
    const from = Date.now();
    expect(await first.ended).toEqual({ status: 0, signal: null });
    expect(Date.now() - from).toBeLessThan(15_000);
    expect(await latestScans(db, 10)).toMatchObject([{ state: 'running' }]);
    const second = office.service('serve');
    await second.seen('scan done');
    await expectTheTruth(db);
    expect(await latestScans(db, 10)).toMatchObject([{ state: 'finished' }]);
  },
);

test.each([
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGTERM'],
] as const)(
  '%s while lists are waited for, then %s: it ends at once, and the next start loses and doubles nothing',
  slow,
  async (one, other) => {
    office.configure({ targets: lab.targets, serve: { listen: 'off', stopWithin: '10m' }, timeout: '10m' });
    const first = office.service('serve');
    await first.seen('scan begun');
    await lab.askedOfTargets(100);
    const answer = lab.fallSilent();
    first.kill(one);
    await first.seen('stopping');
    // Long enough for whoever has nothing to wait for to be gone.
    const still = await Promise.race([first.ended, pause(2000, 'waits for the lists')]);
    expect(still).toBe('waits for the lists');
    const from = Date.now();
    first.kill(other);
    expect(await first.ended).toEqual({ status: null, signal: other });
    expect(Date.now() - from).toBeLessThan(20_000);
    expect(await latestScans(db, 10)).toMatchObject([{ state: 'running' }]);
    answer();
    office.configure({ targets: lab.targets });
    const second = office.service('serve');
    await second.seen('scan done');
    await expectTheTruth(db);
    expect(await latestScans(db, 10)).toMatchObject([{ state: 'finished' }]);
  },
);

test(
  'SIGHUP: a wrong configuration is refused in the log and the old one stays; a right one counts from then on',
  slow,
  async () => {
    office.configure({ targets: lab.targets });
    const serving = office.service('serve');
    await serving.seen('scan done');
    office.configure({ targets: lab.targets, schedules: { scan: 'at noon' } });
    serving.kill('SIGHUP');
    const { why } = await serving.seen('the configuration could not be taken; the one before stays');
    expect(why).toMatch(/schedules.scan: .*"at noon"/);
    office.configure({ targets: lab.targets, schedules: { more: { cron: '30 4 * * *', tags: ['none'] } } });
    serving.kill('SIGHUP');
    await serving.seen('the configuration was read again');
    await serving.seen('no target to scan');
    const served = serving.events.filter(({ msg }) => msg === 'serving');
    expect(served.map(({ schedules }) => schedules)).toEqual([
      expect.not.arrayContaining(['more']),
      expect.arrayContaining(['scan', 'more']),
    ]);
    serving.kill('SIGTERM');
    expect(await serving.ended).toEqual({ status: 0, signal: null });
    await expectTheTruth(db);
  },
);
