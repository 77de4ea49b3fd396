import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doctor, type Surroundings } from '../../src/cli/doctor.ts';
import { run } from '../../src/cli/program.ts';
import type { World } from '../../src/cli/world.ts';
import { UserError } from '../../src/errors.ts';
import type { LabServer } from '../lab/server.ts';
import { createLab, zone } from '../scan/zone.ts';

const lab = createLab();
let folder: string;
let out: string;
let err: string;
let silent: LabServer;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-doctor-'));
  [out, err] = ['', ''];
  silent = await lab.start(() => ({ silence: true }));
});
afterEach(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

function world(more: World['env'] = {}): World {
  const env = { HOME: folder, DNSBLWATCH_CONFIG: config(), ...more };
  return {
    env,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    input: async () => '',
    outIsTerminal: false,
    errIsTerminal: false,
    now: () => new Date('2026-12-01T12:00:00Z'),
    signal: new AbortController().signal,
  };
}

/** Nothing of this machine's own settings; the database is a folder that is not there. */
function config(): string {
  const file = path.join(folder, 'config.yaml');
  writeFileSync(file, `database: ${path.join(folder, 'data')}\nlimits: none\n`);
  return file;
}

function catalogue(lists: Record<string, unknown>[]): string {
  const file = path.join(folder, 'lists.json');
  const control = { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } };
  writeFileSync(file, JSON.stringify({ lists: lists.map((list) => ({ accepts: ['ipv4'], control, ...list })) }));
  return file;
}

const around = (more: Partial<Surroundings>): Surroundings => ({
  systemServers: () => [],
  nowhere: silent.address,
  sendingAddress: async () => '192.168.1.2',
  findNameServers: async () => [],
  ...more,
});

const report = (): {
  findings: { about: string; state: string; line: string; fix: string | null }[];
  tests: { list: string; path: string; health: string }[];
  summary: { problems: number };
} => JSON.parse(out);

test('doctor finds nothing to mend where everything is in order', async () => {
  const good = await lab.start(zone('good.test'));
  const resolver = await lab.start((q) =>
    q.name.endsWith('.good.test') ? { ...zone('good.test')(q), ra: true } : { nxdomain: true, ra: true },
  );
  const file = catalogue([{ id: 'good', zone: 'good.test' }]);
  const options = { catalogue: [file], lists: 'good', timeout: '1000' };
  const network = around({ systemServers: () => [resolver.address], findNameServers: async () => [good.address] });
  await doctor({ ...options, format: 'json' }, world(), network);
  expect(report().summary).toEqual({ problems: 0 });
  expect(report().tests.map(({ list, path, health }) => `${list} ${path} ${health}`)).toEqual([
    'good direct healthy',
    'good system healthy',
  ]);
  expect(report().findings.map(({ about, state }) => `${about} ${state}`)).toEqual([
    'resolver ok',
    'port-53 ok',
    'reverse-name note',
    'lists ok',
    'clock note',
    'database note',
  ]);
  out = '';
  await doctor(options, world(), network);
  expect(out).toMatch(/^good +direct healthy, system healthy +listed 127\.0\.0\.2, not-listed absent, random absent$/m);
  expect(out).toMatch(/No problem found\.\n$/);
});

test('doctor prints a line and a fix for each problem, --quiet nothing else', async () => {
  const refusing = await lab.start(() => ({ a: ['127.255.255.255'] }));
  const rewriting = await lab.start(() => ({ a: ['203.0.113.9'], ra: true }));
  const file = catalogue([
    { id: 'over', zone: 'over.test', operator: 'acme', servers: [refusing.address] },
    { id: 'dead', zone: 'dead.test', servers: [silent.address] },
  ]);
  const options = { catalogue: [file], lists: 'over,dead', timeout: '300', quiet: true };
  await doctor(options, world(), around({ systemServers: () => [rewriting.address] }));
  const lines = out.trimEnd().split('\n');
  expect(lines.filter((line) => line.startsWith('problem  '))).toHaveLength(3);
  expect(lines.filter((line) => line.startsWith('  fix: '))).toHaveLength(3);
  expect(lines).toHaveLength(6);
  expect(out).toMatch(/invents 203\.0\.113\.9/);
  expect(out).toMatch(/acme has had more lookups .*: over$/m);
  expect(out).toMatch(/^problem {2}lists {2}dead: no answer from the servers given/m);
  out = '';
  await doctor(
    { ...options, quiet: false, format: 'json' },
    world(),
    around({ systemServers: () => [rewriting.address] }),
  );
  expect(report().findings.map(({ about }) => about)).toContain('bulk');
});

test('doctor sees an interception and counts its silent lists once', async () => {
  const everywhere = await lab.start(() => ({ nxdomain: true, ra: true, aa: false }));
  const file = catalogue([{ id: 'one', zone: 'one.test' }]);
  const options = { catalogue: [file], lists: 'one', timeout: '500', format: 'json', resolver: 'direct' };
  const network = { systemServers: () => [everywhere.address], nowhere: everywhere.address };
  await doctor(options, world(), around({ ...network, findNameServers: async () => [everywhere.address] }));
  expect(report().findings.filter(({ state }) => state === 'problem')).toMatchObject([{ about: 'port-53' }]);
});

test('doctor asks through a resolver given by hand, and shows no key', async () => {
  const resolver = await lab.start(() => ({ nxdomain: true, ra: true }));
  const file = catalogue([{ id: 'keyed', zone: '{key}.keyed.test', operator: 'keyed' }]);
  const options = { catalogue: [file], lists: 'keyed', timeout: '500', resolver: resolver.address };
  await doctor(options, world({ DNSBLWATCH_KEY_KEYED: 'hunter2' }), around({}));
  expect(out).toMatch(/^keyed +host empty/m);
  expect(out).toMatch(/fix: correct keys\.keyed/);
  expect(resolver.questions.some(({ name }) => name.endsWith('.hunter2.keyed.test'))).toBe(true);
  expect(out).not.toContain('hunter2');
});

test('doctor refuses a format that it does not have', async () => {
  await expect(doctor({ format: 'nagios' }, world(), around({}))).rejects.toThrow(UserError);
});

test('lists test takes its options before or after the list, and says which path works', async () => {
  const good = await lab.start(zone('good.test'));
  const file = catalogue([{ id: 'good', zone: 'good.test', servers: [good.address] }]);
  for (const words of [
    ['lists', 'test', 'good', '--catalogue', file, '--timeout', '1000'],
    ['lists', '--catalogue', file, 'test', '--lists', 'good'],
  ]) {
    out = '';
    expect(await run(words, world())).toBe(0);
    expect(out).toMatch(/^good +servers +healthy +127\.0\.0\.1:\d+ +listed 127\.0\.0\.2, not-listed absent/m);
  }
  expect(err).toBe('');
});

test('lists test honours --resolver, prints JSON, and exits 3 where a list has no path that works', async () => {
  const resolver = await lab.start((q) => (q.name.endsWith('.good.test') ? zone('good.test')(q) : { servfail: true }));
  const file = catalogue([
    { id: 'good', zone: 'good.test' },
    { id: 'dead', zone: 'dead.test' },
  ]);
  const words = [
    'lists',
    'test',
    'good',
    'dead',
    '--catalogue',
    file,
    '--resolver',
    resolver.address,
    '--format',
    'json',
  ];
  expect(await run([...words, '--timeout', '500'], world())).toBe(3);
  expect(report().tests).toMatchObject([
    { list: 'good', path: 'host', health: 'healthy' },
    { list: 'dead', path: 'host', health: 'unreachable' },
  ]);
});
