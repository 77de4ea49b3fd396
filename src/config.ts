import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Limits } from './catalogue/list.ts';
import type { Notify } from './config/channels.ts';
import type { Serve } from './config/schedules.ts';
import type { TargetsEntry } from './config/targets.ts';
import { parseServer } from './dns/resolvers.ts';
import { parseDuration } from './duration.ts';
import { UserError } from './errors.ts';
import { type Env, type Places, placesOf } from './places.ts';
import type { ResolverSetting } from './scan/path.ts';

export type Config = {
  /** The file read; null: none, everything is default or environment. */
  file: string | null;
  database: string;
  /** Catalogue files, absolute. */
  catalogue: string[];
  /** Ids and tags, comma-separated. */
  lists: string;
  /** As written (config/targets.ts reads them); null: the file says nothing of targets. */
  targets: readonly TargetsEntry[] | null;
  /** By list or operator id. Secret. */
  keys: Record<string, string>;
  /** Where the file, or the environment, says it: `configuration FILE: lists`, for messages. */
  placeOf(entry: 'lists' | `keys.${string}` | `limits.${string}`): string;
  resolver: ResolverSetting;
  /** Milliseconds. */
  timeout: number;
  /** `spacing` in milliseconds. */
  confirm: { listed: number; delisted: number; spacing: number };
  /** How long what is recorded is kept in full, in milliseconds. */
  retention: { coverage: number; evidence: number };
  limits: 'none' | Record<string, Limits | 'none'>;
  /** Channels, routes and when to alert; read only where something is to be sent. Throws UserError. */
  notify(): Promise<Notify>;
  /** What `serve` does when, and where it listens; read only there. Throws UserError. */
  serve(): Promise<Serve>;
  /** Names the address that lists see us at. */
  source: string;
  places: Places;
};

const KEY_VARIABLE = /^DNSBLWATCH_KEY_([A-Z0-9_]+)$/;

/**
 * File and environment → everything with its default. The file is the one given, else DNSBLWATCH_CONFIG, else that of
 * the place if it is there. Throws UserError with the path of each fault; never with a key in it.
 */
export async function loadConfig({ file, env }: { file?: string | undefined; env: Env }): Promise<Config> {
  const places = placesOf(env);
  const named = file ?? (env.DNSBLWATCH_CONFIG || undefined);
  const found = named ?? (existsSync(places.config) ? places.config : null);
  const given = found === null ? {} : await (await import('./config/read.ts')).readConfigFile(found);
  const beside = found === null ? process.cwd() : dirname(resolve(found));
  const where = `configuration ${found ?? 'without a file'}`;
  const fromEnvironment = keysFrom(env);
  const folder = given.database === undefined ? undefined : databaseFrom(given.database, beside);
  return {
    file: found,
    database: env.DNSBLWATCH_DATABASE || env.DATABASE_URL || folder || places.data,
    catalogue: [given.catalogue ?? []].flat().map((one) => resolve(beside, one)),
    lists: [given.lists ?? 'default'].flat().join(','),
    targets: given.targets ?? null,
    keys: { ...given.keys, ...fromEnvironment },
    placeOf: (entry) => {
      const id = entry.slice('keys.'.length);
      return entry.startsWith('keys.') && id in fromEnvironment
        ? `${keyVariable(id)} in the environment`
        : `${where}: ${entry}`;
    },
    resolver: parseResolver(given.resolver ?? 'auto'),
    timeout: parseDuration(given.timeout ?? '5s') ?? 0,
    confirm: {
      listed: given.confirm?.listed ?? 1,
      delisted: given.confirm?.delisted ?? 2,
      spacing: parseDuration(given.confirm?.spacing ?? '5m') ?? 0,
    },
    retention: {
      coverage: parseDuration(given.retention?.coverage ?? '30d') ?? 0,
      evidence: parseDuration(given.retention?.evidence ?? '365d') ?? 0,
    },
    limits: given.limits === undefined || given.limits === 'none' ? (given.limits ?? {}) : limitsOf(given.limits),
    async notify() {
      return (await import('./config/channels.ts')).notifyFrom(given, env, where);
    },
    async serve() {
      return (await import('./config/schedules.ts')).serveFrom(given, where);
    },
    source: given.source ?? 'default',
    places,
  };
}

function databaseFrom(text: string, beside: string): string {
  return /^[a-z]+:\/\//i.test(text) ? text : resolve(beside, text);
}

const keyVariable = (id: string): string => `DNSBLWATCH_KEY_${id.toUpperCase().replaceAll('-', '_')}`;

/** DNSBLWATCH_KEY_SPAMHAUS_DQS=… is the key of `spamhaus-dqs`. */
function keysFrom(env: Env): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) {
    const id = KEY_VARIABLE.exec(variable)?.[1];
    if (id !== undefined && value) keys[id.toLowerCase().replaceAll('_', '-')] = value;
  }
  return keys;
}

type GivenLimits = Record<string, 'none' | { perSecond?: number | undefined; perDay?: number | undefined }>;

function limitsOf(given: GivenLimits): Record<string, Limits | 'none'> {
  return Object.fromEntries(
    Object.entries(given).map(([id, limits]) => {
      if (limits === 'none') return [id, limits];
      const { perSecond, perDay } = limits;
      return [id, { ...(perSecond === undefined ? {} : { perSecond }), ...(perDay === undefined ? {} : { perDay }) }];
    }),
  );
}

/** `auto`, `direct`, `system` or the address of a resolver. */
export function parseResolver(text: string): ResolverSetting {
  if (text === 'auto' || text === 'direct' || text === 'system') return text;
  try {
    return { host: parseServer(text) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `resolver "${text}": expected auto, direct, system or an address with an optional port, such as 192.0.2.53:5300`,
    );
  }
}
