import type { Lookup } from '../dns/lookup.ts';
import { isSpf, parseSpf, type SpfTerm } from '../targets/spf.ts';
import { evaluateSpf, type SpfEvaluation } from './mailauth.ts';

/**
 * What a whole SPF record costs and allows, for whoever it is asked about. An evaluation ends at the first term that
 * matches, so it is made for addresses that no record lists, one of each family, and counted beyond the RFC's limits.
 */
export type SpfReview = {
  /** The larger of the two families; `counted` is false where a failed lookup or a broken record ended the count. */
  lookups: number;
  voids: number;
  counted: boolean;
  /** Records met on the way, by domain: the domain's own, included and redirected to. */
  records: Map<string, string>;
  /** A domain that includes itself, as the way there and back. */
  loop: string[] | null;
  /** What makes the record void (permerror), other than the limits. */
  broken: string | null;
  /** Why DNS could not say. */
  failed: string | null;
  /** An address that nobody lists passes. */
  passesAnyone: boolean;
  /** Hosts of mx terms with more than ten. */
  crowdedMx: { domain: string; hosts: number }[];
};

/** Class E and a documentation prefix of RFC 9637: nobody sends from there, nor lists them but by listing all. */
const NOBODY = ['247.113.89.201', '3fff:fa7:5eed:9b1::e3d7'];
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
  const both = await Promise.all(
    NOBODY.map((address) =>
      evaluateSpf({ address, sender: `postmaster@${domain}`, helo: domain }, watching, { most: COUNT_TO, patience }),
    ),
  );
  const loop = loopFrom(domain, records);
  const overCount = both.some(({ lookups, voids }) => lookups > COUNT_TO.lookups || voids > COUNT_TO.voids);
  const permanent = both.find(({ result }) => result === 'permerror');
  return {
    lookups: Math.max(...both.map((one) => one.lookups)),
    voids: Math.max(...both.map((one) => one.voids)),
    counted: both.every(({ result }) => result !== 'permerror' && result !== 'temperror'),
    records,
    loop,
    broken: permanent === undefined || loop !== null || overCount ? null : permanent.why,
    failed: both.find(({ result }) => result === 'temperror')?.why ?? null,
    passesAnyone: both.some(passes),
    crowdedMx: [...crowded].map(([name, hosts]) => ({ domain: name, hosts })),
  };
}

const passes = ({ result }: SpfEvaluation): boolean => result === 'pass';
const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '');

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

/** The `all` that counts: the record's own, else that of the record it redirects to; null: none, which is neutral. */
export function effectiveAll(
  domain: string,
  records: ReadonlyMap<string, string>,
): { qualifier: SpfTerm['qualifier']; from: string } | null {
  const seen = new Set<string>();
  for (let at = bare(domain); !seen.has(at); ) {
    seen.add(at);
    const record = records.get(at);
    if (record === undefined) return null;
    const { terms } = parseSpf(record);
    const all = terms.find(({ name }) => name === 'all');
    if (all !== undefined) return { qualifier: all.qualifier, from: at };
    const redirect = terms.find((term) => term.kind === 'name' && term.name === 'redirect');
    if (redirect?.kind !== 'name' || redirect.domain === null) return null;
    at = bare(redirect.domain);
  }
  return null;
}
