import type { Lookup } from '../dns/lookup.ts';
import { checkAlignment } from './dmarc-alignment.ts';
import { type DmarcReading, isDmarc, type ReportAddress, readDmarc } from './dmarc-record.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { discoverDmarc, LookupError, organizationalDomain } from './mailauth.ts';
import type { Message } from './message.ts';
import { mailRoute } from './mx.ts';
import { find, recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';

const RECORD: Check = { check: 'dmarc.record', severity: 'high', rfc: 'RFC 9989 4.7, 4.10' };
const POLICY: Check = { check: 'dmarc.policy', severity: 'medium', rfc: 'RFC 9989 4.7' };
const RUA: Check = { check: 'dmarc.rua', severity: 'medium', rfc: 'RFC 9990' };

export async function checkDmarc({ domains, message }: Subject, { lookup }: Asking): Promise<Finding[]> {
  const all = await Promise.all(domains.map((domain) => checkDomain(domain, message, lookup)));
  return all.flat();
}

/** The record that applies to a domain, found by the tree walk, and what stands at the domain's own name. */
export type DmarcFound = {
  /** Texts at _dmarc.<domain> that are DMARC records, and those that look as if they should be. */
  own: string[];
  meant: string[];
  applies: { text: string; domain: string } | null;
};

async function checkDomain(domain: string, message: Message | null, lookup: Lookup): Promise<Finding[]> {
  const found = await findDmarc(domain, lookup);
  if ('failed' in found) return [RECORD, POLICY, RUA].map((check) => unknown(check, domain, found.failed));
  const alignment = await checkAlignment(domain, message, found, lookup);
  if (found.applies === null) return [judgeRecord(domain, found), alignment];
  const reading = readDmarc(found.applies.text);
  return [
    judgeRecord(domain, found),
    judgePolicy(domain, found, reading),
    await checkReports(domain, found.applies, reading.rua, lookup),
    alignment,
  ];
}

export async function findDmarc(domain: string, lookup: Lookup): Promise<DmarcFound | { failed: string }> {
  const seen = await find(lookup, `_dmarc.${domain}`, 'TXT');
  if (seen.kind === 'failed') return { failed: seen.why };
  const texts = seen.kind === 'found' ? seen.data : [];
  const own = texts.filter(isDmarc);
  const meant = texts.filter((text) => !isDmarc(text) && /dmarc/i.test(text.slice(0, 30)));
  try {
    const { record, recordDomain } = await discoverDmarc(domain, lookup);
    return {
      own,
      meant,
      applies: record === null || recordDomain === null ? null : { text: record.rr, domain: recordDomain },
    };
  } catch (error) {
    if (error instanceof LookupError) return { failed: error.message };
    throw error;
  }
}

/** Pure. */
function judgeRecord(domain: string, { own, meant, applies }: DmarcFound): Finding {
  const at = (text: string): string => recordLine(`_dmarc.${domain}`, 'TXT', text);
  const evidence = [...own, ...meant].map(at);
  const inherits = applies !== null && applies.domain !== domain;
  const instead = inherits ? `; that of ${applies.domain} applies instead` : '';
  const fix = (say: string) => ({
    say,
    before: evidence.length === 0 ? null : evidence.join('\n'),
    after: at(`v=DMARC1; p=none; rua=mailto:dmarc@${domain}`),
  });
  if (own.length > 1)
    return fail(RECORD, domain, `${own.length} records, so none counts${instead}`, { evidence, fix: fix('keep one') });
  const [text] = own;
  if (text !== undefined) {
    const { faults, notes, policies } = readDmarc(text);
    if (policies === null || inherits)
      return fail(RECORD, domain, `not valid: ${faults.join('; ')}${instead}`, { evidence, fix: fix('correct it') });
    const serious = faults.filter((fault) => /no policy/.test(fault));
    if (serious.length > 0)
      return fail(RECORD, domain, `${serious.join('; ')}; receivers take it for p=none`, {
        evidence,
        fix: fix('correct the policy'),
      });
    if (faults.length > 0) return warn(RECORD, domain, faults.join('; '), { evidence });
    return pass(RECORD, domain, ['one valid record', ...notes].join('; '), { evidence });
  }
  if (meant.length > 0)
    return fail(RECORD, domain, `what stands at _dmarc.${domain} does not begin with exactly "v=DMARC1;"${instead}`, {
      evidence,
      fix: fix('correct it'),
    });
  if (applies !== null)
    return pass(RECORD, domain, `the record of ${applies.domain} applies`, {
      evidence: [recordLine(`_dmarc.${applies.domain}`, 'TXT', applies.text)],
    });
  return fail(RECORD, domain, 'no DMARC record, neither here nor above', {
    fix: fix('begin by watching, then raise the policy'),
  });
}

/** `t=y` asks for the next weaker policy (RFC 9989 4.7). */
const WEAKER: Record<string, string> = { reject: 'quarantine', quarantine: 'none', none: 'none' };

/** Pure. */
function judgePolicy(domain: string, { applies }: DmarcFound, { policies, testing, tags }: DmarcReading): Finding {
  if (applies === null || policies === null) return fail(POLICY, domain, 'no policy applies');
  const own = applies.domain === domain;
  const name = `_dmarc.${applies.domain}`;
  const evidence = [recordLine(name, 'TXT', applies.text)];
  const asked = own ? policies.p : (policies.sp ?? policies.p);
  const effective = testing ? (WEAKER[asked] ?? asked) : asked;
  const how = testing && effective !== asked ? `${asked}, lowered to ${effective} by t=y` : effective;
  const said = own ? `the policy is ${how}` : `the policy, from ${applies.domain}, is ${how}`;
  const raise = (text: string, say: string) => ({
    say,
    before: evidence[0] ?? null,
    after: recordLine(name, 'TXT', text),
  });
  if (effective === 'none')
    return warn(POLICY, domain, `${said}: receivers are asked to do nothing about forgeries`, {
      evidence,
      fix: testing
        ? raise(applies.text.replace(/;?\s*t\s*=\s*y\s*/i, ''), 'take t=y away')
        : raise(
            applies.text.replace(/(;\s*)(p|sp)(\s*=\s*)none/gi, '$1$2$3quarantine'),
            'once the reports show that all of your own mail passes',
          ),
    });
  const pct = Number(tags.get('pct') ?? 100);
  if (pct < 100)
    return warn(
      POLICY,
      domain,
      `${said}, but pct=${pct}: receivers of today pass pct over, older ones apply the policy to that share`,
      {
        evidence,
        rfc: 'RFC 9989 A.6',
      },
    );
  if (own && policies.sp === 'none')
    return warn(POLICY, domain, `${said}, but sp=none leaves all subdomains open to forgery`, { evidence });
  return pass(POLICY, domain, said, { evidence });
}

async function checkReports(
  domain: string,
  applies: { text: string; domain: string },
  rua: ReportAddress[],
  lookup: Lookup,
): Promise<Finding> {
  const evidence = [recordLine(`_dmarc.${applies.domain}`, 'TXT', applies.text)];
  if (rua.length === 0)
    return warn(RUA, domain, 'no rua: nobody tells you who sends in your name', {
      evidence,
      fix: {
        say: 'ask for reports',
        before: evidence[0] ?? null,
        after: recordLine(
          `_dmarc.${applies.domain}`,
          'TXT',
          `${applies.text.replace(/;?\s*$/, '')}; rua=mailto:dmarc@${domain}`,
        ),
      },
    });
  const looks = await Promise.all(rua.map((address) => lookAtReportAddress(applies.domain, address, lookup)));
  const wrong = looks.filter((look) => look.fault !== null);
  const seen = [...evidence, ...looks.flatMap(({ lines }) => lines)];
  const authorise = wrong.find((look) => look.authorise !== null)?.authorise ?? null;
  if (wrong.length > 0)
    return fail(RUA, domain, wrong.map(({ fault }) => fault).join('; '), {
      evidence: seen,
      ...(authorise === null ? {} : { fix: { say: 'who receives the reports must publish', after: authorise } }),
    });
  const blind = looks.find(({ failed }) => failed !== null)?.failed;
  if (blind !== undefined && blind !== null) return unknown(RUA, domain, blind, { evidence: seen });
  return pass(RUA, domain, `reports go to ${rua.map(({ uri }) => uri).join(', ')}`, { evidence: seen });
}

type ReportLook = { fault: string | null; failed: string | null; authorise: string | null; lines: string[] };

async function lookAtReportAddress(
  policyDomain: string,
  { uri, domain }: ReportAddress,
  lookup: Lookup,
): Promise<ReportLook> {
  const look: ReportLook = { fault: null, failed: null, authorise: null, lines: [] };
  if (domain === null) return { ...look, fault: `"${uri.slice(0, 60)}" is no mailto: address` };
  const route = await mailRoute(lookup, domain);
  if (route.kind === 'none' || route.kind === 'null-mx')
    return { ...look, fault: `${domain} takes no mail, so reports are lost` };
  if (route.kind === 'failed') return { ...look, failed: route.why };
  try {
    const [here, there] = await Promise.all([
      organizationalDomain(policyDomain, lookup),
      organizationalDomain(domain, lookup),
    ]);
    if (here === there) return look;
  } catch (error) {
    if (error instanceof LookupError) return { ...look, failed: error.message };
    throw error;
  }
  const name = `${policyDomain}._report._dmarc.${domain}`;
  const seen = await find(lookup, name, 'TXT');
  if (seen.kind === 'failed') return { ...look, failed: seen.why };
  if (seen.kind === 'found' && seen.data.some(isDmarc)) return { ...look, lines: seen.lines };
  return {
    ...look,
    fault: `${domain} has not said that it takes reports about ${policyDomain}, so receivers send none`,
    authorise: recordLine(name, 'TXT', 'v=DMARC1'),
  };
}
