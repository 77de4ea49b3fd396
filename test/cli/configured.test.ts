import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
let lab: LabServer;
let database: string;

beforeAll(async () => {
  lab = await startLab(({ name }) =>
    /^(2\.0\.0\.127|25\.2\.0\.192)\./.test(name) ? { a: ['127.0.0.2'] } : { nxdomain: true },
  );
  const list = {
    ...{ id: 'spam', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
    ...{ control: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
  };
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: [list] }));
  writeFileSync(path.join(home, 'more.csv'), 'target,label,tags\n192.0.2.40,relay,"a b"\n');
  database = await testDatabase();
});
afterAll(async () => {
  await lab.close();
  remove();
});

function run(...args: string[]): Promise<Ran> {
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.yaml'), DNSBLWATCH_DATABASE: database };
  return command(args, { env });
}

function configure(targets: string): void {
  writeFileSync(path.join(home, 'config.yaml'), `catalogue: lists.json\nlists: spam\ntimeout: 2s\n${targets}`);
}

const tracked = async (): Promise<string[]> =>
  JSON.parse((await run('targets', 'list', '--format', 'json')).out)
    .map(({ target, label, origin }: { target: string; label: string | null; origin: string }) =>
      [target, label, origin].filter(Boolean).join(' '),
    )
    .sort();

const ALL = `targets:
  - { target: 192.0.2.25, label: mail, allowSpecial: true }
  - { file: more.csv, allowSpecial: true }
  - shop.example.org
`;

test('what the configuration names is tracked from the next scan on, beside what was added by command', async () => {
  configure(ALL);
  await run('targets', 'add', '192.0.2.30', '--allow-special');
  const before = await run('targets', 'list');
  expect(before.err).toContain('config.yaml names 3 more: the next scan follows it.');
  const { err, out } = await run('scan');
  expect(err).toMatch(/^Targets as .*config\.yaml has them: 3 added\.$/m);
  expect(out).toMatch(/^listed +192\.0\.2\.25 on spam/m);
  expect(await tracked()).toEqual([
    '192.0.2.25 mail config',
    '192.0.2.30 command',
    '192.0.2.40 relay config',
    'shop.example.org config',
  ]);
  expect((await run('scan')).err).not.toContain('Targets as');
  expect((await run('config', 'check')).out).toContain('targets: 3');
});

test('a command cannot remove what the configuration names, for the next scan would bring it back', async () => {
  const { status, err } = await run('targets', 'remove', '192.0.2.25');
  expect(status).toBe(3);
  expect(err).toMatch(/192\.0\.2\.25: named under `targets` in .*config\.yaml; take it out there/);
});

test('a file imported as the truth leaves what the configuration names', async () => {
  writeFileSync(path.join(home, 'truth.txt'), '192.0.2.31\n');
  await run('targets', 'import', path.join(home, 'truth.txt'), '--replace', '--allow-special');
  expect(await tracked()).toEqual([
    '192.0.2.25 mail config',
    '192.0.2.31 command',
    '192.0.2.40 relay config',
    'shop.example.org config',
  ]);
});

test('a configuration without `targets` changes nothing; one that names less ends the rest, as a change', async () => {
  configure('');
  expect((await run('scan')).err).toBe('');
  expect(await tracked()).toHaveLength(4);
  configure('targets: [shop.example.org]\n');
  const { err, out } = await run('scan');
  expect(err).toContain('2 removed.');
  expect(out).toMatch(/^closed +192\.0\.2\.25 on spam: untracked/m);
  expect(await tracked()).toEqual(['192.0.2.31 command', 'shop.example.org config']);
});

test('a label or tag given to a command is held to the same rules', async () => {
  configure('');
  expect((await run('targets', 'add', '192.0.2.1', '--allow-special', '--tag', 'a b')).err).toContain('tag "a b"');
});
