import { isSpf, parseSpf, spfWords } from '../targets/spf.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { spfSyntaxFault } from './mailauth.ts';
import { find, recordLine } from './records.ts';
import { ALL, judgeAll } from './spf-all.ts';
import { reviewSpf, SPF_MOST, type SpfReview } from './spf-review.ts';
import type { Asking, Subject } from './subject.ts';

const RECORD: Check = { check: 'spf.record', severity: 'high', rfc: 'RFC 7208 3, 4.5, 4.6' };
const LOOKUPS: Check = { check: 'spf.lookups', severity: 'high', rfc: 'RFC 7208 4.6.4' };
const PTR: Check = { check: 'spf.ptr', severity: 'low', rfc: 'RFC 7208 5.5' };
const SIZE: Check = { check: 'spf.size', severity: 'low', rfc: 'RFC 7208 3.4' };
const DUPLICATES: Check = { check: 'spf.duplicates', severity: 'low', rfc: 'RFC 7208 4.6.4' };

/** Octets: RFC 7208 3.4 advises 450 so that the answer fits into the 512 of plain DNS. */
const LARGE = { advised: 450, most: 512 };

export async function checkSpf({ domains }: Subject, asking: Asking): Promise<Finding[]> {
  return (await Promise.all(domains.map((domain) => checkRecord(domain, asking)))).flat();
}

async function checkRecord(domain: string, asking: Asking): Promise<Finding[]> {
  const seen = await find(asking.lookup, domain, 'TXT');
  if (seen.kind === 'failed') return [RECORD, LOOKUPS, ALL].map((check) => unknown(check, domain, seen.why));
  const { data: texts, lines } = seen;
  const [record, ...others] = texts.filter(isSpf);
  const evidence = lines.filter((_line, at) => isSpf(texts[at] ?? ''));
  if (record === undefined) return [noRecord(domain, texts)];
  if (others.length > 0)
    return [
      fail(RECORD, domain, `${others.length + 1} SPF records, so none counts (permerror): there must be one`, {
        evidence,
        fix: {
          say: 'join them into one',
          before: evidence.join('\n'),
          after: recordLine(domain, 'TXT', joined([record, ...others])),
        },
      }),
    ];
  const fault = spfSyntaxFault(record);
  if (fault !== null)
    return [
      fail(RECORD, domain, `not valid, so none of it counts (permerror): ${fault}`, {
        evidence,
        fix: { say: 'correct the term', before: evidence.join('\n') },
      }),
      ...judgeText(domain, record, new Map([[domain, record]])),
    ];
  return judgeReview(domain, record, evidence, await reviewSpf(domain, asking.lookup, asking.patience));
}

/** Judges one record by what a review of it found. Pure. */
function judgeReview(domain: string, record: string, evidence: string[], review: SpfReview): Finding[] {
  return [
    judgeValidity(domain, evidence, review),
    judgeLimits(domain, evidence, review),
    judgeAll(domain, record, evidence, review),
    ...judgeText(domain, record, review.records),
  ];
}

function noRecord(domain: string, texts: string[]): Finding {
  const meant = texts.find((text) => /spf/i.test(text.slice(0, 20)));
  const [before, after] = [meant === undefined ? null : recordLine(domain, 'TXT', meant), repaired(meant ?? '')];
  if (meant === undefined)
    return fail(RECORD, domain, 'no SPF record', {
      fix: {
        say: 'name the addresses that send for the domain; begin with ~all, and keep it',
        after: recordLine(domain, 'TXT', after),
      },
    });
  return fail(
    RECORD,
    domain,
    'no SPF record: one that was probably meant as such does not begin with exactly "v=spf1 "',
    {
      evidence: before === null ? [] : [before],
      fix: { say: 'begin it with "v=spf1 ", without quotes', before, after: recordLine(domain, 'TXT', after) },
    },
  );
}

/** A record that was meant as SPF as it would be valid; one to begin with where nothing of it can be kept. */
function repaired(meant: string): string {
  const words = meant
    .replace(/^[^a-z]*(v\s*=\s*)?spf\d?[^a-z0-9+?~-]*/i, '')
    .replace(/["“”]/g, '')
    .split(/\s+/)
    .filter((word) => word !== '');
  const record = ['v=spf1', ...words].join(' ');
  return words.length > 0 && spfSyntaxFault(record) === null ? record : 'v=spf1 mx ~all';
}

function judgeValidity(domain: string, evidence: string[], { broken, failed, records }: SpfReview): Finding {
  const all = [
    ...evidence,
    ...[...records].filter(([name]) => name !== domain).map(([name, text]) => recordLine(name, 'TXT', text)),
  ];
  if (broken !== null)
    return fail(RECORD, domain, `a record that it includes or redirects to makes it void (permerror): ${broken}`, {
      evidence: all,
    });
  if (failed !== null) return unknown(RECORD, domain, `not all of it could be looked up: ${failed}`, { evidence: all });
  return pass(RECORD, domain, 'one record, valid with all that it includes', { evidence: all });
}

function judgeLimits(domain: string, evidence: string[], review: SpfReview): Finding {
  const { lookups, voids, loop, counted, crowdedMx, broken, failed } = review;
  const [crowd] = crowdedMx;
  const fix = { say: 'replace includes that name few addresses by those addresses, and take unused ones away' };
  if (loop !== null)
    return fail(LOOKUPS, domain, `it leads back to itself: ${loop.join(' → ')}`, {
      evidence,
      fix: { say: 'take the circle apart' },
    });
  const more = counted ? '' : ' or more';
  if (lookups > SPF_MOST.lookups)
    return fail(
      LOOKUPS,
      domain,
      `${lookups}${more} lookups to its end, and 10 are allowed: receivers give up (permerror)`,
      { evidence, fix },
    );
  const [least, most] = [Math.min(voids.ipv4, voids.ipv6), Math.max(voids.ipv4, voids.ipv6)];
  if (least > SPF_MOST.voids)
    return fail(
      LOOKUPS,
      domain,
      `${least}${more} lookups find nothing, and 2 are allowed: receivers may give up (permerror)`,
      {
        evidence,
        fix: { say: 'take away the terms whose names no longer exist' },
      },
    );
  if (crowd !== undefined)
    return fail(LOOKUPS, domain, `mx of ${crowd.domain} has ${crowd.hosts} hosts, and 10 are allowed (permerror)`, {
      evidence,
    });
  if (!counted)
    return unknown(LOOKUPS, domain, `counted ${lookups} before it ended: ${broken ?? failed ?? ''}`, { evidence });
  if (most > SPF_MOST.voids) {
    const family = voids.ipv4 > voids.ipv6 ? 'IPv4' : 'IPv6';
    return warn(
      LOOKUPS,
      domain,
      `for senders over ${family} ${most} lookups find nothing, and 2 are allowed: receivers may give up on them`,
      { evidence, severity: 'low' },
    );
  }
  const room = lookups === SPF_MOST.lookups ? '; no room for one more' : '';
  return pass(LOOKUPS, domain, `${lookups} of 10 lookups to its end, ${least} of 2 find nothing${room}`, { evidence });
}

function judgeText(domain: string, record: string, records: ReadonlyMap<string, string>): Finding[] {
  const octets = Buffer.byteLength(record);
  const users = [...records]
    .filter(([, text]) => parseSpf(text).terms.some(({ name }) => name === 'ptr'))
    .map(([name]) => name);
  const same = sameTerms(spfWords(record));
  const twice = firstOf(same.filter(({ length }) => length > 1));
  const [evidence, before] = [[recordLine(domain, 'TXT', record)], recordLine(domain, 'TXT', record)];
  const size = `${octets} octets`;
  return [
    users.length === 0
      ? pass(PTR, domain, 'no ptr term')
      : warn(PTR, domain, `ptr is used by ${users.join(', ')}: it is slow, and must not be published`, {
          evidence,
          fix: { say: 'name the addresses instead', before },
        }),
    octets > LARGE.most
      ? fail(SIZE, domain, `${size}: over ${LARGE.most} it does not fit into a plain DNS answer`, { evidence })
      : octets > LARGE.advised
        ? warn(SIZE, domain, `${size}: over ${LARGE.advised} the answer may not fit into plain DNS`, { evidence })
        : pass(SIZE, domain, size),
    twice.length === 0
      ? pass(DUPLICATES, domain, 'no term twice')
      : warn(
          DUPLICATES,
          domain,
          `twice: ${twice.slice(0, 5).join(', ')}${twice.length > 5 ? ` and ${twice.length - 5} more` : ''}`,
          {
            evidence,
            fix: {
              say: 'once is enough',
              before,
              after: recordLine(domain, 'TXT', ['v=spf1', ...firstOf(same)].join(' ')),
            },
          },
        ),
  ];
}

/** Several records as one: all terms, the most careful `all` last. */
function joined(records: string[]): string {
  const words = records.flatMap(spfWords);
  const terms = words.filter((word) => !/^[+?~-]?all$/i.test(word));
  return ['v=spf1', ...firstOf(sameTerms(terms)), words.some((word) => /^-all$/i.test(word)) ? '-all' : '~all'].join(
    ' ',
  );
}

/** Terms mean the same in any case, but not macros: %{S} escapes what %{s} does not (RFC 7208 7.3). */
const termKey = (word: string): string =>
  word.replace(/%\{[^}]*\}|[^%]+/g, (part) => (part.startsWith('%') ? part : part.toLowerCase()));

const sameTerms = (words: readonly string[]): string[][] => [...Map.groupBy(words, termKey).values()];
const firstOf = (groups: readonly string[][]): string[] => groups.flatMap(([word]) => word ?? []);
