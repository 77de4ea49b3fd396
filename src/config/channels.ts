import * as v from 'valibot';
import { parseDuration } from '../duration.ts';
import { UserError } from '../errors.ts';
import type { Channel, ChannelKind } from '../notify/channels/channel.ts';
import type { Alerting, Route } from '../notify/routes.ts';
import type { Env } from '../places.ts';
import { LANGUAGES } from '../text/say.ts';
import { duration, name, text, timeZone } from './pieces.ts';

/** The keys `channels`, `routes` and `alerts` of the configuration: their schema, and what they mean. */

const httpUrl = v.pipe(
  v.string('an http or https address'),
  v.check((value) => hasProtocol(value, 'https:', 'http:'), 'an http or https address'),
);
const smtpUrl = v.pipe(
  v.string('smtp://host:port or smtps://host'),
  v.check((value) => hasProtocol(value, 'smtp:', 'smtps:'), 'smtp://host:port or smtps://host'),
);
const mailbox = v.pipe(v.string('a mail address'), v.regex(/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/, 'a mail address'));
const CHAT = 'the id of a chat, or @channel';
const level = v.picklist(['low', 'medium', 'high'], 'low, medium or high');
const span = duration('24h');
const oneOrMore = <T extends v.GenericSchema>(schema: T, message: string) =>
  v.union([schema, v.pipe(v.array(schema, message), v.minLength(1, message))], message);

const common = {
  language: v.pipe(
    v.optional(v.picklist(LANGUAGES, `${LANGUAGES.join(' or ')}`)),
    v.description('en or zh-CN. Default: en'),
  ),
  timeZone: v.pipe(v.optional(timeZone), v.description('How times are written. Default: UTC')),
  gets: v.pipe(
    v.optional(v.array(v.picklist(['alerts', 'digest'], 'alerts or digest'), '[alerts, digest]')),
    v.description('What is sent. Default: [alerts, digest]'),
  ),
};
const url = v.pipe(v.optional(httpUrl), v.description('Secret. Or in the environment'));
const secret = v.pipe(v.optional(text), v.description('Secret. Or in the environment'));

/** A kind of channel each. What is secret may come from the environment, so it is optional here. */
const kinds = {
  email: v.strictObject({
    type: v.literal('email'),
    to: oneOrMore(mailbox, 'a mail address or an array of them'),
    from: v.pipe(v.optional(mailbox), v.description('Default: the first of `to`')),
    server: v.pipe(v.optional(smtpUrl), v.description('Default: smtp://localhost')),
    user: v.optional(text),
    password: secret,
    ...common,
  }),
  webhook: v.strictObject({ type: v.literal('webhook'), url, secret, ...common }),
  slack: v.strictObject({ type: v.literal('slack'), url, ...common }),
  discord: v.strictObject({ type: v.literal('discord'), url, ...common }),
  teams: v.strictObject({ type: v.literal('teams'), url, ...common }),
  telegram: v.strictObject({
    type: v.literal('telegram'),
    token: secret,
    chat: v.union([text, v.pipe(v.number(CHAT), v.integer(CHAT))], CHAT),
    server: v.pipe(v.optional(httpUrl), v.description('Default: https://api.telegram.org')),
    ...common,
  }),
  ntfy: v.strictObject({ type: v.literal('ntfy'), url, token: secret, ...common }),
  dingtalk: v.strictObject({ type: v.literal('dingtalk'), url, secret, ...common }),
  wecom: v.strictObject({ type: v.literal('wecom'), url, ...common }),
  feishu: v.strictObject({ type: v.literal('feishu'), url, secret, ...common }),
  command: v.strictObject({
    type: v.literal('command'),
    command: v.pipe(v.array(text, '[program, argument, …]'), v.minLength(1, '[program, argument, …]')),
    ...common,
  }),
};

const TYPES = Object.keys(kinds).join(', ');

export const notifyEntries = {
  channels: v.pipe(
    v.optional(
      v.record(
        name,
        v.variant('type', Object.values(kinds), ({ path }) =>
          path === undefined ? `{type, …}, the type one of ${TYPES}` : `one of ${TYPES}`,
        ),
        'an object of channels',
      ),
    ),
    v.description(
      'Where messages go, by a name of yours. Secrets (url, secret, token, password) also as DNSBLWATCH_CHANNEL_<NAME>_<KEY> in the environment',
    ),
  ),
  routes: v.pipe(
    v.optional(
      v.array(
        v.strictObject(
          {
            to: oneOrMore(name, 'the name of a channel, or an array of them'),
            tags: v.pipe(
              v.optional(v.array(text, 'an array of tags')),
              v.description('Targets with any of these tags. Default: all'),
            ),
            impact: v.pipe(v.optional(level), v.description('Least impact of the list. Default: low')),
            severity: v.pipe(v.optional(level), v.description('Least severity of the code. Default: low')),
          },
          'an object with to, tags, impact, severity',
        ),
        'an array of routes',
      ),
    ),
    v.description(
      'Who gets what; a channel gets what any of its routes lets through. Default: every channel everything',
    ),
  ),
  alerts: v.optional(
    v.strictObject(
      {
        window: v.pipe(v.optional(span), v.description('How long news are gathered for one message. Default: 5m')),
        blind: v.pipe(v.optional(span), v.description('A list that tells nothing for so long is told. Default: 24h')),
        reminders: v.pipe(
          v.optional(v.array(span, 'an array of durations')),
          v.description('When a listing that stays is told again. Default: [1d, 3d, 7d]'),
        ),
      },
      'an object with window, blind, reminders',
    ),
  ),
};

type Given = {
  channels?: v.InferOutput<typeof notifyEntries.channels>;
  routes?: v.InferOutput<typeof notifyEntries.routes>;
  alerts?: v.InferOutput<typeof notifyEntries.alerts>;
};
type GivenChannel = v.InferOutput<(typeof kinds)[keyof typeof kinds]>;

export type Notify = { channels: Channel[]; routes: Route[]; alerting: Alerting };

/** Fills in defaults and what the environment has. Throws UserError; never with a secret in it. */
export function notifyFrom(given: Given, env: Env, where: string): Notify {
  const looked = new Set<string>();
  const channels = Object.entries(given.channels ?? {}).map(([name, channel]) =>
    channelFrom(name, channel, { env, looked, where }),
  );
  refuseStray(env, looked);
  const names = channels.map((channel) => channel.id);
  const routes = given.routes?.map((route, index): Route => {
    const to = [route.to].flat();
    const unknown = to.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new UserError(
        `${where}: routes[${index}].to: got "${unknown}"; expected ${names.length > 0 ? `one of ${names.join(', ')}` : 'the name of a channel, but `channels` has none'}`,
      );
    return { to, tags: route.tags ?? null, impact: route.impact ?? 'low', severity: route.severity ?? 'low' };
  });
  const { alerts } = given;
  return {
    channels,
    routes: routes ?? [{ to: names, tags: null, impact: 'low', severity: 'low' }],
    alerting: {
      window: parseDuration(alerts?.window ?? '5m') ?? 0,
      blind: parseDuration(alerts?.blind ?? '24h') ?? 0,
      reminders: (alerts?.reminders ?? ['1d', '3d', '7d']).map((one) => parseDuration(one) ?? 0),
    },
  };
}

const VARIABLES = 'DNSBLWATCH_CHANNEL_';

/** A secret that no channel takes would look as if it worked: messages would go without it, or not at all. */
function refuseStray(env: Env, looked: ReadonlySet<string>): void {
  const stray = Object.keys(env).filter((name) => name.startsWith(VARIABLES) && env[name] && !looked.has(name));
  const expected =
    looked.size > 0 ? `expected one of ${[...looked].join(', ')}` : '`channels` has none that takes a secret';
  if (stray.length > 0)
    throw new UserError(stray.map((name) => `${name} in the environment: no channel takes it; ${expected}`).join('\n'));
}

/** `looked`: the variables that were looked for are added. */
type From = { env: Env; looked: Set<string>; where: string };

function channelFrom(name: string, given: GivenChannel, { env, looked, where }: From): Channel {
  const variable = (key: string): string =>
    `${VARIABLES}${name.toUpperCase().replaceAll('-', '_')}_${key.toUpperCase()}`;
  const fromEnvironment = (key: string, inFile: string | undefined): string | null => {
    looked.add(variable(key));
    return env[variable(key)] || inFile || null;
  };
  const needed = (key: string, inFile: string | undefined): string => {
    const value = fromEnvironment(key, inFile);
    if (value === null)
      throw new UserError(
        `${where}: channels.${name}.${key}: missing; expected it here, or as ${variable(key)} in the environment`,
      );
    if (key === 'url' && !hasProtocol(value, 'https:', 'http:'))
      throw new UserError(`${variable(key)} in the environment: got something else; expected an http or https address`);
    return value;
  };
  return {
    id: name,
    language: given.language ?? 'en',
    timeZone: given.timeZone ?? 'UTC',
    gets: given.gets ?? ['alerts', 'digest'],
    ...kindFrom(given, needed, fromEnvironment),
  };
}

function kindFrom(
  given: GivenChannel,
  needed: (key: string, inFile: string | undefined) => string,
  optional: (key: string, inFile: string | undefined) => string | null,
): ChannelKind {
  switch (given.type) {
    case 'email': {
      const { to, from, server = 'smtp://localhost', user = null } = given;
      const all = [to].flat();
      return {
        type: 'email',
        to: all,
        from: from ?? all[0] ?? '',
        server,
        user,
        password: optional('password', given.password),
      };
    }
    case 'telegram': {
      const { chat, server = 'https://api.telegram.org' } = given;
      return { type: 'telegram', token: needed('token', given.token), chat: String(chat), server };
    }
    case 'webhook':
    case 'dingtalk':
    case 'feishu':
      return { type: given.type, url: needed('url', given.url), secret: optional('secret', given.secret) };
    case 'ntfy':
      return { type: 'ntfy', url: needed('url', given.url), token: optional('token', given.token) };
    case 'command':
      return { type: 'command', command: given.command };
    default:
      return { type: given.type, url: needed('url', given.url) };
  }
}

function hasProtocol(value: string, ...protocols: string[]): boolean {
  try {
    return protocols.includes(new URL(value).protocol);
  } catch {
    return false;
  }
}
