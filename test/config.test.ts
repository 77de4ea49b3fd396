import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { placesOf } from '../src/places.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const name = path.join(folder, 'config.yaml');
  writeFileSync(name, text);
  return name;
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

  test('that is named and not there is a mistake', async () => {
    const missing = path.join(folder, 'none.yaml');
    await expect(loadConfig({ file: missing, env: {} })).rejects.toThrow(
      `configuration ${missing}: there is no such file`,
    );
  });
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
});
