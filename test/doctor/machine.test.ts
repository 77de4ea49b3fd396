import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  bulkFinding,
  clockFinding,
  type DatabaseProbe,
  databaseFinding,
  probeDatabase,
} from '../../src/doctor/machine.ts';
import { testDatabase } from '../database.ts';
import { labList } from '../scan/zone.ts';

const now = (): Date => new Date();

test('a database that answers can be reached, and its clock is told', async () => {
  const probe = await probeDatabase(await testDatabase({ empty: true }), now);
  expect(databaseFinding(probe).state).toBe('ok');
  expect(clockFinding(now(), [], probe).state).toBe('ok');
});

test('a private database that is not there is not made', async () => {
  const folder = path.join(tmpdir(), `dnsblwatch-doctor-none-${process.pid}`);
  expect(await probeDatabase(folder, now)).toEqual({ kind: 'none', where: folder });
});

test.each([
  ['nothing listens', 'postgres://me:hunter2@127.0.0.1:1/none', /nothing answers there/],
  ['another product', 'mysql://me:hunter2@127.0.0.1/none', /expected postgres/],
])('a database that cannot be used is a problem with a fix, without its password: %s', async (_name, where, line) => {
  const finding = databaseFinding(await probeDatabase(where, now));
  expect(finding).toMatchObject({ state: 'problem', fix: expect.stringContaining('--database') });
  expect(finding.line).toMatch(line);
  expect(finding.line).not.toContain('hunter2');
});

test("lists on one's own servers: slower sending is worth knowing, and no problem", () => {
  expect(bulkFinding(true)).toMatchObject({ about: 'bulk', state: 'ok' });
  expect(bulkFinding(false)).toMatchObject({ about: 'bulk', state: 'note', line: expect.stringContaining('koffi') });
});

const list = labList({ id: 'one', checked: '2026-11-24' });
const none: DatabaseProbe = { kind: 'none', where: '/nowhere' };
const theirs = new Date('2026-12-01T12:00:00Z');
const served = (ours: Date): DatabaseProbe => ({ kind: 'reachable', where: 'x', clock: { theirs, ours }, after: null });

test.each<[string, Date, DatabaseProbe, string, RegExp]>([
  ['before the catalogue', new Date('2020-01-01T00:00:00Z'), none, 'problem', /2020-01-01T00:00:00Z, before/],
  ['no other clock', theirs, none, 'note', /cannot be checked .*2026-11-24/],
  [
    'a private database has no other clock',
    theirs,
    { ...served(theirs), clock: null } as DatabaseProbe,
    'note',
    /cannot/,
  ],
  ['as the database', new Date('2026-12-01T12:00:59Z'), served(new Date('2026-12-01T12:00:59Z')), 'ok', /as the/],
  [
    'jumped back, after something was recorded',
    new Date('2026-12-01T10:00:00Z'),
    { kind: 'reachable', where: 'x', clock: null, after: theirs },
    'problem',
    /2026-12-01T12:00:00Z is recorded already/,
  ],
  ['behind', new Date('2026-12-01T11:00:00Z'), served(new Date('2026-12-01T11:00:00Z')), 'problem', /3600 s before/],
  ['ahead', new Date('2026-12-01T12:02:00Z'), served(new Date('2026-12-01T12:02:00Z')), 'problem', /120 s after/],
])('the clock: %s', (_name, at, database, state, line) => {
  const finding = clockFinding(at, [list], database);
  expect(finding.state).toBe(state);
  expect(finding.line).toMatch(line);
  expect(finding.fix === null).toBe(state !== 'problem');
});
