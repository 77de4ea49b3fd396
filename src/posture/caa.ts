import type { Caa, SecureLookup } from '../dns/secure.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { mailHosts } from './mx.ts';
import { recordLine } from './records.ts';
import type { Asking, Subject } from './subject.ts';

const CAA: Check = { check: 'caa', severity: 'info', rfc: 'RFC 8659' };

/** Who may issue certificates for the hosts that take the mail; for information. */
export async function checkCaa({ domains }: Subject, { lookup, rare }: Asking): Promise<Finding[]> {
  const hosts = await Promise.all(domains.map((domain) => mailHosts(lookup, domain)));
  return Promise.all([...new Set(hosts.flat())].map(async (host) => judge(host, await relevantSet(host, rare))));
}

/** `name`: where the records stand; empty where there are none. */
type Found = { name: string; records: Caa[] } | { failed: string };

/** The records of the name, or of the nearest one above that has any (RFC 8659 3); top-level domains are not asked. */
async function relevantSet(host: string, ask: SecureLookup): Promise<Found> {
  const labels = host.toLowerCase().split('.');
  for (let at = 0; at + 2 <= labels.length; at++) {
    const name = labels.slice(at).join('.');
    const answer = await ask(name, 'CAA', { checkingDisabled: false });
    if (answer.kind === 'failed') return { failed: answer.why };
    if (answer.rcode !== 'NOERROR' && answer.rcode !== 'NXDOMAIN')
      return { failed: `CAA of ${name}: the server says ${answer.rcode}` };
    const records = answer.records.flatMap(({ caa }) => (caa === null ? [] : [caa]));
    if (records.length > 0) return { name, records };
  }
  return { name: '', records: [] };
}

const KNOWN = new Set(['issue', 'issuewild', 'iodef', 'issuemail', 'issuevmc', 'contactemail', 'contactphone']);

/** Pure. */
function judge(host: string, found: Found): Finding {
  if ('failed' in found) return unknown(CAA, host, found.failed);
  const { name, records } = found;
  const fix = (at: string) => ({
    say: 'name the authority that issues your certificates',
    before: evidence.length === 0 ? null : evidence.join('\n'),
    after: recordLine(at, 'CAA', '0 issue "letsencrypt.org"'),
  });
  const evidence = records.map(({ critical, tag, value }) =>
    recordLine(name, 'CAA', `${critical ? 128 : 0} ${tag} "${value}"`),
  );
  const strange = records.find(({ critical, tag }) => critical && !KNOWN.has(tag));
  if (strange !== undefined)
    return fail(CAA, host, `${strange.tag} is not known, and marked critical: nobody may issue a certificate`, {
      evidence,
      fix: { say: 'take the record away' },
    });
  const issuers = records.filter(({ tag }) => tag === 'issue').map(({ value }) => value.split(';')[0]?.trim() ?? '');
  if (issuers.length === 0)
    return warn(CAA, host, 'any authority may issue a certificate for it', { evidence, fix: fix(name || host) });
  const named = issuers.filter((issuer) => issuer !== '');
  if (named.length === 0)
    return warn(CAA, host, `no authority may issue a certificate for it (at ${name})`, { evidence, fix: fix(name) });
  return pass(CAA, host, `${named.join(', ')} alone may issue certificates (at ${name})`, { evidence });
}
