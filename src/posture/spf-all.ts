import { parseSpf, type SpfTerm, spfWords } from '../targets/spf.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown } from './finding.ts';
import { recordLine } from './records.ts';
import { bare, type SpfReview } from './spf-review.ts';

export const ALL: Check = { check: 'spf.all', severity: 'medium', rfc: 'RFC 7208 5.1' };

/** Whom the record allows that it does not name: by its end, and by terms that hold the whole world. Pure. */
export function judgeAll(domain: string, record: string, evidence: string[], review: SpfReview): Finding {
  const { records, passesAnyone, failed, openTerms } = review;
  const end = effectiveAll(domain, records);
  const ending = (from: string) => {
    const text = records.get(from) ?? record;
    return { say: 'end with ~all (or -all)', ...change(from, text, endingSoftly(text)) };
  };
  const through = end === null || end.from === domain ? '' : ` (through ${end.from})`;
  if (end?.qualifier === '+')
    return fail(ALL, domain, `+all${through}: every address of the world may send as this domain`, {
      evidence,
      severity: 'critical',
      fix: ending(end.from),
    });
  if (passesAnyone)
    return fail(
      ALL,
      domain,
      `an address that nobody named passes by ${openTerms.slice(0, 5).join(', ') || 'a term'}: it allows the whole world`,
      {
        evidence,
        severity: 'critical',
        fix: {
          say: 'take the term away, and name the addresses that send',
          ...change(
            domain,
            record,
            without(record, [...openTerms, ...wideTerms([[domain, record]]).map(({ term }) => term)]),
          ),
        },
      },
    );
  const [wide] = wideTerms(records);
  if (wide !== undefined) {
    const text = records.get(wide.domain) ?? '';
    return fail(ALL, domain, `${wide.term} of ${wide.domain} allows a large part of the world`, {
      evidence,
      severity: 'high',
      fix: {
        say: 'take the term away, and name the addresses that send',
        ...change(wide.domain, text, without(text, [wide.term])),
      },
    });
  }
  if (end === null && failed !== null) return unknown(ALL, domain, failed, { evidence });
  if (end === null)
    return notApplicable(ALL, domain, 'its end is that of the record it redirects to, and there is none', { evidence });
  if (end.qualifier === null)
    return fail(
      ALL,
      domain,
      `no "all" at the end${through}: what is not named is neutral, as if there were no record`,
      {
        evidence,
        fix: ending(end.from),
      },
    );
  if (end.qualifier === '?')
    return fail(ALL, domain, `?all${through}: what is not named is neutral, as if there were no record`, {
      evidence,
      fix: ending(end.from),
    });
  return pass(ALL, domain, `${end.qualifier}all${through}`, { evidence });
}

const change = (domain: string, before: string, after: string) => ({
  before: recordLine(domain, 'TXT', before),
  after: recordLine(domain, 'TXT', after),
});

const without = (record: string, terms: readonly string[]): string =>
  ['v=spf1', ...spfWords(record).filter((word) => !terms.includes(word))].join(' ');

const endingSoftly = (record: string): string =>
  /(^| )[+?]?all( |$)/i.test(record) ? record.replace(/(^| )[+?]?all(?= |$)/i, '$1~all') : `${record.trimEnd()} ~all`;

/**
 * The `all` that counts: the record's own, else that of the record it redirects to, which is `from`; no qualifier: that
 * record has none, which is neutral. null: where it redirects to no record is known.
 */
function effectiveAll(
  domain: string,
  records: ReadonlyMap<string, string>,
): { qualifier: SpfTerm['qualifier'] | null; from: string } | null {
  const seen = new Set<string>();
  for (let at = bare(domain); !seen.has(at); ) {
    seen.add(at);
    const record = records.get(at);
    if (record === undefined) return null;
    const { terms } = parseSpf(record);
    const all = terms.find(({ name }) => name === 'all');
    if (all !== undefined) return { qualifier: all.qualifier, from: at };
    const redirect = terms.find((term) => term.kind === 'name' && term.name === 'redirect');
    if (redirect?.kind !== 'name' || redirect.domain === null) return { qualifier: null, from: at };
    at = bare(redirect.domain);
  }
  return null;
}

/** Bits of a prefix: what is shorter is more than anybody has been given. */
const WIDEST = { ip4: 8, ip6: 16 };

/** Terms that allow a large part of the world, each with the domain of its record. */
function wideTerms(records: Iterable<[domain: string, record: string]>): { domain: string; term: string }[] {
  return [...records].flatMap(([domain, record]) =>
    spfWords(record)
      .filter((word) => parseSpf(`v=spf1 ${word}`).terms.some(isWide))
      .map((term) => ({ domain, term })),
  );
}

function isWide(term: SpfTerm): boolean {
  if (term.qualifier !== '+') return false;
  if (term.kind === 'address') return term.length < WIDEST[term.name];
  return term.kind === 'host' && (term.ip4Length < WIDEST.ip4 || term.ip6Length < WIDEST.ip6);
}
