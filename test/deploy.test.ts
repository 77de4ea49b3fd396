import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DCLinter } from 'dclint';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../src/db/open.ts';
import { createQueues } from '../src/schedule/jobs.ts';
import { openQueue } from '../src/schedule/queue.ts';
import { createMetrics } from '../src/web/metrics.ts';
import { command, temporaryHome } from './cli/world.ts';
import { testDatabase } from './database.ts';

const DEPLOY = fileURLToPath(new URL('../deploy', import.meta.url));
const files = readdirSync(DEPLOY, { withFileTypes: true }).flatMap((file) => (file.isFile() ? [file.name] : []));
const text = (file: string): string => readFileSync(path.join(DEPLOY, file), 'utf8');
/** Of 10; systemd's own measure. */
const HARDENED = 2;
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

  test.each(units.filter((name) => name.endsWith('.service')))(
    `gives the program no more than it needs (exposure below ${HARDENED}): %s`,
    (unit) => {
      const threshold = `--threshold=${HARDENED * 10}`;
      const run = spawnSync('systemd-analyze', ['security', '--offline=true', threshold, path.join(DEPLOY, unit)], {
        encoding: 'utf8',
      });
      expect({ status: run.status, said: run.stderr }).toEqual({ status: 0, said: '' });
    },
  );
});

describe('containers', () => {
  test('the Containerfile has no fault', () => {
    expect(validate(text('Containerfile'))).toEqual([]);
  });

  test('the compose file has no fault', () => {
    // How keys are sorted is no fault.
    const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [], stylish: false });
    const [file] = linter.lintFiles([path.join(DEPLOY, 'compose.yaml')], false);
    const faults = file?.messages.filter(({ rule }: { rule: string }) => !/(order|alphabetical)/.test(rule)) ?? [
      'not read',
    ];
    expect(faults).toEqual([]);
  });

  test('the configuration of the compose file is one that the program takes', async () => {
    const { status, err } = await command(['config', 'check', '--config', path.join(DEPLOY, 'container.yaml')]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
  });
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
const prometheus = promtool
  ? 'Prometheus'
  : 'Prometheus: not run, promtool is not installed (apt-get install prometheus)';

describe.runIf(promtool || process.env.CI === 'true')(prometheus, () => {
  const folder = path.join(DEPLOY, 'prometheus');
  test('each alert fires when it should, and not before', () => {
    const run = spawnSync('promtool', ['test', 'rules', 'rules.test.yaml'], { cwd: folder, encoding: 'utf8' });
    expect({ status: run.status, said: run.stderr }).toEqual({ status: 0, said: '' });
  });

  test('each alert is tried in that', () => {
    const alerts = [...text('prometheus/rules.yaml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const tried = text('prometheus/rules.test.yaml');
    expect(
      alerts.filter((name) => !new RegExp(`alertname: ${name}(?:[^}]*exp_alerts:)\\s*- exp_labels`).test(tried)),
    ).toEqual([]);
  });

  test('each query of the dashboard is one that Prometheus understands', () => {
    const rules = queries().map((expr, at) => ({ record: `panel:query${at}`, expr: expr.replaceAll('$job', '.*') }));
    const { home, remove } = temporaryHome();
    const file = path.join(home, 'panels.json');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    const run = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    remove();
    expect({ status: run.status, said: run.stderr }).toEqual({ status: 0, said: '' });
  });
});

test('the alerts and the dashboard ask for metrics that there are', async () => {
  const db = await openDatabase(await testDatabase());
  const queue = await openQueue(db.sql, () => {});
  await createQueues(queue);
  const page = await createMetrics({ sql: db.sql, lists: [], schedules: [], targets: false, now: () => new Date() })();
  await queue.stop({ graceful: false });
  await db.close();
  const known = new Set([...page.body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const asked = [...queries(), text('prometheus/rules.yaml')].flatMap(
    (one) => one.match(/dnsblwatch_[a-z0-9_]+/g) ?? [],
  );
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

/** What the panels of the dashboard show. */
function queries(): string[] {
  const { panels } = JSON.parse(text('grafana/dnsblwatch.json')) as { panels: { targets: { expr: string }[] }[] };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

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
  expect(given).toEqual(new Set(['scan --quiet', 'serve']));
  const database = await testDatabase();
  expect((await command(['scan', '--quiet', '--database', database])).err).toContain('no targets in postgres://');
  const { home, remove } = temporaryHome();
  const config = path.join(home, 'config.json');
  writeFileSync(config, JSON.stringify({ database, serve: { listen: 'off' } }));
  const { status, err } = await command(['serve', '--config', config], { signal: AbortSignal.abort() });
  remove();
  expect({ status, last: JSON.parse(err.trim().split('\n').at(-1) ?? '') }).toMatchObject({
    status: 0,
    last: { msg: 'stopped' },
  });
});
