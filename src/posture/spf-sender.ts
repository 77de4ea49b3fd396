import { isSpf } from '../targets/spf.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { heloFault, heloOf } from './helo.ts';
import { evaluateSpf, type SpfEvaluation } from './mailauth.ts';
import { find, recordLine } from './records.ts';
import { SPF_MOST } from './spf-review.ts';
import type { Asking, AuditedAddress, Subject } from './subject.ts';

const PASS: Check = { check: 'spf.pass', severity: 'critical', rfc: 'RFC 7208 4' };

/** Does the record allow each address, as MAIL FROM of each domain and as HELO? */
export async function checkSpfSenders(subject: Subject, asking: Asking): Promise<Finding[]> {
  const all = await Promise.all([
    ...subject.domains.flatMap((domain) => subject.addresses.map((address) => checkSender(domain, address, asking))),
    ...subject.addresses.map((address) => checkHelo(heloOf(address, subject), address, asking)),
  ]);
  const findings = all.flat();
  if (subject.domains.length > 0) return findings;
  const unsaid = subject.addresses.map(({ text }) =>
    unknown(PASS, text, 'for which domain it sends was not said', { settle: `dnsblwatch audit ${text} YOUR-DOMAIN` }),
  );
  return [...findings, ...unsaid];
}

async function checkSender(domain: string, address: AuditedAddress, asking: Asking): Promise<Finding> {
  const of = { address: address.text, sender: `postmaster@${domain}`, helo: domain };
  const evaluation = await evaluateSpf(of, asking.lookup, { most: SPF_MOST, patience: asking.patience });
  const seen = await find(asking.lookup, domain, 'TXT');
  const record = seen.kind === 'failed' ? null : (seen.data.find(isSpf) ?? null);
  return judgeSender(domain, address, evaluation, record);
}

/** What an evaluation for MAIL FROM says of an address. Pure. */
function judgeSender(
  domain: string,
  address: AuditedAddress,
  { result, why }: SpfEvaluation,
  record: string | null,
): Finding {
  const subject = `${address.text} as ${domain}`;
  const evidence = record === null ? [] : [recordLine(domain, 'TXT', record)];
  if (result === 'pass') return pass(PASS, subject, `the record of ${domain} allows it`, { evidence });
  if (result === 'temperror') return unknown(PASS, subject, why, { evidence });
  if (address.mx !== null)
    return unknown(
      PASS,
      subject,
      `${address.mx} takes mail for ${domain}; whether it sends too was not said (SPF: ${result})`,
      {
        evidence,
        settle: `dnsblwatch audit ${domain} ${address.text}`,
      },
    );
  const said = { none: 'there is no record', permerror: `the record is void (permerror): ${why}` }[result as string];
  return fail(PASS, subject, said ?? `the record does not allow it (${result})`, {
    evidence,
    fix: {
      say: 'add the address',
      before: evidence[0] ?? null,
      after: result === 'permerror' ? null : recordLine(domain, 'TXT', withAddress(record ?? 'v=spf1 ~all', address)),
    },
  });
}

function withAddress(record: string, { kind, text }: AuditedAddress): string {
  const term = `${kind === 'ipv4' ? 'ip4' : 'ip6'}:${text}`;
  return record.replace(/^(v=spf1)( |$)/i, `$1 ${term}$2`);
}

async function checkHelo(helo: string | null, address: AuditedAddress, asking: Asking): Promise<Finding[]> {
  if (helo === null || heloFault(helo) !== null || address.mx !== null) return [];
  const of = { address: address.text, sender: `postmaster@${helo}`, helo };
  const { result, why } = await evaluateSpf(of, asking.lookup, { most: SPF_MOST, patience: asking.patience });
  const subject = `${address.text} as HELO ${helo}`;
  const rfc = 'RFC 7208 2.3';
  if (result === 'pass') return [pass(PASS, subject, `the record of ${helo} allows it`, { rfc })];
  if (result === 'temperror') return [unknown(PASS, subject, why, { rfc })];
  const fix = {
    say: 'publish a record for the HELO name: bounces are judged by it',
    after: recordLine(helo, 'TXT', 'v=spf1 a -all'),
  };
  if (result === 'none')
    return [
      warn(PASS, subject, 'the HELO name has no SPF record of its own; bounces go out without SPF', {
        rfc,
        severity: 'low',
        fix,
      }),
    ];
  return [fail(PASS, subject, `the record of the HELO name does not allow the address (${result})`, { rfc, fix })];
}
