import { type Check, type Finding, fail, notApplicable, pass, unknown, warn } from './finding.ts';
import type { Fetched } from './https.ts';
import { parseStsPolicy, parseStsRecord, type StsPolicy, stsPolicyNames } from './mailauth.ts';
import { mailHosts } from './mx.ts';
import { find, recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';

const RECORD: Check = { check: 'sts.record', severity: 'medium', rfc: 'RFC 8461 3.1' };
const POLICY: Check = { check: 'sts.policy', severity: 'medium', rfc: 'RFC 8461 3.2, 3.3, 4.1' };

/** Seconds: RFC 8461 3.2 expects weeks; a policy of less than a day protects hardly anyone. */
const SHORT_AGE = 86_400;

export async function checkMtaSts({ domains }: Subject, asking: Asking): Promise<Finding[]> {
  return (await Promise.all(domains.map((domain) => checkDomain(domain, asking)))).flat();
}

async function checkDomain(domain: string, asking: Asking): Promise<Finding[]> {
  const seen = await find(asking.lookup, `_mta-sts.${domain}`, 'TXT');
  if (seen.kind === 'failed') return [unknown(RECORD, domain, seen.why), unknown(POLICY, domain, seen.why)];
  const { finding, id } = await judgeStsRecord(domain, seen.data);
  if (id === null) return [finding, notApplicable(POLICY, domain, 'without a valid record no policy is asked for')];
  const [fetched, hosts] = await Promise.all([
    asking.fetch(new URL(policyUrl(domain))),
    mailHosts(asking.lookup, domain),
  ]);
  return [finding, judgeFetched(domain, fetched, hosts)];
}

/** `id`: of the one valid record; null: senders look no further. */
export async function judgeStsRecord(
  domain: string,
  texts: string[],
): Promise<{ finding: Finding; id: string | null }> {
  const name = `_mta-sts.${domain}`;
  const records = texts.filter((text) => /^v=STSv1[ \t]*;/.test(text));
  const [record, ...others] = records;
  const evidence = texts.map((text) => recordLine(name, 'TXT', text));
  const after = recordLine(name, 'TXT', 'v=STSv1; id=20261124T000000');
  const none = (finding: Finding) => ({ finding, id: null });
  if (others.length > 0)
    return none(
      fail(RECORD, domain, `${records.length} records, so senders take it that there is none`, {
        evidence,
        fix: { say: 'keep one', before: evidence.join('\n') },
      }),
    );
  if (record === undefined && texts.some((text) => /sts/i.test(text.slice(0, 20))))
    return none(
      fail(RECORD, domain, 'it does not begin with exactly "v=STSv1;"', {
        evidence,
        fix: { say: 'correct it', before: evidence.join('\n'), after },
      }),
    );
  if (record === undefined)
    return none(
      warn(RECORD, domain, 'no MTA-STS: who can stand in the way can have mail sent without TLS', {
        fix: { say: `publish a policy at ${policyUrl(domain)}, then this record`, after },
      }),
    );
  const id = await parseStsRecord(record);
  if (id !== false) return { finding: pass(RECORD, domain, `one valid record, id ${id}`, { evidence }), id };
  return none(
    fail(RECORD, domain, 'not valid: it needs id= with 1 to 32 letters and digits, and nothing that is no tag', {
      evidence,
      fix: { say: 'correct it', before: evidence.join('\n'), after },
    }),
  );
}

export function judgeFetched(domain: string, fetched: Fetched, hosts: string[]): Finding {
  const url = policyUrl(domain);
  if (fetched.kind === 'failed') return unknown(POLICY, domain, `${url}: ${fetched.why}`);
  const fix = { say: `serve the policy at ${url} with a valid certificate, as text/plain`, after: policyText(hosts) };
  if (fetched.kind === 'wrong') return fail(POLICY, domain, `${url}: ${fetched.why}`, { rfc: 'RFC 8461 3.3', fix });
  const text = fetched.body.toString('utf8');
  const evidence = text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(0, 40);
  const broken = { evidence, fix: { ...fix, before: evidence.join('\n') } };
  const [type = ''] = fetched.type.split(';');
  if (type.trim().toLowerCase() !== 'text/plain')
    return fail(POLICY, domain, `served as "${fetched.type.slice(0, 60)}", not as text/plain`, {
      ...broken,
      rfc: 'RFC 8461 3.2',
    });
  try {
    return judgePolicy(domain, parseStsPolicy(text), hosts, evidence);
  } catch (error) {
    return fail(POLICY, domain, `not valid: ${error instanceof Error ? error.message : String(error)}`, broken);
  }
}

function judgePolicy(domain: string, policy: StsPolicy, hosts: string[], evidence: string[]): Finding {
  const { mode, maxAge = 0 } = policy;
  const fix = {
    say: 'name all MX hosts, and raise id= in the record',
    before: evidence.join('\n'),
    after: policyText(hosts, mode),
  };
  if (mode === 'none') return warn(POLICY, domain, 'mode none: no protection', { evidence });
  const left = hosts.filter((host) => !stsPolicyNames(host, policy));
  if (left.length > 0)
    return fail(
      POLICY,
      domain,
      `mode ${mode}, and it does not name ${left.join(', ')}: ${mode === 'enforce' ? 'senders deliver nothing there' : 'with enforce nothing would be delivered there'}`,
      {
        evidence,
        severity: mode === 'enforce' ? 'high' : 'medium',
        fix,
      },
    );
  if (mode === 'testing')
    return warn(POLICY, domain, 'mode testing: failures are reported, not prevented', {
      evidence,
      fix: { ...fix, say: 'once reports are clean, set mode: enforce', after: policyText(hosts) },
    });
  if (maxAge < SHORT_AGE)
    return warn(POLICY, domain, `max_age ${maxAge} s: senders forget the policy within a day`, {
      evidence,
      fix: { ...fix, say: 'raise max_age', after: policyText(hosts) },
    });
  return pass(
    POLICY,
    domain,
    `enforced for ${hosts.join(', ') || 'its hosts'}, kept ${Math.floor(maxAge / 86_400)} days`,
    { evidence },
  );
}

const policyUrl = (domain: string): string => `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
const policyText = (hosts: string[], mode = 'enforce'): string =>
  ['version: STSv1', `mode: ${mode}`, ...hosts.map((host) => `mx: ${host}`), 'max_age: 1209600', ''].join('\r\n');
