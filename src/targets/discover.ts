import type { QuestionType } from '../dns/answer.ts';
import type { Lookup } from '../dns/lookup.ts';
import { quoted } from '../quoted.ts';
import { specialBlock } from '../special-addresses.ts';
import { type AddressRange, countOf, formatRange, prefixOf } from '../target.ts';
import { isSpf, parseSpf, type SpfTerm } from './spf.ts';

/** Where a domain's mail comes from, as its MX and SPF records say. */
export type Discovery = {
  domain: string;
  /** `via`: the path of records that led to the range, such as `SPF of example.com, include:_spf.example.net`. */
  found: { range: AddressRange; via: string[] }[];
  /** Named and not taken: too wide, special, or known only while mail is received. */
  notTaken: { what: string; why: string; via: string }[];
  /** What kept this from being complete: failed lookups, limits reached, broken records. */
  problems: string[];
  /** DNS lookups that SPF counts, at most 10. */
  spfLookups: number;
};

/** RFC 7208 4.6.4. */
const MOST_LOOKUPS = 10;
const MOST_MX = 10;
const MOST_VOID = 2;
/** What is wider is a provider's pool, hardly a domain's own servers. */
const WIDEST = 256n;

type Walk = { domain: string; lookup: Lookup; result: Discovery; void: number; seen: Set<string>; stopped: boolean };

/** `domain` in canonical form. Never throws for what DNS says. */
export async function discover(domain: string, lookup: Lookup): Promise<Discovery> {
  const result: Discovery = { domain, found: [], notTaken: [], problems: [], spfLookups: 0 };
  const walk: Walk = { domain, lookup, result, void: 0, seen: new Set(), stopped: false };
  await receivingHosts(walk);
  await spfOf(walk, domain, `SPF of ${domain}`, true);
  return result;
}

/** The servers that receive are often those that send. */
async function receivingHosts(walk: Walk): Promise<void> {
  const via = `MX of ${walk.domain}`;
  const hosts = await mxHosts(walk, walk.domain, via);
  if (hosts.length === 0) walk.result.problems.push(`${walk.domain} has no MX record that names a host`);
  for (const host of hosts) await takeHost(walk, host, { ip4Length: 32, ip6Length: 128 }, `${via}, ${host}`);
}

async function spfOf(walk: Walk, domain: string, via: string, first: boolean): Promise<void> {
  const { result } = walk;
  if (walk.seen.has(domain)) {
    result.problems.push(`${via}: ${domain} is included twice or includes itself; it is read once`);
    return;
  }
  walk.seen.add(domain);
  const texts = (await ask(walk, domain, 'TXT', via, !first)).filter(isSpf);
  if (texts.length > 1) result.problems.push(`${via}: ${texts.length} SPF records, so none counts (RFC 7208 4.5)`);
  if (texts.length === 0) {
    const loss = first ? 'what sends beside the MX hosts is not known' : 'receivers reject this record (permerror)';
    result.problems.push(`${via}: ${quoted(domain)} has no SPF record; ${loss}`);
  }
  const [text] = texts;
  if (text === undefined || texts.length > 1) return;
  const record = parseSpf(text);
  for (const word of record.wrong) result.problems.push(`${via}: ${quoted(word)} is no SPF term (permerror); left out`);
  // RFC 7208 6.1: redirect counts only where no `all` stands.
  const hasAll = record.terms.some(({ name }) => name === 'all');
  const mechanisms = record.terms.filter(({ name }) => name !== 'redirect');
  const redirects = hasAll ? [] : record.terms.filter(({ name }) => name === 'redirect');
  for (const term of [...mechanisms, ...redirects]) {
    if (walk.stopped) return;
    await takeTerm(walk, domain, term, via);
  }
}

async function takeTerm(walk: Walk, domain: string, term: SpfTerm, via: string): Promise<void> {
  const { notTaken } = walk.result;
  const here = `${via}, ${termText(term)}`;
  if (term.name === 'all') {
    if (term.qualifier === '+')
      notTaken.push({ what: '+all', why: 'the record allows every address of the world', via });
    return;
  }
  // What is not allowed is not said to send; it still counts as a lookup where the receiver must ask.
  if (countsAsLookup(term) && !mayLookUp(walk, here)) return;
  if (term.qualifier !== '+') {
    notTaken.push({ what: termText(term), why: `"${term.qualifier}" does not say that it sends`, via });
    return;
  }
  if (term.kind === 'address') {
    takeAddress(walk, term.address, term.length, termText(term), here, via);
    return;
  }
  const name = (term.domain ?? domain).toLowerCase().replace(/\.$/, '');
  if (term.name === 'ptr' || term.name === 'exists' || name.includes('%')) {
    notTaken.push({ what: termText(term), why: 'it names addresses only while mail is received', via });
  } else if (term.kind === 'name') {
    await spfOf(walk, name, here, false);
  } else if (term.name === 'a') {
    await takeHost(walk, name, term, here, true);
  } else {
    const hosts = await mxHosts(walk, name, here, true);
    for (const host of hosts) await takeHost(walk, host, term, `${here}, ${host}`);
  }
}

const countsAsLookup = ({ kind, name }: SpfTerm): boolean => kind !== 'address' && name !== 'all';

function mayLookUp(walk: Walk, via: string): boolean {
  if (walk.result.spfLookups < MOST_LOOKUPS) {
    walk.result.spfLookups += 1;
    return true;
  }
  walk.stopped = true;
  walk.result.problems.push(
    `${via}: more than ${MOST_LOOKUPS} lookups (RFC 7208 4.6.4): receivers stop here with permerror, and so does this`,
  );
  return false;
}

async function mxHosts(walk: Walk, name: string, via: string, spf = false): Promise<string[]> {
  const records = await ask(walk, name, 'MX', via, spf);
  // RFC 7505: `0 .` says that the domain takes no mail.
  const hosts = records
    .map((data) =>
      data
        .replace(/^\d+\s+/, '')
        .replace(/\.$/, '')
        .toLowerCase(),
    )
    .filter((host) => host !== '');
  const unique = [...new Set(hosts)].sort();
  if (unique.length > MOST_MX) {
    walk.result.problems.push(`${via}: ${unique.length} MX hosts; only ${MOST_MX} are looked up (RFC 7208 4.6.4)`);
  }
  return unique.slice(0, MOST_MX);
}

async function takeHost(
  walk: Walk,
  host: string,
  { ip4Length, ip6Length }: { ip4Length: number; ip6Length: number },
  via: string,
  spf = false,
): Promise<void> {
  const [v4, v6] = await Promise.all([ask(walk, host, 'A', via), ask(walk, host, 'AAAA', via)]);
  if (v4.length + v6.length === 0) {
    walk.result.problems.push(`${via}: ${quoted(host)} has no address`);
    if (spf) countVoid(walk, via);
  }
  for (const address of v4) takeAddress(walk, address, ip4Length, withLength(address, ip4Length, 32), via, via);
  for (const address of v6) takeAddress(walk, address, ip6Length, withLength(address, ip6Length, 128), via, via);
}

const withLength = (address: string, length: number, most: number): string =>
  length === most ? address : `${address}/${length}`;

function takeAddress(walk: Walk, address: string, length: number, what: string, here: string, via: string): void {
  const { found, notTaken, problems } = walk.result;
  const range = prefixOf(address, length);
  if (range === null || (what.startsWith('ip4:') && address.includes(':'))) {
    problems.push(`${via}: ${quoted(what)} is no address or prefix; left out`);
    return;
  }
  const special = specialBlock(range.kind, range.lo, range.hi);
  const count = countOf(range);
  if (special !== null) {
    notTaken.push({ what: formatRange(range), why: `it touches ${special.prefix} (${special.name})`, via: here });
  } else if (count > WIDEST) {
    const why = `${count} addresses, more than ${WIDEST}: add the ones that are yours by hand`;
    notTaken.push({ what: formatRange(range), why, via: here });
  } else {
    const before = found.find((one) => formatRange(one.range) === formatRange(range));
    if (before === undefined) found.push({ range, via: [here] });
    else if (!before.via.includes(here)) before.via.push(here);
  }
}

/** The data of the records; what fails is a problem of the discovery. */
async function ask(walk: Walk, name: string, type: QuestionType, via: string, spf = false): Promise<string[]> {
  const answer = await walk.lookup(name, type);
  if (answer.kind === 'records') return answer.records.filter((record) => record.type === type).map(({ data }) => data);
  if (answer.kind === 'absent') {
    if (spf) countVoid(walk, via);
    return [];
  }
  const why = answer.kind === 'failed' ? answer.why : 'a referral';
  walk.result.problems.push(`${via}: ${type} of ${quoted(name)} could not be looked up (${why})`);
  return [];
}

/** RFC 7208 4.6.4: receivers may stop after two lookups without an answer; we go on and say so. */
function countVoid(walk: Walk, via: string): void {
  walk.void += 1;
  if (walk.void !== MOST_VOID + 1) return;
  walk.result.problems.push(
    `${via}: more than ${MOST_VOID} lookups found nothing (RFC 7208 4.6.4): many receivers stop here`,
  );
}

function termText(term: SpfTerm): string {
  const sign = term.qualifier === '+' ? '' : term.qualifier;
  if (term.kind === 'address') {
    return `${sign}${term.name}:${withLength(term.address, term.length, term.name === 'ip4' ? 32 : 128)}`;
  }
  const mark = term.name === 'redirect' ? '=' : ':';
  const domain = term.domain === null ? '' : `${mark}${term.domain}`;
  const lengths =
    term.kind === 'host'
      ? `${term.ip4Length === 32 ? '' : `/${term.ip4Length}`}${term.ip6Length === 128 ? '' : `//${term.ip6Length}`}`
      : '';
  return `${sign}${term.name}${domain}${lengths}`;
}
