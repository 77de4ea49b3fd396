import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { findingHistory } from '../../src/posture/record.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { type Zone, zoneHandler } from '../posture/zone.ts';
import { type Office, openOffice } from './serving.ts';

const ZONE: Zone = {
  'example.org': { MX: '10 mail.example.org', TXT: 'v=spf1 ip4:192.0.2.7 -all' },
  'mail.example.org': { A: '192.0.2.7', TXT: 'v=spf1 a -all' },
  '7.2.0.192.in-addr.arpa': { PTR: 'mail.example.org' },
  '_dmarc.example.org': { TXT: 'v=DMARC1; p=reject; rua=mailto:dmarc@example.org' },
  'other.example': { MX: '10 mail.example.org', TXT: 'v=spf1 mx -all' },
};
const TARGETS = ['192.0.2.7', '192.0.2.99', 'example.org', 'other.example'];

let lab: LabServer;
let db: Database;
let office: Office;

beforeAll(async () => {
  lab = await startLab(zoneHandler(ZONE));
});
beforeEach(async () => {
  const database = await testDatabase();
  db = await openDatabase(database);
  office = openOffice(database, []);
  office.configure({
    lists: 'spamhaus-zen',
    resolver: lab.address,
    targets: [...TARGETS, '198.51.100.0/28'].map((target) => ({ target, allowSpecial: true })),
    schedules: {
      scan: 'off',
      'follow-up': 'off',
      digest: 'off',
      audit: { cron: '43 4 * * *', connect: false, allowSpecial: true },
    },
  });
  return async () => {
    await office.close();
    await db.close();
  };
});
afterAll(() => lab.close());

const recorded = async () =>
  await db.sql`select subject, schedule, watched, runs from audit order by subject collate "C"`;

test('processes on one database audit what is tracked once, domains of one server together', {
  timeout: 300_000,
}, async () => {
  const services = [office.service('serve'), office.service('serve'), office.service('worker', '--verbose')];
  const begun = await Promise.any(services.slice(0, 2).map(({ seen }) => seen('audits begun')));
  expect(begun).toMatchObject({ schedule: 'audit', targets: 4, audits: 2, left: 0 });
  await Promise.any(services.slice(0, 2).map(({ seen }) => seen('audits done')));
  for (const { kill } of services) kill('SIGTERM');
  for (const { ended } of services) expect(await ended).toEqual({ status: 0, signal: null });
  const said = services.flatMap(({ events }) => events);
  expect(said.filter(({ level }) => level > 30)).toEqual([]);
  expect(said.filter(({ msg }) => msg === 'audits begun')).toHaveLength(1);
  expect(await recorded()).toEqual(TARGETS.map((subject) => ({ subject, schedule: 'audit', watched: true, runs: 1 })));
  const found = (await findingHistory(db, 'example.org')).map(
    ({ check, subject, outcome }) => `${check} ${subject} ${outcome}`,
  );
  expect(found).toContain('spf.pass 192.0.2.7 as example.org pass');
  expect(found).toContain('dmarc.record example.org pass');
  const address = (await findingHistory(db, '192.0.2.7')).map(({ check, outcome }) => `${check} ${outcome}`);
  expect(address).toContain('ptr.fcrdns pass');
});

test('an audit whose process is killed is taken over, and recorded once', { timeout: 300_000 }, async () => {
  const right = zoneHandler(ZONE);
  lab.answerWith(async (question) =>
    question.name === '_dmarc.example.org' && question.count === 1
      ? { ...(await right(question)), delay: 120_000 }
      : await right(question),
  );
  const first = office.service('serve');
  await first.seen('audits begun');
  while (!lab.questions.some(({ name }) => name === '_dmarc.example.org')) await lab.nextQuestion();
  first.kill('SIGKILL');
  expect(await first.ended).toEqual({ status: null, signal: 'SIGKILL' });
  expect((await recorded()).map(({ subject }) => subject)).not.toContain('example.org');
  const second = office.service('serve');
  await second.seen('audits done');
  second.kill('SIGTERM');
  expect(await second.ended).toEqual({ status: 0, signal: null });
  expect(second.events.some(({ msg }) => msg === 'audits begun')).toBe(false);
  expect((await recorded()).map(({ runs }) => runs)).toEqual([1, 1, 1, 1]);
});
