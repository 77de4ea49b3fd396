import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SCHEMA_NAMES } from '../../src/config/json-schema.ts';
import { readConfigFile } from '../../src/config/read.ts';
import { configSchema } from '../../src/config/schema.ts';
import { openDatabase } from '../../src/db/open.ts';
import { probeDatabase } from '../../src/doctor/machine.ts';
import { startFullScan } from '../../src/listing/scans.ts';
import { changesSchema, momentSchema } from '../../src/output/history-schema.ts';
import { listsSchema } from '../../src/output/list-schema.ts';
import { scansSchema } from '../../src/output/scans-schema.ts';
import { outputSchema } from '../../src/output/schema.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { list } from '../listing/world.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
let lab: LabServer;
let listed = false;
let database: string;

beforeAll(async () => {
  lab = await startLab(({ name }) =>
    name.startsWith('2.0.0.127.') || (listed && name === '7.2.0.192.spam.test')
      ? { a: ['127.0.0.2'], txt: ['trap hit'] }
      : { nxdomain: true },
  );
  const list = {
    ...{ id: 'spam', name: 'Spam List', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
    ...{ control: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
    codes: { '127.0.0.2': { label: 'SPAM', meaning: 'traps', severity: 'high' } },
  };
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: [list] }));
  writeFileSync(
    path.join(home, 'config.json'),
    JSON.stringify({ catalogue: 'lists.json', lists: 'spam', timeout: '2s', confirm: { delisted: 1, spacing: '0s' } }),
  );
  database = await testDatabase();
});
afterAll(async () => {
  await lab.close();
  remove();
});

function run(...args: string[]): Promise<Ran> {
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database };
  return command(args, { env });
}

test('a scan without targets names the database, without its password, and fails', async () => {
  const { status, err } = await run('scan');
  expect(status).toBe(3);
  expect(err).toContain('no targets in postgres://');
});

test('from the first target to the last change: what is recorded is what is told', async () => {
  const added = await run('targets', 'add', '192.0.2.6-192.0.2.8', '--allow-special', '--tag', 'mail', '--label', 'MX');
  expect(added).toMatchObject({ status: 0, out: '3 targets added.\n' });

  const clean = await run('scan');
  expect(clean.status).toBe(0);
  expect(clean.out).toContain('No changes.');

  listed = true;
  const hit = await run('scan', '--format', 'json');
  expect(hit.status).toBe(2);
  const document = JSON.parse(hit.out);
  expect(v.safeParse(outputSchema, document).issues).toBeUndefined();
  expect(document.results.map(({ target }: { target: string }) => target)).toEqual(['192.0.2.7']);
  expect(document.changes).toMatchObject([
    { kind: 'listed', target: '192.0.2.7', list: 'spam', before: [], after: ['127.0.0.2'] },
  ]);

  const again = await run('scan');
  expect(again.out).toContain('No changes.');
  expect(again.out).toMatch(/Spam List {2}since \d{4}-\d\d-\d\d \d\d:\d\d UTC/);

  listed = false;
  const gone = await run('scan', '192.0.2.7', '--format', 'ndjson');
  const lines = gone.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ type }) => type === 'change')).toMatchObject([{ kind: 'delisted', target: '192.0.2.7' }]);
  expect(lines.at(-1)).toMatchObject({ type: 'summary', clean: 1 });

  const changes = JSON.parse((await run('history', '--changes', '--format', 'json')).out);
  expect(v.safeParse(changesSchema, changes).issues).toBeUndefined();
  expect(changes.map(({ kind }: { kind: string }) => kind)).toEqual(['listed', 'delisted']);
  expect(changes[0].evidence[0]).toMatchObject({ asked: '7.2.0.192.spam.test', rcode: 'NOERROR', txt: 'trap hit' });
  const [interval] = JSON.parse((await run('history', '192.0.2.7', '--format', 'json')).out);
  expect(interval).toMatchObject({ target: '192.0.2.7', list: 'spam', endedBy: 'delisted', relapses: 0 });

  const then = JSON.parse((await run('history', '192.0.2.7', '--at', interval.since, '--format', 'json')).out);
  expect(v.safeParse(momentSchema, then).issues).toBeUndefined();
  expect(then).toMatchObject([{ target: '192.0.2.7', list: 'spam', answer: 'listed' }]);
  const evidence = await run('history', '--changes', '--evidence');
  expect(evidence.out).toContain('TXT');
  expect(evidence.out).toContain('not-listed');
});

test('an address taken out of a range leaves the rest, and a target that is not tracked cannot be scanned', async () => {
  expect((await run('targets', 'remove', '192.0.2.7')).out).toContain('1 target removed');
  const rows = JSON.parse((await run('targets', 'list', '--format', 'json')).out);
  expect(rows.map(({ target }: { target: string }) => target)).toEqual(['192.0.2.6', '192.0.2.8']);
  expect(rows[0]).toMatchObject({ label: 'MX', tags: ['mail'] });
  const { status, err } = await run('scan', '192.0.2.7');
  expect(status).toBe(3);
  expect(err).toContain('192.0.2.7 is not tracked in ');
});

test('a scan prints what is not clean, and with --all everything', async () => {
  const targets = async (...more: string[]): Promise<string[]> => {
    const { results } = JSON.parse((await run('scan', '--format', 'json', ...more)).out);
    return results.map(({ target }: { target: string }) => target);
  };
  expect(await targets()).toEqual([]);
  expect(await targets('--all')).toEqual(['192.0.2.6', '192.0.2.8']);
});

test('a second full scan says that one runs and exits 0; named targets go beside it', async () => {
  const db = await openDatabase(database);
  const lists = [list('spam')];
  const policy = { listed: 1, delisted: 1, spacing: 0 };
  const first = await startFullScan(db, { kind: 'manual', lists, policy, now: new Date() });
  const second = await run('scan');
  expect(second).toMatchObject({ status: 0, out: '' });
  expect(second.err).toMatch(/^A full scan runs already since .*; it goes on, and nothing else was asked\.\n$/);
  expect(await run('scan', '192.0.2.8')).toMatchObject({ status: 0, err: '' });
  if ('id' in first) await first.release();
  await db.close();
});

test('a clock that has jumped back is reported, by scan and by doctor, and a scan goes on', async () => {
  expect((await run('scan')).err).not.toContain('clock');
  const now = (): Date => new Date(Date.now() - 3_600_000);
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database };
  const { status, err } = await command(['scan', '--quiet'], { env, now });
  expect(status).toBe(0);
  expect(err).toMatch(/^The clock has jumped back: it says \S+Z, and \S+Z is recorded already\..*\n$/);
  expect(await probeDatabase(database, now)).toMatchObject({ after: expect.any(Date) });
  expect(await probeDatabase(database, () => new Date())).toMatchObject({ after: null });
});

test('with --quiet a scan without changes says nothing, so that cron sends no mail', async () => {
  expect((await run('scan', '--quiet')).out).toBe('');
});

test.each([
  ['a day that is none', ['history', '--since', '2026-02-30'], '--since "2026-02-30": expected a time'],
  ['evidence of intervals', ['history', '--evidence'], 'expected --changes --evidence'],
  ['a missing import file', ['targets', 'import', '/none.csv'], '/none.csv: there is no such file'],
  ['a folder for an export', ['db', 'export', '/none/x'], '/none/x: no such file or folder'],
  ['a tag that nothing has', ['scan', '--tag', 'nosuch'], 'no target tagged nosuch'],
])('a mistake is told in one line, with status 3: %s', async (_case, args, message) => {
  const { status, err } = await run(...args);
  expect(status).toBe(3);
  expect(err).toContain(message);
  expect(err.trim().split('\n')).toHaveLength(1);
});

test('config init writes every key, each as it may be used', async () => {
  const file = path.join(home, 'begin', 'config.yaml');
  await run('config', 'init', file);
  const [, ...lines] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, lines.map((line) => line.replace(/^# /, '')).join('\n'));
  expect(Object.keys(await readConfigFile(file)).sort()).toEqual(Object.keys(configSchema.entries).sort());
});

test('config check, init and schema; lists', async () => {
  expect((await run('config', 'check')).out).toContain('All in order.');
  const file = path.join(home, 'new', 'config.yaml');
  expect(await run('config', 'init', file)).toMatchObject({ status: 0, out: `${file}\n` });
  expect((await run('config', 'init', file)).err).toContain('is there already');
  expect((await run('config', 'check', '--config', file)).status).toBe(0);
  for (const what of SCHEMA_NAMES)
    expect(JSON.parse((await run('config', 'schema', what)).out).type).toMatch(/^(object|array)$/);
  expect((await run('lists', 'spam')).out).toContain('Spam List (spam)');
  expect((await run('lists', 'test', 'spam', '--format', 'json')).status).toBe(0);
  const catalogue = JSON.parse((await run('lists', '--retired', '--format', 'json')).out);
  expect(v.safeParse(listsSchema, catalogue).issues).toBeUndefined();
  expect(catalogue.lists.length).toBeGreaterThan(100);
  const scans = JSON.parse((await run('scans', 'list', '--format', 'json')).out);
  expect(v.safeParse(scansSchema, scans).issues).toBeUndefined();
  expect(scans.length).toBeGreaterThan(5);
});
