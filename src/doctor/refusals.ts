import type { ErrorClass, List } from '../catalogue/list.ts';
import type { PathName } from '../scan/verdict.ts';
import type { ReverseName } from './reverse-name.ts';

export type Refusal = {
  list: List;
  path: PathName;
  refusal: ErrorClass | 'rcode';
  /** Every list known: another of the same operator may take an account key. */
  known: readonly List[];
  /** Of the address that this machine asks from. */
  reverse: ReverseName;
};

const OWN_RESOLVER =
  'run a resolver of your own on this machine (such as unbound, without forwarders), and name it in /etc/resolv.conf';

/** What the refusal means, as a predicate of the operator, and the one thing that ends it. */
export function refusalAdvice({ list, path, refusal, known, reverse }: Refusal): { means: string; fix: string } {
  const shared = path === 'system' || path === 'host';
  const key = freeKey(list, known);
  const operator = operatorOf(list);
  switch (refusal) {
    case 'public-resolver':
      if (shared)
        return { means: 'refuses public and unattributable resolvers, and this resolver is one', fix: OWN_RESOLVER };
      return {
        means: 'takes this machine for a public or unattributable resolver',
        fix: `${reverseNameFix(reverse)}${key === null ? '' : `; ${key} does too`}`,
      };
    case 'over-limit':
      if (shared) return { means: 'has had too many lookups from this resolver, by all who use it', fix: OWN_RESOLVER };
      return {
        means: 'has had more lookups from here than it allows',
        fix: key ?? `ask less (limits.${list.operator} in the configuration), or agree on more with ${operator}`,
      };
    case 'not-registered':
      if (list.zone.includes('{key}')) return { means: 'does not know the account key', fix: correctKey(list) };
      return {
        means: 'answers only those who are registered',
        fix: key ?? `register this machine's address, or that of its resolver, with ${operator}`,
      };
    case 'bad-query':
      return {
        means: 'calls our question malformed',
        fix: `report ${list.id} as wrong in the catalogue, and leave it out of --lists meanwhile`,
      };
    case 'rcode':
      if (shared)
        return {
          means: 'was not asked, for the resolver refused the question',
          fix: "allow this machine's address in that resolver's access control",
        };
      if (path === 'servers')
        return {
          means: 'has servers that refuse the question',
          fix: `allow this machine there, or correct \`servers\` of ${list.id} in the catalogue file`,
        };
      return {
        means: "has name servers that refuse this machine's questions",
        fix: list.zone.includes('{key}')
          ? correctKey(list)
          : (key ?? `register this machine's address with ${operator}`),
      };
    case true:
      return { means: 'refuses with a code that it does not explain', fix: `ask ${operator} why` };
  }
}

const operatorOf = ({ website }: List): string => (website === null ? 'the operator' : `the operator (${website})`);

/** What such operators want: a reverse name of the owner's own that leads back. */
function reverseNameFix(reverse: ReverseName): string {
  const wanted = 'a reverse name in a domain of yours that leads back to it';
  switch (reverse.kind) {
    case 'none':
      return `give ${reverse.address} ${wanted}: it has none; whoever gave you the address sets it`;
    case 'astray':
      return `make ${reverse.name}, the reverse name of ${reverse.address}, lead back to it, or give it another`;
    case 'good':
      return `its reverse name ${reverse.name} leads back to ${reverse.address}; if that is a name of your provider's, give it one in a domain of yours`;
    case 'private':
    case 'unknown':
      return `give this machine's public address ${wanted}`;
  }
}

/** For a keyed list that answers nobody without a good key. */
export function correctKey(list: List): string {
  return `correct keys.${list.operator} in the configuration; ${operatorOf(list)} shows the key in the account`;
}

/** The operator's lists that are free with an account key, as a thing to do; null where there are none. */
function freeKey({ operator, zone }: List, known: readonly List[]): string | null {
  if (zone.includes('{key}')) return null;
  const keyed = known.find(
    (other) =>
      other.retired === null &&
      other.zone.includes('{key}') &&
      other.access.registration === 'free' &&
      (other.operator === operator || other.operator.startsWith(`${operator}-`)),
  );
  if (keyed === undefined) return null;
  const where = keyed.website === null ? '' : ` (${keyed.website})`;
  return `a free account key${where}, set as keys.${keyed.operator} in the configuration`;
}
