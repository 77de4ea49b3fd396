import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { UserError } from '../src/errors.ts';
import { placesOf } from '../src/places.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const name = path.join(folder, 'config.yaml');
  writeFileSync(name, text);
  return name;
}

/** The message without the folder, which changes. */
async function messageFor(text: string): Promise<string> {
  const error = await loadConfig({ file: file(text), env: {} }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replaceAll(folder + path.sep, '');
}

describe('a configuration file', () => {
  test('has every key that it may have', async () => {
    const config = await loadConfig({
      file: file(`
database: data
catalogue: [lists.yaml]
lists: [default, mine]
keys: { spamhaus-dqs: abcdef }
resolver: 192.0.2.53:5300
timeout: 2s
confirm: { listed: 2, delisted: 3, spacing: 1h30m }
retention: { coverage: 7d }
limits: { example: { perSecond: 5 }, other: none }
`),
      env: {},
    });
    expect(config).toMatchObject({
      database: path.join(folder, 'data'),
      catalogue: [path.join(folder, 'lists.yaml')],
      lists: 'default,mine',
      keys: { 'spamhaus-dqs': 'abcdef' },
      resolver: { host: '192.0.2.53:5300' },
      timeout: 2000,
      confirm: { listed: 2, delisted: 3, spacing: 5_400_000 },
      retention: { coverage: 604_800_000, evidence: 31_536_000_000 },
      limits: { example: { perSecond: 5 }, other: 'none' },
    });
  });

  test.each(['', '# nothing yet\n', '{}'])('that says nothing (%j) leaves every default', async (text) => {
    const config = await loadConfig({ file: file(text), env: {} });
    expect(config.confirm).toEqual({ listed: 1, delisted: 2, spacing: 300_000 });
    expect(config).toMatchObject({ lists: 'default', resolver: 'auto', timeout: 5000, limits: {}, keys: {} });
  });

  test.each([
    ['no object', '[1]', 'configuration config.yaml: expected an object, got [1]'],
    ['not YAML', 'lists: [a', 'configuration config.yaml at line 1, column 10: neither YAML nor JSON: '],
    [
      'unknown key',
      'list: all',
      'configuration config.yaml: list: unknown key, expected database, catalogue, lists, targets, keys, resolver, timeout, confirm, limits, retention, channels, routes, alerts',
    ],
    [
      'unknown key inside',
      'confirm: { cleans: 2 }',
      'configuration config.yaml: confirm.cleans: unknown key, expected listed, delisted, spacing',
    ],
    ['database', 'database: 5', 'configuration config.yaml: database: expected text, got something else'],
    ['catalogue', 'catalogue: 5', 'configuration config.yaml: catalogue: expected a file or an array of files, got 5'],
    ['lists', 'lists: {}', 'configuration config.yaml: lists: expected ids, tags, default or all, got {}'],
    [
      'keys',
      'keys: [a]',
      'configuration config.yaml: keys.0: expected the id of a list or operator, got something else',
    ],
    ['a key', 'keys: { dqs: 12 }', 'configuration config.yaml: keys.dqs: expected text, got something else'],
    [
      'resolver',
      'resolver: nearest',
      'configuration config.yaml: resolver: expected auto, direct, system or an address with an optional port, got "nearest"',
    ],
    ['timeout', 'timeout: 5', 'configuration config.yaml: timeout: expected a duration such as 5m or 0s, got 5'],
    [
      'confirm',
      'confirm: 2',
      'configuration config.yaml: confirm: expected an object with listed, delisted, spacing, got 2',
    ],
    [
      'confirm.listed',
      'confirm: { listed: 0 }',
      'configuration config.yaml: confirm.listed: expected a whole number from 1 to 20, got 0',
    ],
    [
      'retention',
      'retention: 30d',
      'configuration config.yaml: retention: expected an object with coverage, evidence, got "30d"',
    ],
    [
      'retention.coverage',
      'retention: { coverage: always }',
      'configuration config.yaml: retention.coverage: expected a duration such as 5m or 0s, got "always"',
    ],
    [
      'unknown key of retention',
      'retention: { listings: 1d }',
      'configuration config.yaml: retention.listings: unknown key, expected coverage, evidence',
    ],
    [
      'confirm.delisted',
      'confirm: { delisted: 1.5 }',
      'configuration config.yaml: confirm.delisted: expected a whole number from 1 to 20, got 1.5',
    ],
    [
      'confirm.spacing',
      'confirm: { spacing: soon }',
      'configuration config.yaml: confirm.spacing: expected a duration such as 5m or 0s, got "soon"',
    ],
    [
      'limits',
      'limits: 5',
      'configuration config.yaml: limits: expected none or an object of operators and {perSecond, perDay}, got 5',
    ],
    [
      'a limit',
      'limits: { example: { perSecond: -1 } }',
      'configuration config.yaml: limits.example.perSecond: expected a number above 0, got -1',
    ],
  ])('is refused for one fault: %s', async (_rule, text, message) => {
    expect((await messageFor(text)).startsWith(message)).toBe(true);
  });

  test('names every fault, each on its line', async () => {
    expect((await messageFor('timeout: 5\nlists: 3')).split('\n')).toHaveLength(2);
  });

  test('that is named and not there is a mistake', async () => {
    const missing = path.join(folder, 'none.yaml');
    await expect(loadConfig({ file: missing, env: {} })).rejects.toThrow(
      `configuration ${missing}: there is no such file`,
    );
  });
});

test('a fault never shows a key or the password of a database', async () => {
  expect(await messageFor('keys: { dqs: [hush] }')).not.toContain('hush');
  expect(await messageFor('database: [postgres://me:hush@db/x]')).not.toContain('hush');
});

test('DNSBLWATCH_DATABASE goes before DATABASE_URL, and both before the file', async () => {
  const given = file('database: postgres://file/x');
  const load = async (env: Record<string, string>): Promise<string> =>
    (await loadConfig({ file: given, env })).database;
  expect(await load({})).toBe('postgres://file/x');
  expect(await load({ DATABASE_URL: 'postgres://url/x' })).toBe('postgres://url/x');
  expect(await load({ DATABASE_URL: 'postgres://url/x', DNSBLWATCH_DATABASE: '/data' })).toBe('/data');
});

test('keys may come from the environment', async () => {
  const env = { DNSBLWATCH_KEY_SPAMHAUS_DQS: 'abc', DNSBLWATCH_CONFIG: file('keys: { abusix: one }') };
  expect((await loadConfig({ env })).keys).toEqual({ abusix: 'one', 'spamhaus-dqs': 'abc' });
});

test('root has the folders of the system, others those of XDG, a relative one ignored', () => {
  expect(placesOf({}, true)).toMatchObject({ config: '/etc/dnsblwatch/config.yaml', data: '/var/lib/dnsblwatch' });
  expect(placesOf({ DNSBLWATCH_STATE: '/run/x' }, true).state).toBe('/run/x');
  const env = { HOME: '/home/me', XDG_DATA_HOME: '/big', XDG_STATE_HOME: 'relative' };
  expect(placesOf(env, false)).toEqual({
    config: '/home/me/.config/dnsblwatch/config.yaml',
    data: '/big/dnsblwatch',
    state: '/home/me/.local/state/dnsblwatch',
    cache: '/home/me/.cache/dnsblwatch',
  });
});

describe('channels and routes', () => {
  const notify = async (text: string, env: Record<string, string> = {}) =>
    (await loadConfig({ file: file(text), env })).notify();

  test('have defaults; a secret may come from the environment, which goes before the file', async () => {
    const { channels, routes, alerting } = await notify(
      `
channels:
  ops: { type: email, to: ops@example.org, server: "smtp://mail.example.org:587", user: watch, password: in-file }
  team-chat: { type: slack, language: zh-CN, timeZone: Asia/Shanghai, gets: [digest] }
`,
      {
        DNSBLWATCH_CHANNEL_OPS_PASSWORD: 'from-env',
        DNSBLWATCH_CHANNEL_TEAM_CHAT_URL: 'https://hooks.example/T0/B0',
      },
    );
    expect(channels).toEqual([
      {
        ...{ id: 'ops', type: 'email', to: ['ops@example.org'], from: 'ops@example.org', user: 'watch' },
        ...{ server: 'smtp://mail.example.org:587', password: 'from-env' },
        ...{ language: 'en', timeZone: 'UTC', gets: ['alerts', 'digest'] },
      },
      {
        ...{ id: 'team-chat', type: 'slack', url: 'https://hooks.example/T0/B0' },
        ...{ language: 'zh-CN', timeZone: 'Asia/Shanghai', gets: ['digest'] },
      },
    ]);
    expect(routes).toEqual([{ to: ['ops', 'team-chat'], tags: null, impact: 'low', severity: 'low' }]);
    expect(alerting).toEqual({ window: 300_000, blind: 86_400_000, reminders: [86_400_000, 259_200_000, 604_800_000] });
  });

  test.each([
    [
      'an unknown kind',
      'channels: { a: { type: pager } }',
      'channels.a.type: expected one of email, webhook, slack, discord',
    ],
    [
      'an unknown key',
      'channels: { a: { type: slack, link: x } }',
      'channels.a.link: unknown key, expected type, url, language',
    ],
    [
      'no address',
      'channels: { a: { type: slack, url: "secret-thing" } }',
      'channels.a.url: expected an http or https address, got something else',
    ],
    [
      'no mail address',
      'channels: { a: { type: email, to: nobody } }',
      'channels.a.to: expected a mail address, got something else',
    ],
    ['a name', 'channels: { A B: { type: slack } }', 'channels.A B: expected a name of small letters, digits and -'],
    [
      'a time zone',
      'channels: { a: { type: slack, timeZone: Mars } }',
      'channels.a.timeZone: expected a time zone such as Europe/Berlin, got something else',
    ],
    ['a route', 'routes: [{ to: a, tag: b }]', 'routes.0.tag: unknown key, expected to, tags, impact, severity'],
    ['a level', 'routes: [{ to: a, impact: huge }]', 'routes.0.impact: expected low, medium or high, got "huge"'],
    ['a window', 'alerts: { window: 5 }', 'alerts.window: expected a duration such as 24h, got 5'],
  ])('that are wrong are told with their path, and never with a secret: %s', async (_case, text, message) => {
    const said = await messageFor(text);
    expect(said).toContain(`configuration config.yaml: ${message}`);
    expect(said).not.toContain('secret-thing');
  });

  test.each([
    ['channels: { a: { type: slack } }', 'channels.a.url: missing; or set DNSBLWATCH_CHANNEL_A_URL'],
    [
      'channels: { a-b: { type: telegram, chat: 1 } }',
      'channels.a-b.token: missing; or set DNSBLWATCH_CHANNEL_A_B_TOKEN',
    ],
    ['routes: [{ to: ops }]', 'routes.0.to: no channel "ops"; expected one of channels, of which there are none'],
  ])('%s does not do: %s', async (text, message) => {
    await expect(notify(text)).rejects.toThrow(message);
  });
});
