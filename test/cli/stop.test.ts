import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { environmentOf, MAIN } from '../desk.ts';
import { type LabServer, startLab } from '../lab/server.ts';

let lab: LabServer;
let folder: string;
let database: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-stop-'));
  database = await testDatabase();
  lab = await startLab(({ name }) => {
    const holds = name.startsWith('2.0.0.127.') || name.startsWith('3.2.0.192.');
    return { ...(holds ? { a: ['127.0.0.2'] } : { nxdomain: true }), delay: 20 };
  });
  const lists = [
    {
      id: 'slow',
      zone: 'slow.example',
      accepts: ['ipv4'],
      control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
      servers: [lab.address],
    },
  ];
  writeFileSync(path.join(folder, 'lists.json'), JSON.stringify({ lists }));
});

afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(...words: string[]) {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: environmentOf(folder, database),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { child, said: said.then(([out, err, [status, signal]]) => ({ out, err, status, signal })) };
}

const slowList = (): string[] => ['--catalogue', path.join(folder, 'lists.json'), '--lists', 'slow'];

const scan = (...more: string[]) => start('scan', ...slowList(), ...more);

const targetsAsked = (): string[] =>
  lab.questions.filter(({ name }) => name.endsWith('.2.0.192.slow.example')).map(({ name, type }) => `${name} ${type}`);

test('an interrupted scan records what it asked, says how to go on, and goes on there', async () => {
  await start('targets', 'add', '192.0.2.0/24', '--allow-special').said;
  const { child, said } = scan();
  while (targetsAsked().length < 60) await lab.nextQuestion();
  child.kill('SIGINT');
  const { out, err, status, signal } = await said;
  expect([status, signal]).toEqual([130, null]);
  expect(out).toMatch(/^listed +192\.0\.2\.3 on slow/);
  expect(err).toMatch(/^Stopping: .*\nStopped: \d+ lookups and 1 change are recorded\. The same command goes on/);
  const asked = Number(/(\d+) lookups/.exec(err)?.[1]);
  expect(asked).toBeGreaterThanOrEqual(40);
  expect(asked).toBeLessThan(256);

  const rest = await scan('--format', 'json').said;
  expect(JSON.parse(rest.out)).toMatchObject({ changes: [], summary: { lookups: 256 - asked } });
  const names = targetsAsked().filter((name) => name.endsWith(' A'));
  expect(new Set(names).size).toBe(256);
});

test('a second interrupt ends the scan at once', async () => {
  const { child, said } = scan();
  const before = targetsAsked().length;
  while (targetsAsked().length < before + 5) await lab.nextQuestion();
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  expect(await said).toMatchObject({ status: null, signal: 'SIGINT' });
});

test('an interrupted check says how far it came, and that nothing of it is kept', async () => {
  const { child, said } = start('check', '192.0.2.0/24', '--allow-special', ...slowList());
  const before = targetsAsked().length;
  while (targetsAsked().length < before + 5) await lab.nextQuestion();
  child.kill('SIGINT');
  const { err, status, signal } = await said;
  expect([status, signal]).toEqual([130, null]);
  expect(err).toBe(
    'Stopped after 0 of 256 lookups. A check keeps nothing: targets add and scan would go on where they were stopped.\n',
  );
});
