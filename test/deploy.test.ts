import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command } from './cli/world.ts';
import { testDatabase } from './database.ts';

const DEPLOY = fileURLToPath(new URL('../deploy', import.meta.url));
const files = readdirSync(DEPLOY);
const text = (file: string): string => readFileSync(path.join(DEPLOY, file), 'utf8');
const units = files.filter((name) => /\.(service|timer)$/.test(name));
const crontabs = files.filter((name) => name.startsWith('crontab'));

const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
const named = systemd ? 'a unit' : 'a unit: not run, systemd-analyze is not installed (apt-get install systemd)';

describe.runIf(systemd || process.env.CI === 'true')(named, () => {
  test.each(units)('is as systemd wants it: %s', (unit) => {
    const run = spawnSync('systemd-analyze', ['verify', '--man=no', path.join(DEPLOY, unit)], { encoding: 'utf8' });
    // A key that it does not know is said, and does not count as an error.
    expect({ status: run.status, said: `${run.stdout}${run.stderr}`.trim() }).toEqual({ status: 0, said: '' });
  });
});

describe('a crontab', () => {
  const lines = (file: string): string[] =>
    text(file)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !/^[A-Z_]+=\S/.test(line));

  test.each(crontabs)('has five fields, an account and a command on each line: %s', (file) => {
    expect(lines(file).length).toBeGreaterThan(0);
    for (const line of lines(file)) expect(line).toMatch(/^([\d*]+ ){5}dnsblwatch dnsblwatch \w+/);
  });

  test.each(crontabs)('names a minute of its own, not the full hour when everybody asks: %s', (file) => {
    for (const line of lines(file)) expect(line).toMatch(/^([1-9]|[1-5]\d) /);
  });
});

test('each command in these files is one that the program takes', async () => {
  const starts = files.flatMap((file) => [...text(file).matchAll(/^(?:ExecStart=.*|[\d*]+ .*)\bdnsblwatch (.+)$/gm)]);
  const given = new Set(starts.map(([, words = '']) => words));
  expect(given.size).toBeGreaterThan(0);
  for (const words of given) {
    const { err } = await command([...words.split(' '), '--database', await testDatabase()]);
    expect(err, words).toContain('no targets in postgres://');
  }
});
