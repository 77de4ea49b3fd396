import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ran } from '../desk.ts';
import { type LabServer, startLab } from '../lab/server.ts';

/** Other Nodes to run the package on, besides that of the tests; .ci/run names the oldest that it is made for. */
const NODES = [process.execPath, ...(process.env.DNSBLWATCH_TEST_NODES?.split(':') ?? [])];

const root = path.resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-package-'));
const main = path.join(folder, 'node_modules/dnsblwatch/dist/main.js');
const catalogue = path.join(folder, 'lists.json');
let lab: LabServer;

type Locked = Record<string, { dev?: boolean; devOptional?: boolean; link?: boolean }>;

function npm(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** What a user's `npm install` does, with the versions and the sums of our own lockfile: no registry is asked for them. */
function install(): void {
  npm('pack', root, '--loglevel=error');
  const tarball = `file:dnsblwatch-${version}.tgz`;
  const { packages, ...lock } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Locked;
  };
  const used = Object.entries(packages).filter(
    ([place, { dev, devOptional, link }]) => place.startsWith('node_modules/') && !dev && !devOptional && !link,
  );
  const itself = { ...packages[''], devDependencies: {}, resolved: tarball };
  const home = { name: 'home', version: '1.0.0', dependencies: { dnsblwatch: tarball } };
  const locked = { '': home, 'node_modules/dnsblwatch': itself, ...Object.fromEntries(used) };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(home));
  writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ ...lock, name: 'home', packages: locked }));
  npm('ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
}

async function run(node: string, ...words: string[]): Promise<Ran> {
  const home = path.join(folder, 'homes', String(NODES.indexOf(node)));
  mkdirSync(home, { recursive: true });
  const env = { PATH: process.env.PATH, HOME: home, DNSBLWATCH_DATABASE: path.join(home, 'database') };
  try {
    const { stdout, stderr } = await promisify(execFile)(node, words, { env });
    return { status: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, out: stdout, err: stderr };
  }
}

beforeAll(async () => {
  chmodSync(folder, 0o755); // for the account that the private PostgreSQL runs under
  lab = await startLab(({ name }) =>
    /^(2\.0\.0\.127|7\.2\.0\.192)\./.test(name) ? { a: ['127.0.0.2'] } : { nxdomain: true },
  );
  const definition = { id: 'one', zone: 'one.test', accepts: ['ipv4'], servers: [lab.address] };
  writeFileSync(
    catalogue,
    JSON.stringify({ lists: [{ ...definition, control: { listed: '127.0.0.2', notListed: '127.0.0.1' } }] }),
  );
  install();
}, 300_000);
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(NODES)('the package, installed into an empty folder, on %s', (node) => {
  const ask = ['--allow-special', '--catalogue', catalogue, '--lists', 'one', '--format', 'json'];

  test('says its version and shows help', async () => {
    expect(await run(node, main, '--version')).toEqual({ status: 0, out: `${version}\n`, err: '' });
    expect((await run(node, main, 'scan', '--help')).out).toContain('one recorded scan');
  });

  test('checks addresses and domains', async () => {
    const { status, out } = await run(node, main, 'check', '192.0.2.7', '192.0.2.8', ...ask);
    expect(JSON.parse(out).results.map((result: { verdict: string }) => result.verdict)).toEqual(['listed', 'clean']);
    expect(status).toBe(2);
    expect((await run(node, main, 'check', 'a.example.co.uk', '--lists', 'surbl')).err).not.toMatch(/\n +at /);
  });

  test('takes a catalogue file as it was read before, until its text is another, and tells a mistake in one line', async () => {
    const file = path.join(folder, 'changing.json');
    const check = (text: string): Promise<Ran> => {
      writeFileSync(file, text);
      return run(
        node,
        main,
        'check',
        '192.0.2.7',
        '--allow-special',
        '--catalogue',
        file,
        '--lists',
        'one',
        '--format',
        'csv',
      );
    };
    const right = readFileSync(catalogue, 'utf8');
    const before = await check(right);
    expect(await check(right)).toMatchObject({ status: before.status, out: expect.stringContaining('one.test') });
    const { status, err } = await check(right.replace('one.test', 'one..est'));
    expect([status, err]).toEqual([3, expect.stringMatching(/^dnsblwatch: catalogue .*one\.\.est.*\n$/)]);
  });

  test('knows the built-in catalogue', async () => {
    expect((await run(node, main, 'lists')).out).toContain('spamhaus-zen');
  });

  test('scans on its private database', { timeout: 120_000 }, async () => {
    await run(node, main, 'targets', 'add', '192.0.2.7', '--allow-special');
    const scanned = await run(node, main, 'scan', ...ask.slice(1));
    expect([scanned.status, scanned.err]).toEqual([2, expect.anything()]);
    expect(JSON.parse(scanned.out).changes).toMatchObject([{ kind: 'listed', target: '192.0.2.7', list: 'one' }]);
  });
});

test.each(['20.20.2', '22.18.0', '18.0.0'])('on Node %s it says in one line what it needs', async (old) => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${old}' } });`;
  const ran = await run(process.execPath, '-e', `${pretend} require(${JSON.stringify(main)})`);
  expect(ran).toEqual({ status: 3, out: '', err: `dnsblwatch: needs Node >= 22.19, this is ${old}\n` });
});
