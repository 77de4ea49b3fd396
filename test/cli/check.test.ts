import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { outputSchema } from '../../src/output/schema.ts';
import { type LabServer, type Reply, startLab } from '../lab/server.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
const file = path.join(home, 'lists.json');
let lab: LabServer;

const ANSWERS: Record<string, Reply> = {
  '7.2.0.192.spam.test': { a: ['127.0.0.2'], txt: ['see https://spam.test/?ip=192.0.2.7 \u001b[31m'] },
  '7.2.0.192.minor.test': { a: ['127.0.0.3', '127.0.0.9'] },
  '7.2.0.192.refusing.test': { a: ['127.255.255.254'] },
  '7.2.0.192.parked.test': { a: ['203.0.113.1'] },
  '7.2.0.192.broken.test': { servfail: true },
};

function definition(id: string, more: Partial<ListDefinition> = {}): ListDefinition {
  return {
    id,
    operator: id,
    zone: `${id}.test`,
    accepts: ['ipv4'],
    servers: [lab.address],
    control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
    ...more,
  };
}

beforeAll(async () => {
  lab = await startLab(({ name }) => {
    if (name.endsWith('.silent.test')) return { silence: true };
    if (name.endsWith('.empty.test') || name.endsWith('.unproven.test')) return { nxdomain: true };
    if (/^2\d\.2\.0\.192\.strange\.test$/.test(name)) return { a: ['127.0.9.9'] };
    if (name.endsWith('.wild.test')) return { a: ['127.0.0.2'] };
    return ANSWERS[name] ?? (name.startsWith('2.0.0.127.') ? { a: ['127.0.0.2'] } : { nxdomain: true });
  });
  const lists: ListDefinition[] = [
    definition('spam', {
      impact: 'high',
      codes: { '127.0.0.2': { label: 'SPAM', meaning: 'traps', severity: 'high' } },
    }),
    definition('minor', {
      codes: { '127.0.0.3': { label: 'MINOR', severity: 'low' }, '127.0.0.2': { label: 'TEST' } },
    }),
    ...['clean', 'refusing', 'parked', 'broken', 'silent', 'empty', 'wild', 'strange'].map((id) => definition(id)),
    definition('unproven', { control: {} }),
    definition('keyed', { zone: '{key}.keyed.test', operator: 'keyed' }),
    definition('dead', { status: { retired: { why: 'closed in 2020' } } }),
  ];
  writeFileSync(file, JSON.stringify({ lists }));
});
afterAll(async () => {
  await lab.close();
  remove();
});

const settings = (): string[] => ['--allow-special', '--catalogue', file, '--timeout', '1000'];

function check(lists: string, ...more: string[]): Promise<Ran> {
  return command(['check', '192.0.2.7', '--lists', lists, ...settings(), ...more], { env: { HOME: home } });
}

test.each([
  ['listed at medium or high', 'spam,clean', 2],
  ['listed at low', 'minor,clean', 1],
  ['nothing listed', 'clean', 0],
  ['unproven is not unknown', 'unproven', 0],
  ['nothing listed and much unknown', 'clean,silent', 3],
  ['a retired list is not asked, so it does not count', 'clean,dead', 0],
])('exit status: %s', async (_case, lists, status) => {
  expect((await check(lists)).status).toBe(status);
});

test.each([
  ['refusing', 'refused-by-list', ['127.255.255.254']],
  ['parked', 'bad-answer', ['203.0.113.1']],
  ['broken', 'servfail', []],
  ['silent', 'list-unreachable', []],
  ['empty', 'list-empty', []],
  ['wild', 'list-wildcard', null],
  ['dead', 'list-retired', []],
])('a list that is %s is unknown, for %s', async (list, why, codes) => {
  const { out } = await check(list, '--format', 'json');
  const [result] = JSON.parse(out).results;
  expect(result).toMatchObject({ verdict: 'unknown', why, proven: false });
  if (codes !== null) expect(result.codes).toEqual(codes);
});

test('JSON is as its published schema says, in order of target and list', async () => {
  const { out, err } = await check('spam,minor,clean,unproven,silent,dead', '--format', 'json');
  const document = JSON.parse(out);
  expect(v.safeParse(outputSchema, document).issues).toBeUndefined();
  expect(document.results.map(({ list }: { list: string }) => list)).toEqual(
    document.lists.map(({ id }: { id: string }) => id),
  );
  expect(document.results.find(({ list }: { list: string }) => list === 'spam')).toEqual({
    target: '192.0.2.7',
    list: 'spam',
    zone: 'spam.test',
    polarity: 'block',
    impact: 'high',
    verdict: 'listed',
    proven: true,
    codes: ['127.0.0.2'],
    meanings: [{ code: '127.0.0.2', label: 'SPAM', meaning: 'traps', severity: 'high', polarity: 'block' }],
    why: null,
    reason: 'see https://spam.test/?ip=192.0.2.7 [31m',
    ttl: 300,
    path: 'servers',
    server: lab.address,
  });
  expect(document.summary).toEqual({
    ...{ targets: 1, lists: 6, lookups: 6, listed: 2 },
    ...{ clean: 2, unproven: 1, unknown: 2, other: 0 },
  });
  expect(err).toBe('');
});

test('ndjson: results, a report a list, the summary last', async () => {
  const { out } = await check('spam,clean', '--format', 'ndjson');
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ type }) => type).sort()).toEqual(['list', 'list', 'result', 'result', 'summary']);
  expect(lines.at(-1)).toMatchObject({ type: 'summary', lookups: 2, listed: 1 });
});

test('more than a thousand targets: what is clean is counted and not printed', async () => {
  const args = ['check', '192.0.0.0/21', '192.0.2.7', '--lists', 'spam', ...settings(), '--format', 'json'];
  const { out } = await command(args, { env: { HOME: home } });
  const { results, summary } = JSON.parse(out);
  expect(results.map(({ target }: { target: string }) => target)).toEqual(['192.0.2.7']);
  expect(summary).toMatchObject({ targets: 2048, lookups: 2048, clean: 2047, listed: 1 });
});

test('no more than 10,000 lookups lie between two rounds of controls', async () => {
  const before = lab.questions.length;
  const args = ['check', '192.0.0.0/18', '--lists', 'spam', ...settings(), '--format', 'json'];
  const { out } = await command(args, { env: { HOME: home } });
  expect(JSON.parse(out).summary).toMatchObject({ lookups: 16_384, listed: 1, unknown: 0 });
  const asked = lab.questions.slice(before).map(({ name }) => name);
  const controls = asked.flatMap((name, at) => (name === '2.0.0.127.spam.test' ? [at] : []));
  const apart = controls.slice(1).map((at, before) => at - (controls[before] ?? 0));
  expect(Math.max(...apart)).toBeLessThanOrEqual(10_000);
  expect(controls.at(-1)).toBeGreaterThan(asked.length - 5);
});

test('a code that the catalogue lacks is told once a list, whatever the number of targets', async () => {
  const args = ['check', '192.0.2.20', '192.0.2.21', '192.0.2.22', '--lists', 'strange', ...settings()];
  const { status, out } = await command(args, { env: { HOME: home } });
  expect(status).toBe(3);
  expect(out.match(/a code that is not in the catalogue/g)).toHaveLength(1);
});

test('targets come from standard input too, with comments, each once', async () => {
  const args = ['check', '-', '--lists', 'spam', ...settings(), '--format', 'csv'];
  const { out } = await command(args, { env: { HOME: home }, input: '192.0.2.7 # mail\n\n192.0.2.8\n192.0.2.7\n' });
  expect(out.trim().split('\r\n')).toHaveLength(3);
});

test('a wrong line of standard input is named', async () => {
  const { status, err } = await command(['check', '-', ...settings()], {
    env: { HOME: home },
    input: '192.0.2.7\nnonsense!\n',
  });
  expect(status).toBe(3);
  expect(err).toContain('standard input, line 2: ');
});

test('an account key is never printed', async () => {
  const config = path.join(home, 'config.json');
  writeFileSync(config, JSON.stringify({ keys: { keyed: 'hushhush' } }));
  for (const format of ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios']) {
    const { out, err } = await check('keyed', '--config', config, '--format', format);
    expect(out + err).not.toContain('hushhush');
  }
  expect((await check('keyed', '--config', config, '--format', 'csv')).out).toContain('{key}.keyed.test');
  expect(lab.questions.some(({ name }) => name.endsWith('.hushhush.keyed.test'))).toBe(true);
});

describe('mistakes end with status 3 and one line', () => {
  test.each([
    ['an unknown option', ['check', '192.0.2.7', '--nonsense'], "error: unknown option '--nonsense'"],
    ['an unknown command', ['chekc'], "error: unknown command 'chekc'"],
    ['no target', ['check'], "error: missing required argument 'target'"],
    ['no targets on standard input', ['check', '-'], 'no target given'],
    ['a special target', ['check', '10.0.0.1'], '10.0.0.1'],
    ['an unknown list', ['check', '192.0.2.7', '--allow-special', '--lists', 'nosuch'], '"nosuch"'],
    ['an unknown format', ['check', '192.0.2.7', '--format', 'xml'], '--format "xml": expected table, json'],
    ['a wrong timeout', ['check', '192.0.2.7', '--timeout', 'x'], '--timeout "x": expected milliseconds'],
    ['a wrong resolver', ['check', '192.0.2.7', '--resolver', 'x'], 'resolver "x": expected auto, direct, system'],
    [
      'a missing catalogue',
      ['check', '192.0.2.7', '--catalogue', '/none.yaml'],
      'catalogue /none.yaml: there is no such file',
    ],
  ])('%s', async (_case, args, message) => {
    const { status, out, err } = await command(args, { env: { HOME: home } });
    expect(status).toBe(3);
    expect(out).toBe('');
    expect(err).toContain(message);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

test('help goes to standard output, with status 0', async () => {
  const { status, out } = await command(['--help']);
  expect(status).toBe(0);
  expect(out).toContain('check [options] <target...>');
});

test('the program itself: status and output of the process, and check loads no database code', async () => {
  const main = new URL('../../src/main.js', import.meta.url).pathname;
  const trace = path.join(home, 'loaded.txt');
  const hook = path.join(home, 'hook.mjs');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
import { appendFileSync } from 'node:fs';
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(trace)}, url + '\\n'); return next(url, context); } });`,
  );
  const args = ['--import', hook, main, 'check', '192.0.2.7', '--lists', 'spam', ...settings(), '--format', 'nagios'];
  const env = { ...process.env, HOME: home, DNSBLWATCH_STATE: path.join(home, 'state') };
  const failed = await promisify(execFile)(process.execPath, args, { env }).catch((error) => error);
  expect(failed.code).toBe(2);
  expect(failed.stdout).toMatch(/^DNSBL CRITICAL: listed: 192\.0\.2\.7 on spam \| listed=1;;;0 /);
  const { readFileSync } = await import('node:fs');
  const loaded = readFileSync(trace, 'utf8');
  expect(loaded).toContain('src/scan/round.ts');
  expect(loaded).not.toMatch(/drizzle|node_modules\/postgres|src\/db\/|js-yaml/);
});
