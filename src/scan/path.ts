import type { List } from '../catalogue/list.ts';
import type { Ask, Server } from '../dns/answer.ts';
import { isPublicResolver } from '../dns/resolvers.ts';
import type { PathName } from './verdict.ts';

/** Three lists' silent name servers are not three lists' fault. */
const SILENT_LISTS = 3;

export type ResolverSetting = 'auto' | 'direct' | 'system' | { host: Server };

/** A way to ask one list, with the servers to ask there. */
export type Path = {
  name: PathName;
  servers: Server[];
  /** Resolvers are asked to recurse (RD) and may answer from a cache; the others should be authoritative. */
  resolver: boolean;
};

export type FindNameServers = (
  zone: string,
  ask: Ask,
  resolvers: Server[],
  options: { deadline: number; signal?: AbortSignal },
) => Promise<Server[]>;

/** The paths a list may be asked by, in the order in which they are tried. */
export function pathNames(list: List, resolver: ResolverSetting): PathName[] {
  if (list.servers.length > 0) return ['servers'];
  if (resolver === 'auto') return ['direct', 'system'];
  return typeof resolver === 'string' ? [resolver] : ['host'];
}

/** Why a list is not to be asked through these resolvers; null where it is. An account key is no public resolver's affair. */
export function whyNotThrough(list: List, name: PathName, resolvers: readonly Server[]): string | null {
  if (name !== 'system' && name !== 'host') return null;
  const [first] = resolvers;
  if (first === undefined) return 'there is no resolver';
  if (!resolvers.every(isPublicResolver)) return null;
  if (list.zone.includes('{key}')) return `the account key does not go through the public resolver ${first}`;
  if (name === 'system' && list.access.publicResolversRefused) return `it refuses public resolvers, as ${first} is one`;
  return null;
}

/** The resolvers of the machine that this list may be asked through. */
export function resolversFor(list: List, systemServers: readonly Server[]): Server[] {
  const careful = list.zone.includes('{key}') || list.access.publicResolversRefused === true;
  return careful ? systemServers.filter((server) => !isPublicResolver(server)) : [...systemServers];
}

/** The part of the zone that holds no account key: its name servers are looked up through anybody's resolver. */
export function publicPart(zone: string): string {
  return zone.slice(zone.lastIndexOf('{key}') + 1).replace(/^key\}\.?/, '');
}

/** Whether name servers can be reached at all from here; one answer from any proves it. */
export type PortWatch = {
  silent(list: List): void;
  answered(): void;
  blocked(): boolean;
};

export function watchPort(): PortWatch {
  const lists = new Set<string>();
  let open = false;
  return {
    silent: (list) => void lists.add(list.id),
    answered() {
      open = true;
    },
    blocked: () => !open && lists.size >= SILENT_LISTS,
  };
}
