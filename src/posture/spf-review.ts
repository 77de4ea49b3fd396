import type { Lookup } from '../dns/lookup.ts';
import { isSpf, parseSpf, spfWords } from '../targets/spf.ts';
import { evaluateSpf, type SpfEvaluation } from './mailauth.ts';

/**
 * What a whole SPF record costs and allows, for whoever it is asked about. An evaluation ends at the first term that
 * matches, so it is made for addresses that no record lists, one of each family, and counted beyond the RFC's limits.
 */
export type SpfReview = {
  /** The larger of the two families; `counted` is false where a failed lookup or a broken record ended the count. */
  lookups: number;
  /** Hosts with addresses of one family only are void for senders of the other. */
  voids: { ipv4: number; ipv6: number };
  counted: boolean;
  /** Records met on the way, by domain: the domain's own, included and redirected to. */
  records: Map<string, string>;
  /** A domain that includes itself, as the way there and back. */
  loop: string[] | null;
  /** What makes the record void (permerror), other than the limits. */
  broken: string | null;
  /** Why DNS could not say. */
  failed: string | null;
  /** An address that nobody lists passes; `openTerms`: the domain's own terms by which it does. */
  passesAnyone: boolean;
  openTerms: string[];
  /** Hosts of mx terms with more than ten. */
  crowdedMx: { domain: string; hosts: number }[];
};

/** Class E and a documentation prefix of RFC 9637: nobody sends from there, nor lists them but by listing all. */
const NOBODY = ['247.113.89.201', '3fff:fa7:5eed:9b1::e3d7'] as const;
/** What receivers look up, find nothing for, and follow of an mx term before they give up (RFC 7208 4.6.4). */
export const SPF_MOST = { lookups: 10, voids: 2, mx: 10 };
/** Where counting stops: what gets there is a loop, or as good as one. */
const COUNT_TO = { lookups: 40, voids: 40 };

export async function reviewSpf(domain: string, lookup: Lookup, patience: number): Promise<SpfReview> {
  const records = new Map<string, string>();
  const crowded = new Map<string, number>();
  const watching: Lookup = async (name, type) => {
    const answer = await lookup(name, type);
    if (answer.kind !== 'records') return answer;
    const [text, other] = answer.records.map(({ data }) => data).filter(isSpf);
    if (type === 'TXT' && text !== undefined && other === undefined) records.set(bare(name), text);
    if (type === 'MX' && answer.records.length > SPF_MOST.mx) crowded.set(bare(name), answer.records.length);
    return answer;
  };
  const evaluate = (address: string, by: Lookup): Promise<SpfEvaluation> =>
    evaluateSpf({ address, sender: `postmaster@${domain}`, helo: domain }, by, { most: COUNT_TO, patience });
  const [ipv4, ipv6] = await Promise.all([evaluate(NOBODY[0], watching), evaluate(NOBODY[1], watching)]);
  const both = [ipv4, ipv6];
  const loop = loopFrom(domain, records);
  const overCount = both.some(({ lookups, voids }) => lookups > COUNT_TO.lookups || voids > COUNT_TO.voids);
  const permanent = both.find(({ result }) => result === 'permerror');
  return {
    lookups: Math.max(...both.map((one) => one.lookups)),
    voids: { ipv4: ipv4.voids, ipv6: ipv6.voids },
    counted: both.every(({ result }) => result !== 'permerror' && result !== 'temperror'),
    records,
    loop,
    broken: permanent === undefined || loop !== null || overCount ? null : permanent.why,
    failed: both.find(({ result }) => result === 'temperror')?.why ?? null,
    passesAnyone: both.some(passes),
    openTerms: both.some(passes) ? await openTerms(domain, records.get(bare(domain)) ?? '', lookup, evaluate) : [],
    crowdedMx: [...crowded].map(([name, hosts]) => ({ domain: name, hosts })),
  };
}

/** Terms of a record that are tried; real ones have a dozen. */
const MOST_TERMS = 50;

/** Each term is tried as a record of its own. */
async function openTerms(
  domain: string,
  record: string,
  lookup: Lookup,
  evaluate: (address: string, by: Lookup) => Promise<SpfEvaluation>,
): Promise<string[]> {
  const tried = spfWords(record)
    .slice(0, MOST_TERMS)
    .map(async (word) => {
      const alone: Lookup = async (name, type) => {
        const answer = await lookup(name, type);
        if (type !== 'TXT' || answer.kind !== 'records' || bare(name) !== bare(domain)) return answer;
        return {
          ...answer,
          records: answer.records.filter(({ data }) => isSpf(data)).map((one) => ({ ...one, data: `v=spf1 ${word}` })),
        };
      };
      const open = await Promise.all(NOBODY.map((address) => evaluate(address, alone)));
      return open.some(passes) ? word : null;
    });
  return (await Promise.all(tried)).filter((word) => word !== null);
}

const passes = ({ result }: SpfEvaluation): boolean => result === 'pass';
export const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** The first way from a record back to itself through include and redirect; macros lead nowhere in particular. */
function loopFrom(start: string, records: ReadonlyMap<string, string>): string[] | null {
  const done = new Set<string>();
  const walk = (domain: string, way: string[]): string[] | null => {
    const at = way.indexOf(domain);
    if (at !== -1) return [...way.slice(at), domain];
    const record = records.get(domain);
    if (record === undefined || done.has(domain)) return null;
    for (const next of namedDomains(record)) {
      const loop = walk(next, [...way, domain]);
      if (loop !== null) return loop;
    }
    done.add(domain);
    return null;
  };
  return walk(bare(start), []);
}

function namedDomains(record: string): string[] {
  return parseSpf(record)
    .terms.filter((term) => term.kind === 'name' && (term.name === 'include' || term.name === 'redirect'))
    .flatMap((term) => (term.kind === 'name' && term.domain !== null ? [bare(term.domain)] : []));
}
