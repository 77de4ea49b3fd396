import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { command, temporaryHome } from '../cli/world.ts';

const { home, remove } = temporaryHome();
afterAll(remove);

const file = path.join(home, 'config.yaml');
/** A key, a password, a webhook; never to be seen. */
const SECRET = 'hush-hush';

/** What `config check` says of the file, without what begins every line of it. */
async function said(text: string, env: Record<string, string> = {}): Promise<string[]> {
  writeFileSync(file, text);
  const { status, out, err } = await command(['config', 'check', '--config', file], { env: { HOME: home, ...env } });
  expect({ status, out }, err).toEqual({ status: 3, out: '' });
  expect(err).not.toContain(SECRET);
  return err
    .replace(/^dnsblwatch: /, '')
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(`configuration ${file}: `, ''));
}

/** Rule, file, message. */
type Case = [string, string, string];

const KEYS =
  'database, catalogue, lists, targets, keys, resolver, timeout, confirm, limits, retention, channels, routes, alerts, schedules, serve, source';
const KINDS = 'email, webhook, slack, discord, teams, telegram, ntfy, dingtalk, wecom, feishu, command';
const SPAN = 'a duration such as 5m or 0s';
const TEXT = 'a text that is not empty';
const NAME = 'a name of small letters, digits and -';
const IDS = 'ids, tags, default or all';
const ZONE = 'a time zone such as Europe/Berlin';
const FIELDS = 'target, label, tags, owner, allowSpecial';

describe('each rule of the configuration refuses a file that breaks it, and says where, what was given and what was expected', () => {
  const cases: Record<string, Case[]> = {
    'the whole': [
      ['an object', '[1]', 'got an array; expected an object of keys, such as lists: default'],
      ['not a text', 'all', 'got "all"; expected an object of keys, such as lists: default'],
      ['known keys', 'list: all', `list: no such field; expected one of ${KEYS}`],
    ],
    database: [
      ['a text', 'database: 5', `database: got a number; expected ${TEXT}`],
      ['not empty', 'database: ""', `database: got a text; expected ${TEXT}`],
      ['never shown', `database: [postgres://me:${SECRET}@db/x]`, `database: got an array; expected ${TEXT}`],
    ],
    catalogue: [
      ['a file', 'catalogue: 5', 'catalogue: got 5; expected a file or an array of files'],
      ['files', 'catalogue: [5]', 'catalogue[0]: got 5; expected a file or an array of files'],
      ['no address', `catalogue: https://me:${SECRET}@host/x`, 'catalogue: got an address; expected a file'],
    ],
    lists: [
      ['ids', `lists: { dqs: ${SECRET} }`, `lists: got an object; expected ${IDS}`],
      ['each an id', 'lists: [5]', `lists[0]: got 5; expected ${TEXT}`],
      ['at least one', 'lists: []', 'lists: lists "": names none; expected default, all, ids or tags'],
      [
        'known ones',
        'lists: spamhaus-zan',
        'lists: lists "spamhaus-zan": no list and no tag of this name; expected default, all, an id or a tag (similar: spamhaus-zen, spamhaus-zen-dqs, spamhaus-zrd-dqs, spamhaus-sbl, spamhaus-xbl)',
      ],
      [
        'with a key where one is needed',
        'lists: spamhaus-zen-dqs',
        'lists: list "spamhaus-zen-dqs": {key}.zen.dq.spamhaus.net needs an account key; expected one under keys.spamhaus-dqs or keys.spamhaus-zen-dqs in the configuration',
      ],
    ],
    keys: [
      ['an object', `keys: [${SECRET}]`, 'keys: got an array; expected an object of list or operator ids and keys'],
      ['not one key', `keys: ${SECRET}`, 'keys: got a text; expected an object of list or operator ids and keys'],
      ['texts', 'keys: { abusix: 12 }', 'keys.abusix: got a number; expected a key as a text, in quotes'],
      [
        'of one label',
        `keys: { abusix: "a ${SECRET}" }`,
        'keys.abusix: not a key; expected 1 to 63 letters, digits, hyphens or underscores',
      ],
      [
        'of a list that takes one',
        `keys: { psbl: ${SECRET} }`,
        "keys.psbl: no list or operator of this name takes a key; expected one of abusix, spamhaus-dqs, trendmicro, or a list's id",
      ],
    ],
    resolver: [
      [
        'a way or an address',
        'resolver: nearest',
        'resolver: got "nearest"; expected auto, direct, system or an address with an optional port',
      ],
      [
        'not a number',
        'resolver: 5',
        'resolver: got 5; expected auto, direct, system or an address with an optional port',
      ],
    ],
    timeout: [
      ['a duration', 'timeout: 5', 'timeout: got 5; expected a duration such as 5s'],
      ['some time', 'timeout: 0s', 'timeout: got "0s"; expected a duration from 1ms to 10m'],
      ['no half hour', 'timeout: 30m', 'timeout: got "30m"; expected a duration from 1ms to 10m'],
    ],
    confirm: [
      ['an object', 'confirm: 2', 'confirm: got 2; expected an object with listed, delisted, spacing'],
      ['no array', 'confirm: []', 'confirm: got an array; expected an object with listed, delisted, spacing'],
      [
        'known keys',
        'confirm: { cleans: 2 }',
        'confirm.cleans: no such field; expected one of listed, delisted, spacing',
      ],
      ['listed', 'confirm: { listed: 0 }', 'confirm.listed: got 0; expected a whole number from 1 to 20'],
      ['delisted', 'confirm: { delisted: 1.5 }', 'confirm.delisted: got 1.5; expected a whole number from 1 to 20'],
      ['spacing', 'confirm: { spacing: soon }', `confirm.spacing: got "soon"; expected ${SPAN}`],
    ],
    limits: [
      [
        'none or an object',
        'limits: 5',
        'limits: got 5; expected none or an object of operators and {perSecond, perDay}',
      ],
      [
        'no array',
        'limits: []',
        'limits: got an array; expected none or an object of operators and {perSecond, perDay}',
      ],
      ['numbers', 'limits: { psbl: 5 }', 'limits.psbl: got 5; expected none or {perSecond, perDay}, numbers above 0'],
      ['perSecond', 'limits: { psbl: { perSecond: -1 } }', 'limits.psbl.perSecond: got -1; expected a number above 0'],
      [
        'perDay',
        'limits: { psbl: { perDay: 0.5 } }',
        'limits.psbl.perDay: got 0.5; expected a whole number from 1 to 1000000000',
      ],
      [
        'known keys',
        'limits: { psbl: { perHour: 5 } }',
        'limits.psbl.perHour: no such field; expected one of perSecond, perDay',
      ],
      [
        'of what there is',
        'limits: { pspl: none }',
        'limits.pspl: no list or operator of this name; expected one that `dnsblwatch lists --format csv` shows',
      ],
    ],
    retention: [
      ['an object', 'retention: 30d', 'retention: got "30d"; expected an object with coverage, evidence'],
      [
        'known keys',
        'retention: { listings: 1d }',
        'retention.listings: no such field; expected one of coverage, evidence',
      ],
      ['coverage', 'retention: { coverage: always }', `retention.coverage: got "always"; expected ${SPAN}`],
      ['evidence', 'retention: { evidence: 5 }', `retention.evidence: got 5; expected ${SPAN}`],
    ],
    source: [['a text', 'source: 5', `source: got 5; expected ${TEXT}`]],
    targets: [
      ['an array', 'targets: { a: 1 }', 'targets: got an object; expected an array of targets'],
      ['of targets', 'targets: [5]', 'targets[0]: got 5; expected a target, {target, label, tags, owner} or {file}'],
      ['with a target', 'targets: [{ label: mail }]', 'targets[0].target: missing; expected a target'],
      [
        'known keys',
        'targets: [{ target: a.example, tag: b }]',
        `targets[0].tag: no such field; expected one of ${FIELDS}`,
      ],
      [
        'a target or a file',
        'targets: [{ target: a.example, file: b }]',
        `targets[0].file: no such field; expected one of ${FIELDS}`,
      ],
      ['file', 'targets: [{ file: 5 }]', 'targets[0].file: got 5; expected a file'],
      ['label', 'targets: [{ target: a.example, label: 5 }]', `targets[0].label: got 5; expected ${TEXT}`],
      ['owner', 'targets: [{ target: a.example, owner: [] }]', `targets[0].owner: got an array; expected ${TEXT}`],
      [
        'tags',
        'targets: [{ target: a.example, tags: mail }]',
        'targets[0].tags: got "mail"; expected an array of tags',
      ],
      [
        'tags that can be written',
        'targets: [{ target: a.example, tags: ["a b"] }]',
        'targets[0]: tag "a b": expected up to 64 letters, digits and ". _ : / -"',
      ],
      [
        'allowSpecial',
        'targets: [{ target: a.example, allowSpecial: 1 }]',
        'targets[0].allowSpecial: got 1; expected true or false',
      ],
      [
        'targets as everywhere',
        'targets: [a.example, 198.51.100.300]',
        'targets[1]: target "198.51.100.300": 300 is no octet; expected four numbers, 0 to 255',
      ],
      [
        'a file that is there',
        'targets: [{ file: none.csv }]',
        `targets[0]: ${home}/none.csv: there is no such file; expected a file with one target a line, or CSV`,
      ],
    ],
    channels: [
      ['an object', `channels: [${SECRET}]`, 'channels: got an array; expected an object of channels'],
      ['names', 'channels: { A B: { type: slack } }', `channels."A B": got a text; expected ${NAME}`],
      [
        'each an object',
        `channels: { a: ${SECRET} }`,
        `channels.a: got a text; expected {type, …}, the type one of ${KINDS}`,
      ],
      ['type', 'channels: { a: { url: "https://x" } }', `channels.a.type: missing; expected one of ${KINDS}`],
      ['known types', 'channels: { a: { type: pager } }', `channels.a.type: got "pager"; expected one of ${KINDS}`],
      [
        'known keys',
        `channels: { a: { type: slack, link: ${SECRET} } }`,
        'channels.a.link: no such field; expected one of type, url, language, timeZone, gets',
      ],
      [
        'url',
        `channels: { a: { type: slack, url: ${SECRET} } }`,
        'channels.a.url: got a text; expected an http or https address',
      ],
      [
        'url, somewhere',
        'channels: { a-b: { type: slack } }',
        'channels.a-b.url: missing; expected it here, or as DNSBLWATCH_CHANNEL_A_B_URL in the environment',
      ],
      [
        'secret',
        'channels: { a: { type: webhook, url: "https://x", secret: 5 } }',
        `channels.a.secret: got a number; expected ${TEXT}`,
      ],
      ['to', 'channels: { a: { type: email } }', 'channels.a.to: missing; expected a mail address or an array of them'],
      [
        'to whom',
        'channels: { a: { type: email, to: nobody } }',
        'channels.a.to: got "nobody"; expected a mail address',
      ],
      [
        'to somebody',
        'channels: { a: { type: email, to: [] } }',
        'channels.a.to: got an array; expected a mail address or an array of them',
      ],
      [
        'from',
        'channels: { a: { type: email, to: a@b.example, from: me } }',
        'channels.a.from: got "me"; expected a mail address',
      ],
      [
        'server',
        `channels: { a: { type: email, to: a@b.example, server: "https://me:${SECRET}@x" } }`,
        'channels.a.server: got a text; expected smtp://host:port or smtps://host',
      ],
      [
        'user',
        'channels: { a: { type: email, to: a@b.example, user: 5 } }',
        `channels.a.user: got 5; expected ${TEXT}`,
      ],
      [
        'password',
        'channels: { a: { type: email, to: a@b.example, password: 5 } }',
        `channels.a.password: got a number; expected ${TEXT}`,
      ],
      [
        'chat',
        'channels: { a: { type: telegram } }',
        'channels.a.chat: missing; expected the id of a chat, or @channel',
      ],
      [
        'chat without fractions',
        'channels: { a: { type: telegram, chat: 1.5 } }',
        'channels.a.chat: got 1.5; expected the id of a chat, or @channel',
      ],
      [
        'token',
        'channels: { a: { type: telegram, chat: 1, token: 5 } }',
        `channels.a.token: got a number; expected ${TEXT}`,
      ],
      [
        'token, somewhere',
        'channels: { a: { type: telegram, chat: 1 } }',
        'channels.a.token: missing; expected it here, or as DNSBLWATCH_CHANNEL_A_TOKEN in the environment',
      ],
      [
        'command',
        `channels: { a: { type: command, command: ${SECRET} } }`,
        'channels.a.command: got a text; expected [program, argument, …]',
      ],
      [
        'a program',
        'channels: { a: { type: command, command: [] } }',
        'channels.a.command: got an array; expected [program, argument, …]',
      ],
      [
        'language',
        'channels: { a: { type: slack, language: de } }',
        'channels.a.language: got "de"; expected en or zh-CN',
      ],
      [
        'timeZone',
        'channels: { a: { type: slack, timeZone: Mars } }',
        `channels.a.timeZone: got "Mars"; expected ${ZONE}`,
      ],
      [
        'gets',
        'channels: { a: { type: slack, gets: alerts } }',
        'channels.a.gets: got "alerts"; expected [alerts, digest]',
      ],
      [
        'known kinds of news',
        'channels: { a: { type: slack, gets: [news] } }',
        'channels.a.gets[0]: got "news"; expected alerts or digest',
      ],
    ],
    routes: [
      ['an array', 'routes: { to: a }', 'routes: got an object; expected an array of routes'],
      ['of objects', 'routes: [a]', 'routes[0]: got "a"; expected an object with to, tags, impact, severity'],
      [
        'known keys',
        'routes: [{ to: a, tag: b }]',
        'routes[0].tag: no such field; expected one of to, tags, impact, severity',
      ],
      ['to', 'routes: [{ tags: [a] }]', 'routes[0].to: missing; expected the name of a channel, or an array of them'],
      [
        'to a name',
        `routes: [{ to: "https://hooks.example/${SECRET}" }]`,
        `routes[0].to: got an address; expected ${NAME}`,
      ],
      [
        'not to a channel itself',
        `routes: [{ to: { type: slack, url: "${SECRET}" } }]`,
        'routes[0].to: got an object; expected the name of a channel, or an array of them',
      ],
      [
        'to what there is',
        'channels: { b: { type: command, command: [x] } }\nroutes: [{ to: a }]',
        'routes[0].to: got "a"; expected one of b',
      ],
      [
        'to something',
        'routes: [{ to: a }]',
        'routes[0].to: got "a"; expected the name of a channel, but `channels` has none',
      ],
      ['tags', 'routes: [{ to: a, tags: b }]', 'routes[0].tags: got "b"; expected an array of tags'],
      ['impact', 'routes: [{ to: a, impact: huge }]', 'routes[0].impact: got "huge"; expected low, medium or high'],
      [
        'severity',
        'routes: [{ to: a, severity: info }]',
        'routes[0].severity: got "info"; expected low, medium or high',
      ],
    ],
    alerts: [
      ['an object', 'alerts: 5m', 'alerts: got "5m"; expected an object with window, blind, reminders'],
      ['known keys', 'alerts: { wait: 5m }', 'alerts.wait: no such field; expected one of window, blind, reminders'],
      ['window', 'alerts: { window: 5 }', 'alerts.window: got 5; expected a duration such as 24h'],
      ['blind', 'alerts: { blind: never }', 'alerts.blind: got "never"; expected a duration such as 24h'],
      ['reminders', 'alerts: { reminders: 1d }', 'alerts.reminders: got "1d"; expected an array of durations'],
      [
        'each a duration',
        'alerts: { reminders: [1d, 3] }',
        'alerts.reminders[1]: got 3; expected a duration such as 24h',
      ],
    ],
    schedules: [
      ['an object', 'schedules: 5', 'schedules: got 5; expected an object of names and schedules'],
      ['names', 'schedules: { A: off }', `schedules.A: got "A"; expected ${NAME}`],
      [
        'each a cron expression',
        'schedules: { a: 5 }',
        'schedules.a: got 5; expected a cron expression, {cron, does, timeZone, tags, lists, quiet, jitter, connect, allowSpecial} or off',
      ],
      [
        'cron',
        'schedules: { a: { does: scan } }',
        'schedules.a.cron: missing; expected a cron expression such as 17 */6 * * *',
      ],
      [
        'of five fields',
        'schedules: { a: "0 0 7 * * *" }',
        'schedules.a: got "0 0 7 * * *" (6 fields in place of five (no seconds)); expected five fields such as "17 */6 * * *", or off',
      ],
      [
        'known keys',
        'schedules: { a: { cron: "* * * * *", to: x } }',
        'schedules.a.to: no such field; expected one of cron, does, timeZone, tags, lists, quiet, jitter, connect, allowSpecial',
      ],
      [
        'does',
        'schedules: { a: { cron: "* * * * *", does: dance } }',
        'schedules.a.does: got "dance"; expected scan, follow-up, audit, digest',
      ],
      [
        'timeZone',
        'schedules: { a: { cron: "* * * * *", timeZone: Mars } }',
        `schedules.a.timeZone: got "Mars"; expected ${ZONE}`,
      ],
      [
        'tags',
        'schedules: { a: { cron: "* * * * *", tags: x } }',
        'schedules.a.tags: got "x"; expected an array of tags',
      ],
      ['lists', 'schedules: { a: { cron: "* * * * *", lists: 5 } }', `schedules.a.lists: got 5; expected ${IDS}`],
      [
        'known lists',
        'schedules: { a: { cron: "* * * * *", lists: qqq } }',
        'schedules.a: lists "qqq": no list and no tag of this name; expected default, all, an id or a tag (see `dnsblwatch lists`)',
      ],
      [
        'quiet',
        'schedules: { a: { cron: "* * * * *", quiet: 1 } }',
        'schedules.a.quiet: got 1; expected a duration such as 24h',
      ],
      [
        'quiet with a scan',
        'schedules: { digest: { cron: "* * * * *", quiet: 24h } }',
        'schedules.digest.quiet: got it with digest; expected it with scan only',
      ],
      [
        'jitter',
        'schedules: { a: { cron: "* * * * *", jitter: 5 } }',
        'schedules.a.jitter: got 5; expected a duration such as 10m',
      ],
    ],
    serve: [
      [
        'an object',
        'serve: 9153',
        'serve: got 9153; expected an object with listen, stopWithin, targetMetrics, timeZone',
      ],
      [
        'known keys',
        'serve: { port: 9153 }',
        'serve.port: no such field; expected one of listen, stopWithin, targetMetrics, timeZone',
      ],
      [
        'listen',
        'serve: { listen: 9153 }',
        'serve.listen: got 9153; expected an address and a port such as 127.0.0.1:9153, or off',
      ],
      [
        'a port that exists',
        'serve: { listen: "localhost:99999" }',
        'serve.listen: got "localhost:99999"; expected an address and a port such as 127.0.0.1:9153, or off',
      ],
      ['stopWithin', 'serve: { stopWithin: 30 }', 'serve.stopWithin: got 30; expected a duration such as 30s'],
      ['targetMetrics', 'serve: { targetMetrics: all }', 'serve.targetMetrics: got "all"; expected true or false'],
      ['timeZone', 'serve: { timeZone: Mars }', `serve.timeZone: got "Mars"; expected ${ZONE}`],
    ],
  };
  for (const [key, rows] of Object.entries(cases))
    test.each(rows)(`${key}: %s`, async (_rule, text, message) => {
      expect(await said(text)).toEqual([message]);
    });
});

test('every fault is told, each on its line', async () => {
  expect(await said('timeout: 5\nconfirm: { listed: 0, delisted: 0 }\nroute: []')).toEqual([
    'timeout: got 5; expected a duration such as 5s',
    'confirm.listed: got 0; expected a whole number from 1 to 20',
    'confirm.delisted: got 0; expected a whole number from 1 to 20',
    `route: no such field; expected one of ${KEYS}`,
  ]);
});

test.each([
  ['lists: [a', 'line 1, column 10: neither YAML nor JSON: unexpected end of the stream within a flow collection'],
  ['a: 1\na: 2', 'line 2, column 1: neither YAML nor JSON: duplicated mapping key'],
  [
    `keys: { dqs: *${SECRET} }`,
    'line 1, column 15: neither YAML nor JSON: unidentified alias; a text that begins with * or ! must stand in quotes',
  ],
  [
    `keys: { dqs: !${SECRET} x }`,
    'line 1, column 14: neither YAML nor JSON: unknown scalar tag; a text that begins with * or ! must stand in quotes',
  ],
])('what is no YAML is told with its line, and without what may be a secret: %j', async (text, message) => {
  expect(await said(text)).toEqual([`configuration ${file} at ${message}`]);
});

const TAKEN = 'DNSBLWATCH_CHANNEL_A_URL, DNSBLWATCH_CHANNEL_A_SECRET';

test.each([
  [
    'DNSBLWATCH_KEY_NO_SUCH',
    SECRET,
    "no list or operator of this name takes a key; expected one of abusix, spamhaus-dqs, trendmicro, or a list's id",
  ],
  ['DNSBLWATCH_KEY_ABUSIX', `a ${SECRET}`, 'not a key; expected 1 to 63 letters, digits, hyphens or underscores'],
  ['DNSBLWATCH_CHANNEL_A_URL', SECRET, 'got something else; expected an http or https address'],
  ['DNSBLWATCH_CHANNEL_B_SECRET', SECRET, `no channel takes it; expected one of ${TAKEN}`],
  ['DNSBLWATCH_CHANNEL_A_TOKEN', SECRET, `no channel takes it; expected one of ${TAKEN}`],
])('what is wrong in the environment is told with the name of the variable: %s', async (variable, value, message) => {
  const env = { DNSBLWATCH_CHANNEL_A_URL: 'https://hooks.example/T0/B0', [variable]: value };
  expect(await said('channels: { a: { type: webhook } }', env)).toEqual([`${variable} in the environment: ${message}`]);
});

test('a secret in the environment for a channel, where there is none', async () => {
  expect(await said('channels: {}', { DNSBLWATCH_CHANNEL_A_URL: SECRET })).toEqual([
    'DNSBLWATCH_CHANNEL_A_URL in the environment: no channel takes it; `channels` has none that takes a secret',
  ]);
});
