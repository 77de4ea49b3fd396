import type { Lookup } from '../dns/lookup.ts';
import { type DmarcReading, readDmarc } from './dmarc-record.ts';
import { discoverDmarc, isDmarc, LookupError } from './mailauth.ts';
import { find } from './records.ts';

/** The record that applies to a domain, found by the tree walk, and what stands at the domain's own name. */
export type DmarcFound = {
  domain: string;
  /** Texts at _dmarc.<domain> that are DMARC records, and those that look as if they should be. */
  own: string[];
  meant: string[];
  applies: Applying | null;
};
type Applying = {
  text: string;
  /** Where it stands: the domain itself, or one above it. */
  domain: string;
  reading: DmarcReading;
  policy: DmarcPolicy | null;
};

/** `asked`: by the tag that is for the domain; `effective`: after `t=y`. */
type DmarcPolicy = { asked: Policy; effective: Policy };
type Policy = 'none' | 'quarantine' | 'reject';

export async function findDmarc(domain: string, lookup: Lookup): Promise<DmarcFound | { failed: string }> {
  const seen = await find(lookup, `_dmarc.${domain}`, 'TXT');
  if (seen.kind === 'failed') return { failed: seen.why };
  const own = seen.data.filter(isDmarc);
  const meant = seen.data.filter((text) => !isDmarc(text) && /dmarc/i.test(text.slice(0, 30)));
  try {
    const { record, recordDomain } = await discoverDmarc(domain, lookup);
    if (record === null || recordDomain === null) return { domain, own, meant, applies: null };
    const applies = { text: record.rr, domain: recordDomain, reading: readDmarc(record.rr) };
    const policy = policyOf(applies, await placeOf(domain, applies, lookup));
    return { domain, own, meant, applies: { ...applies, policy } };
  } catch (error) {
    if (error instanceof LookupError) return { failed: error.message };
    throw error;
  }
}

type Place = 'own' | 'below' | 'nowhere';

/** How a domain stands to the record: names that do not exist have a policy of their own. Throws LookupError. */
async function placeOf(domain: string, applies: Omit<Applying, 'policy'>, lookup: Lookup): Promise<Place> {
  if (applies.domain === domain) return 'own';
  if (applies.reading.policies?.np === undefined) return 'below';
  const seen = await find(lookup, domain, 'A');
  if (seen.kind === 'failed') throw new LookupError('ESERVFAIL', seen.why);
  return seen.kind === 'absent' && !seen.exists ? 'nowhere' : 'below';
}

/** `t=y` asks for the next weaker policy (RFC 9989 4.7). */
const WEAKER: Record<Policy, Policy> = { reject: 'quarantine', quarantine: 'none', none: 'none' };

/** The tags p, sp and np each stand in for the one to their right (RFC 9989 4.7). */
function policyOf({ reading }: Omit<Applying, 'policy'>, place: Place): DmarcPolicy | null {
  const { policies, testing } = reading;
  if (policies === null) return null;
  const tags = { own: [], below: [policies.sp], nowhere: [policies.np, policies.sp] }[place];
  const asked = (tags.find((policy) => policy !== undefined) ?? policies.p) as Policy;
  return { asked, effective: testing ? WEAKER[asked] : asked };
}
