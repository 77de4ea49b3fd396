import type { TargetKind } from '../catalogue/list.ts';
import type { Server } from '../dns/answer.ts';
import { nameServersAt } from '../dns/nameservers.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import {
  type FindNameServers,
  type Path,
  type PortWatch,
  pathNames,
  publicPart,
  type ResolverSetting,
  resolversFor,
  whyNotThrough,
} from './path.ts';
import { endedTrouble, type Opening, openSession, type Referral, type Session } from './session.ts';
import type { ControlReport, PathName } from './verdict.ts';

/** Of a deadline, what an opening may use; the rest is for what comes after it. */
const OPENING_SHARE = 0.75;
/** Of that, what an opening may use that hears nothing while more targets follow, and what the list's second and last one may. */
const FIRST_SHARE = 2 / 3;
const SECOND_SHARE = 1 / 3;
const REFERRALS = 3;

const CIRCLES: Trouble = {
  health: 'unreachable',
  why: 'list-unreachable',
  detail: 'the zone is delegated on and on',
  nextPath: true,
  endsOperator: false,
};

type Outcome = Exclude<Opening, { kind: 'referral' }>;

export type Surroundings = {
  resolver: ResolverSetting;
  systemServers(): Server[];
  findNameServers: FindNameServers;
  port: PortWatch;
};

/** What is remembered of a list from one batch to the next. */
export type Memory = {
  /** Found once in a round. */
  nameServers: Server[] | null;
  /** The path that opened last, which is then the only one. */
  path: PathName | null;
  /** Servers whose controls were not answered last time. */
  silent: Set<Server>;
  /** The last opening heard nothing; the next one is the list's last. */
  unreachable: boolean;
};

export type OpenedList =
  | { kind: 'open'; path: PathName; sessions: Map<TargetKind, Session | Trouble>; controls: ControlReport[] }
  | { kind: 'trouble'; path: PathName | null; trouble: Trouble; controls: ControlReport[] };

/**
 * Opens a list for these kinds of targets on the first path that answers. All paths together take no more than one
 * deadline, of which each try gets an equal share; so do both openings of a list that is silent, so that nobody waits
 * for it longer the more targets there are. `more`: others follow these, with an opening of their own.
 */
export async function openList(
  line: Line,
  kinds: ReadonlyMap<TargetKind, { seen: boolean; lookups: number }>,
  around: Surroundings,
  memory: Memory,
  more: boolean,
): Promise<OpenedList> {
  const names = memory.path === null ? pathNames(line.list, around.resolver) : [memory.path];
  const failed: { path: PathName; trouble: Trouble }[] = [];
  const controls: ControlReport[] = [];
  const ofSilent = more ? FIRST_SHARE : 1;
  let left = line.timeout * OPENING_SHARE * (memory.unreachable ? SECOND_SHARE : ofSilent);
  for (const [at, name] of names.entries()) {
    const { ended } = line.operator;
    if (ended !== null) return { kind: 'trouble', path: null, trouble: endedTrouble(ended), controls };
    const later = names.length - at - 1;
    const started = performance.now();
    const path = await findPath(line, name, left / (later + 2), around, memory);
    left -= performance.now() - started;
    if ('health' in path) {
      failed.push({ path: name, trouble: path });
      if (path.nextPath) continue;
      break;
    }
    const openings = await openKinds(line, kinds, path, { left, later, silent: memory.silent }, around);
    left -= Math.max(...openings.map(([, opening]) => opening.spent));
    const troubles = openings.flatMap(([, opening]) => (opening.kind === 'trouble' ? [opening] : []));
    watch(line, path, around, troubles.length < openings.length, troubles);
    const ofFailed = troubles.flatMap((opening) => opening.controls);
    if (troubles.length < openings.length) {
      memory.path = name;
      memory.unreachable = false;
      return { kind: 'open', path: name, sessions: sessionsOf(openings), controls: ofFailed };
    }
    controls.push(...ofFailed);
    const [first] = troubles;
    if (first === undefined) throw new Error('an opening without an outcome');
    failed.push({ path: name, trouble: first.trouble });
    if (!first.trouble.nextPath) break;
  }
  memory.path = null;
  const outcome = summary(failed);
  memory.unreachable = outcome.trouble.health === 'unreachable';
  return { ...outcome, controls };
}

function sessionsOf(openings: readonly [TargetKind, Outcome][]): Map<TargetKind, Session | Trouble> {
  return new Map(
    openings.map(([kind, opening]) => [kind, opening.kind === 'open' ? opening.session : opening.trouble]),
  );
}

function watch(
  line: Line,
  path: Path,
  around: Surroundings,
  opened: boolean,
  troubles: { trouble: Trouble; silent: boolean }[],
): void {
  if (opened) line.operator.answered();
  if (path.name === 'direct') {
    if (opened || troubles.some(({ silent }) => !silent)) around.port.answered();
    else if (path.servers.length > 0) around.port.silent(line.list);
  }
  for (const { trouble } of troubles) {
    if (trouble.endsOperator) line.operator.ended ??= `${line.list.id}: ${trouble.detail}`;
  }
}

/** The failure that says most: a refusal or a broken list before mere silence; otherwise the last path's. */
function summary(failed: readonly { path: PathName; trouble: Trouble }[]): {
  kind: 'trouble';
  path: PathName;
  trouble: Trouble;
} {
  const telling = failed.find(({ trouble }) => trouble.health !== 'unreachable') ?? failed.at(-1);
  if (telling === undefined) throw new Error('a list without a path');
  const [only, ...others] = failed;
  const detail =
    only !== undefined && others.length === 0
      ? only.trouble.detail
      : failed.map(({ path, trouble }) => `${path}: ${trouble.detail}`).join('; ');
  return { kind: 'trouble', path: telling.path, trouble: { ...telling.trouble, detail } };
}

/** The servers of a path, or why there are none. */
async function findPath(
  line: Line,
  name: PathName,
  deadline: number,
  around: Surroundings,
  memory: Memory,
): Promise<Path | Trouble> {
  const { list } = line;
  if (name === 'servers') return { name, servers: list.servers, resolver: false };
  if (name === 'direct') {
    if (!around.port.blocked()) memory.nameServers ??= await find(line, publicPart(list.zone), deadline, around);
    if (around.port.blocked() || memory.nameServers === null) return notTried('port 53 is blocked here');
    return { name, servers: memory.nameServers, resolver: false };
  }
  const resolvers = name === 'host' ? hostOf(around.resolver) : resolversFor(list, around.systemServers());
  const why = whyNotThrough(list, name, name === 'host' ? resolvers : around.systemServers());
  if (why === null) return { name, servers: resolvers, resolver: true };
  return around.resolver === 'auto' ? notTried(why) : { ...notTried(why), health: 'refused', why: 'list-refused' };
}

const hostOf = (resolver: ResolverSetting): Server[] => (typeof resolver === 'string' ? [] : [resolver.host]);

function notTried(detail: string): Trouble {
  return { health: 'unreachable', why: 'list-unreachable', detail, nextPath: true, endsOperator: false };
}

async function find(line: Line, zone: string, deadline: number, around: Surroundings): Promise<Server[]> {
  const options = { deadline: Math.max(1, Math.round(deadline)), signal: line.signal };
  return around.findNameServers(zone, line.ask, around.systemServers(), options);
}

/** All kinds at once; a zone that is delegated further down is followed there. */
function openKinds(
  line: Line,
  kinds: ReadonlyMap<TargetKind, { seen: boolean; lookups: number }>,
  path: Path,
  { left, later, silent }: { left: number; later: number; silent: Set<Server> },
  around: Surroundings,
): Promise<[TargetKind, Outcome][]> {
  return Promise.all(
    [...kinds].map(async ([kind, { seen, lookups }]): Promise<[TargetKind, Outcome]> => {
      let at = path;
      let spent = 0;
      for (let referrals = 0; ; referrals += 1) {
        const opening = await openSession(line, { kind, path: at, budget: left - spent, later, seen, lookups, silent });
        spent += opening.spent;
        if (opening.kind !== 'referral') return [kind, { ...opening, spent }];
        if (referrals === REFERRALS)
          return [kind, { kind: 'trouble', trouble: CIRCLES, silent: false, spent, controls: [] }];
        const started = performance.now();
        at = { ...path, servers: await follow(line, opening.referral, (left - spent) / (later + 2), around) };
        spent += performance.now() - started;
      }
    }),
  );
}

/** The addresses that a referral brings with it, IPv4 first; a referral can name no port (RFC 1035 section 4.2). */
export function glueOf(referral: Pick<Referral, 'servers'>): Server[] {
  return nameServersAt(referral.servers.flatMap((server) => server.addresses));
}

async function follow(line: Line, referral: Referral, deadline: number, around: Surroundings): Promise<Server[]> {
  const glue = glueOf(referral);
  if (glue.length > 0) return glue;
  // The zone of a referral may hold the account key, which the resolver is not to see.
  if (line.list.zone.includes('{key}')) return [];
  return find(line, referral.zone, deadline, around);
}
