import type { Lookup } from '../dns/lookup.ts';
import { checkAlignment } from './dmarc-alignment.ts';
import { type DmarcFound, findDmarc } from './dmarc-discovery.ts';
import { corrected, raised, repaired, withoutTag, withoutTesting } from './dmarc-fix.ts';
import { readDmarc } from './dmarc-record.ts';
import { checkReports, RUA } from './dmarc-reports.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import type { Message } from './message.ts';
import { recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';

const RECORD: Check = { check: 'dmarc.record', severity: 'high', rfc: 'RFC 9989 4.7, 4.10' };
const POLICY: Check = { check: 'dmarc.policy', severity: 'medium', rfc: 'RFC 9989 4.7' };

export async function checkDmarc({ domains, message }: Subject, { lookup }: Asking): Promise<Finding[]> {
  const all = await Promise.all(domains.map((domain) => checkDomain(domain, message, lookup)));
  return all.flat();
}

async function checkDomain(domain: string, message: Message | null, lookup: Lookup): Promise<Finding[]> {
  const found = await findDmarc(domain, lookup);
  if ('failed' in found) return [RECORD, POLICY, RUA].map((check) => unknown(check, domain, found.failed));
  const alignment = await checkAlignment(message, found, lookup);
  if (found.applies === null) return [judgeRecord(found), alignment];
  return [
    judgeRecord(found),
    judgePolicy(found),
    await checkReports(domain, found.applies, found.applies.reading.rua, lookup),
    alignment,
  ];
}

/** Pure. */
function judgeRecord({ domain, own, meant, applies }: DmarcFound): Finding {
  const at = (text: string): string => recordLine(`_dmarc.${domain}`, 'TXT', text);
  const evidence = [...own, ...meant].map(at);
  const inherits = applies !== null && applies.domain !== domain;
  const instead = inherits ? `; that of ${applies.domain} applies instead` : '';
  const fix = (say: string, after: string | null = null) => ({
    say,
    before: evidence.length === 0 ? null : evidence.join('\n'),
    after: at(after ?? `v=DMARC1; p=none; rua=mailto:dmarc@${domain}`),
  });
  const [text] = own;
  if (own.length > 1)
    return fail(RECORD, domain, `${own.length} records, so none counts${instead}`, {
      evidence,
      fix: fix('keep one', text),
    });
  if (text !== undefined) {
    const { tags, badPolicies, faults, notes, policies } = readDmarc(text);
    if (policies === null || inherits)
      return fail(RECORD, domain, `not valid: ${[...badPolicies, ...faults].join('; ')}${instead}`, {
        evidence,
        fix: fix('correct it', tags.size > 1 ? corrected(text) : null),
      });
    if (badPolicies.length > 0)
      return fail(RECORD, domain, `${[...badPolicies, ...faults].join('; ')}; receivers take it for p=none`, {
        evidence,
        fix: fix('correct the policy', corrected(text)),
      });
    if (!tags.has('p'))
      return warn(RECORD, domain, [...faults, ...notes].join('; '), {
        evidence,
        fix: fix('say which policy', corrected(text)),
      });
    if (faults.length > 0) return warn(RECORD, domain, faults.join('; '), { evidence });
    return pass(RECORD, domain, ['one valid record', ...notes].join('; '), { evidence });
  }
  if (meant.length > 0)
    return fail(RECORD, domain, `what stands at _dmarc.${domain} does not begin with exactly "v=DMARC1;"${instead}`, {
      evidence,
      fix: fix('correct it', repaired(meant[0] ?? '')),
    });
  if (applies !== null)
    return pass(RECORD, domain, `the record of ${applies.domain} applies`, {
      evidence: [recordLine(`_dmarc.${applies.domain}`, 'TXT', applies.text)],
    });
  return fail(RECORD, domain, 'no DMARC record, neither here nor above', {
    fix: fix('begin by watching, then raise the policy'),
  });
}

/** Pure. */
function judgePolicy({ domain, applies }: DmarcFound): Finding {
  if (applies?.policy === undefined || applies.policy === null) return fail(POLICY, domain, 'no policy applies');
  const { text, policy, reading } = applies;
  const { asked, effective } = policy;
  const own = applies.domain === domain;
  const name = `_dmarc.${applies.domain}`;
  const evidence = [recordLine(name, 'TXT', text)];
  const how = effective === asked ? effective : `${asked}, lowered to ${effective} by t=y`;
  const said = own ? `the policy is ${how}` : `the policy, from ${applies.domain}, is ${how}`;
  const fix = (say: string, after: string) => ({
    say,
    before: evidence[0] ?? null,
    after: recordLine(name, 'TXT', after),
  });
  if (effective === 'none')
    return warn(POLICY, domain, `${said}: receivers are asked to do nothing about forgeries`, {
      evidence,
      fix:
        asked === 'none'
          ? fix('once the reports show that all of your own mail passes', raised(text))
          : fix('take t=y away', withoutTesting(text)),
    });
  const pct = Number(reading.tags.get('pct') ?? 100);
  if (pct < 100)
    return warn(
      POLICY,
      domain,
      `${said}, but pct=${pct}: receivers of today pass pct over, older ones apply the policy to that share`,
      { evidence, rfc: 'RFC 9989 A.6' },
    );
  const open = own ? (['sp', 'np'] as const).find((tag) => reading.policies?.[tag] === 'none') : undefined;
  if (open !== undefined)
    return warn(POLICY, domain, `${said}, but ${open}=none leaves ${SUBDOMAINS[open]} open to forgery`, {
      evidence,
      fix: fix(`take ${open}= away: then p is for them too`, withoutTag(text, open)),
    });
  return pass(POLICY, domain, said, { evidence });
}

const SUBDOMAINS = { sp: 'all subdomains', np: 'all subdomains that do not exist' };
