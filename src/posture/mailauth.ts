import {
  createRecordLookup,
  type DmarcTags,
  discoverPolicy,
  getOrgDomain,
  getPolicyTags,
  type Policies,
  parseDmarcRecord,
} from 'mailauth/lib/dmarc/get-dmarc-record.js';
import { parsePolicy, resolvePolicy, validateMx } from 'mailauth/lib/mta-sts.js';
import { spf } from 'mailauth/lib/spf/index.js';
import { validateTerms } from 'mailauth/lib/spf/syntax.js';
import { getPublicKey, type PublicKey } from 'mailauth/lib/tools.js';
import type { QuestionType } from '../dns/answer.ts';
import type { Lookup } from '../dns/lookup.ts';
import { spfWords } from '../targets/spf.ts';
import { find, mxOf } from './records.ts';

/** The one door to mailauth, always in its strict mode; it asks through our own lookups. */

export type { DmarcTags, Policies, PublicKey };

type NodeResolver = (name: string, type: string) => Promise<never[]>;

/** An answer that says nothing, with the codes that node:dns and mailauth use. */
export class LookupError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Our lookups in the shape of node:dns. */
function nodeResolver(lookup: Lookup): NodeResolver {
  return async (name, type) => {
    if (!isAskable(name)) throw new LookupError('EBADNAME', `${name} is no name of DNS`);
    // Without a type of ours: the name exists, or not, and has no such records.
    const seen = await find(lookup, name, (type === 'CNAME' ? 'NS' : type) as QuestionType);
    if (seen.kind === 'failed') throw new LookupError('ESERVFAIL', seen.why);
    if (seen.kind === 'absent') throw new LookupError(seen.exists ? 'ENODATA' : 'ENOTFOUND', `no ${type} of ${name}`);
    if (type === 'CNAME') throw new LookupError('ENODATA', `no CNAME of ${name}`);
    if (type === 'TXT') return seen.data.map((text) => [text]) as never[];
    if (type === 'MX')
      return seen.data.map(mxOf).map(({ preference, name }) => ({ priority: preference, exchange: name })) as never[];
    return seen.data as never[];
  };
}

function isAskable(name: string): boolean {
  const labels = name.replace(/\.$/, '').split('.');
  return name.length <= 254 && labels.every((label) => label !== '' && label.length <= 63);
}

type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';
/** `lookups` and `voids` up to the match; see reviewSpf for all. */
export type SpfEvaluation = {
  result: SpfResult;
  why: string;
  lookups: number;
  voids: number;
  explanation: string | null;
};

/** check_host() of RFC 7208 section 4. `most` above the RFC's 10 and 2 counts on instead of giving up. */
export async function evaluateSpf(
  of: { address: string; sender: string; helo: string },
  lookup: Lookup,
  { most, patience }: { most: { lookups: number; voids: number }; patience: number },
): Promise<SpfEvaluation> {
  const found = await spf({
    ip: of.address,
    sender: of.sender,
    helo: of.helo,
    mta: 'receiver.example',
    resolver: nodeResolver(lookup),
    strict: true,
    maxResolveCount: most.lookups,
    maxVoidCount: most.voids,
    maxElapsedTime: patience,
  });
  const comment = (found.status.comment || '').replace(/^receiver\.example: /, '');
  return {
    result: found.status.result as SpfResult,
    why: comment.replace(/^.*?lookup of [^:]*: /, ''),
    lookups: found.lookups?.count ?? 0,
    voids: found.lookups?.void ?? 0,
    explanation: found.explanation ?? null,
  };
}

/** What is wrong with the first bad term of an SPF record (RFC 7208 4.6), or null. */
export function spfSyntaxFault(record: string): string | null {
  return validateTerms(spfWords(record)) || null;
}

export type DmarcDiscovery = { record: DmarcTags | null; recordDomain: string | null; orgDomain: string | null };

/** Exactly so it must begin (RFC 9989 4.7); mailauth would take white space before it. */
export const isDmarc = (text: string): boolean => /^[vV][ \t]*=[ \t]*DMARC1[ \t]*(;|$)/.test(text);

function dmarcRecords(lookup: Lookup): unknown {
  const resolve = nodeResolver(lookup);
  const records: NodeResolver = async (name, type) =>
    (await resolve(name, type)).filter(([text]: string[]) => isDmarc(text ?? ''));
  return createRecordLookup(records, { strict: true });
}

/** DMARC policy discovery by tree walk (RFC 9989 4.10). Throws LookupError where DNS leaves it open. */
export async function discoverDmarc(domain: string, lookup: Lookup): Promise<DmarcDiscovery> {
  const found = await discoverPolicy(domain, dmarcRecords(lookup));
  return { record: found.record || null, recordDomain: found.recordDomain, orgDomain: found.orgDomain };
}

/** The organizational domain (RFC 9989 4.10.2). Throws LookupError. */
export function organizationalDomain(domain: string, lookup: Lookup): Promise<string> {
  return getOrgDomain(domain, dmarcRecords(lookup));
}

/** null: no tag list (RFC 6376 3.2), such as one with a tag twice. */
export const parseDmarc = (text: string): DmarcTags | null => parseDmarcRecord(text, { strict: true });

/** The policies that a receiver applies (RFC 9989 4.10.1); null: the record is passed over. */
export const dmarcPolicies = (record: DmarcTags): Policies | null => getPolicyTags(record);

/** A DKIM key record (RFC 6376 3.6.1, RFC 8301, RFC 8463). Throws an Error that says what is wrong with it. */
export const parseDkimKey = (record: string): Promise<PublicKey> =>
  getPublicKey('DKIM', 'selector._domainkey.example', 1, async () => [[record]], { strict: true });

/** The id of an MTA-STS TXT record (RFC 8461 3.1); false: not in order. */
export const parseStsRecord = (record: string): Promise<string | false> =>
  resolvePolicy('example.org', { resolver: async () => [[record]] as never, strict: true });

export type StsPolicy = ReturnType<typeof parsePolicy>;

/** Throws an Error that says what is wrong with the policy (RFC 8461 3.2). */
export const parseStsPolicy = (text: string): StsPolicy => parsePolicy(text, { strict: true });

export const stsPolicyNames = (host: string, policy: StsPolicy): boolean => validateMx(host, policy).valid;
