import type { Lookup } from '../dns/lookup.ts';
import { findDmarc } from './dmarc-discovery.ts';
import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import { LookupError, organizationalDomain } from './mailauth.ts';
import { find, recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';
import { parseTags } from './tags.ts';

const BIMI: Check = { check: 'bimi', severity: 'info', rfc: 'draft-brand-indicators-for-message-identification' };

export async function checkBimi({ domains }: Subject, asking: Asking): Promise<Finding[]> {
  return Promise.all(domains.map((domain) => checkDomain(domain, asking)));
}

async function checkDomain(domain: string, { lookup, fetch }: Asking): Promise<Finding> {
  const found = await findRecords(domain, lookup);
  if ('failed' in found) return unknown(BIMI, domain, found.failed);
  const { records, name } = found;
  const [record, other] = records;
  if (record === undefined) return notApplicable(BIMI, domain, 'no BIMI record');
  const evidence = records.map((text) => recordLine(name, 'TXT', text));
  if (other !== undefined) return fail(BIMI, domain, `${records.length} records, so none counts`, { evidence });
  const tags = parseTags(record);
  const [logo, certificate] = [tags.get('l'), tags.get('a') ?? ''];
  if (!/^v=BIMI1[ \t]*;/.test(record) || logo === undefined)
    return fail(BIMI, domain, 'not valid: it must begin with exactly "v=BIMI1;" and have l=', {
      evidence,
      fix: {
        say: 'name the logo',
        before: evidence[0] ?? null,
        after: recordLine(name, 'TXT', `v=BIMI1; l=https://${domain}/logo.svg; a=`),
      },
    });
  if (logo === '' && certificate === '')
    return notApplicable(BIMI, domain, 'the record declines to take part (l= is empty)', { evidence });
  const url = URL.parse(logo);
  if (url === null || url.protocol !== 'https:')
    return fail(BIMI, domain, `l=${logo.slice(0, 80)} is no https: address`, { evidence });
  const policy = await enforcement(domain, lookup);
  if (policy.kind === 'unknown') return unknown(BIMI, domain, policy.why, { evidence });
  if (policy.kind === 'weak')
    return fail(BIMI, domain, `the logo is shown only with an enforced DMARC policy: ${policy.why}`, { evidence });
  const image = await fetch(url);
  if (image.kind === 'failed') return unknown(BIMI, domain, `${logo}: ${image.why}`, { evidence });
  if (image.kind === 'wrong') return fail(BIMI, domain, `${logo}: ${image.why}`, { evidence });
  const fault = svgFault(image.body.toString('utf8'));
  if (fault !== null) return fail(BIMI, domain, `the logo ${fault}`, { evidence });
  if (certificate === '')
    return warn(BIMI, domain, 'no mark certificate (a=): Gmail and Apple show the logo only with one', { evidence });
  return pass(BIMI, domain, 'record, logo and DMARC policy are in order; the mark certificate was not verified', {
    evidence,
  });
}

/** At the name itself, else at that of the organization. */
async function findRecords(
  domain: string,
  lookup: Lookup,
): Promise<{ name: string; records: string[] } | { failed: string }> {
  for (const at of [() => domain, () => organizationalDomain(domain, lookup)]) {
    try {
      const name = `default._bimi.${await at()}`;
      const seen = await find(lookup, name, 'TXT');
      if (seen.kind === 'failed') return { failed: seen.why };
      const records = seen.data.filter((text) => /^v=BIMI1/i.test(text));
      if (records.length > 0) return { name, records };
    } catch (error) {
      if (error instanceof LookupError) return { failed: error.message };
      throw error;
    }
  }
  return { name: '', records: [] };
}

type Enforcement = { kind: 'enforced' } | { kind: 'weak' | 'unknown'; why: string };

async function enforcement(domain: string, lookup: Lookup): Promise<Enforcement> {
  const found = await findDmarc(domain, lookup);
  if ('failed' in found) return { kind: 'unknown', why: found.failed };
  if (found.applies === null) return { kind: 'weak', why: 'there is no record' };
  const { policy, reading } = found.applies;
  if (policy === null || policy.asked === 'none') return { kind: 'weak', why: 'the policy is none' };
  if (reading.policies?.sp === 'none') return { kind: 'weak', why: 'sp=none leaves subdomains without' };
  if (reading.testing) return { kind: 'weak', why: 't=y lowers the policy' };
  if (policy.asked === 'quarantine' && Number(reading.tags.get('pct') ?? 100) < 100)
    return { kind: 'weak', why: 'pct is below 100' };
  return { kind: 'enforced' };
}

/** The plain signs of SVG Tiny PS; not a full check of the profile. */
function svgFault(svg: string): string | null {
  const root = /<svg\b[^>]*>/i.exec(svg)?.[0];
  if (root === undefined) return 'is no SVG';
  if (!/baseProfile\s*=\s*["']tiny-ps["']/i.test(root)) return 'is not SVG Tiny PS (baseProfile="tiny-ps" is missing)';
  if (!/version\s*=\s*["']1\.2["']/.test(root)) return 'is not SVG Tiny PS (version="1.2" is missing)';
  if (!/<title>[^<]+<\/title>/i.test(svg)) return 'has no title';
  if (/<script|<image|<animate|on\w+\s*=/i.test(svg)) return 'holds scripts, images or animation';
  return null;
}
