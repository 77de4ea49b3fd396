import type { SecureAnswer, SecureLookup, SecureType } from '../dns/secure.ts';
import { type Check, type Finding, fail, pass, unknown, warn } from './finding.ts';
import { mailHosts } from './mx.ts';
import type { Asking, Subject } from './subject.ts';

const DNSSEC: Check = { check: 'dnssec', severity: 'low', rfc: 'RFC 4035, RFC 8914' };

/**
 * - `insecure`: the resolver validates, and there is nothing to validate here.
 * - `unvalidated`: the resolver does not validate, so nothing is known.
 */
type Security = { kind: 'secure' | 'insecure' | 'unvalidated' } | { kind: 'bogus' | 'failed'; why: string };

export async function checkDnssec({ domains }: Subject, { secure, lookup }: Asking): Promise<Finding[]> {
  const hosts = await Promise.all(domains.map((domain) => mailHosts(lookup, domain)));
  const names = [...new Set([...domains, ...hosts.flat()])];
  return Promise.all(
    names.map(async (name) =>
      judge(name, secure === null ? { kind: 'unvalidated' } : (await securityOf(name, 'SOA', secure)).security),
    ),
  );
}

/** Whether the names of a zone are protected: what AD says, and what the same question says unchecked (CD). */
export async function securityOf(
  name: string,
  type: SecureType,
  secure: SecureLookup,
): Promise<{ security: Security; answer: SecureAnswer }> {
  const answer = await secure(name, type, { checkingDisabled: false });
  return { answer, security: await securityOfAnswer(name, type, answer, secure) };
}

async function securityOfAnswer(
  name: string,
  type: SecureType,
  answer: SecureAnswer,
  secure: SecureLookup,
): Promise<Security> {
  if (answer.kind === 'failed') return { kind: 'failed', why: answer.why };
  if (answer.rcode === 'SERVFAIL') {
    const unchecked = await secure(name, type, { checkingDisabled: true });
    if (unchecked.kind === 'answer' && (unchecked.rcode === 'NOERROR' || unchecked.rcode === 'NXDOMAIN'))
      return {
        kind: 'bogus',
        why: answer.errors.join('; ') || 'the resolver refuses the answer, and gives it unchecked',
      };
    return {
      kind: 'failed',
      why: `${type} of ${name}: the server says SERVFAIL${answer.errors.length === 0 ? '' : ` (${answer.errors.join('; ')})`}`,
    };
  }
  if (answer.rcode !== 'NOERROR' && answer.rcode !== 'NXDOMAIN')
    return { kind: 'failed', why: `${type} of ${name}: the server says ${answer.rcode}` };
  if (answer.authentic) return { kind: 'secure' };
  // The root is signed: a resolver that validates says so.
  const root = await secure('.', 'SOA', { checkingDisabled: false });
  return { kind: root.kind === 'answer' && root.authentic ? 'insecure' : 'unvalidated' };
}

function judge(name: string, found: Security): Finding {
  switch (found.kind) {
    case 'secure':
      return pass(DNSSEC, name, 'signed, and valid');
    case 'insecure':
      return warn(DNSSEC, name, 'not signed: its answers can be forged, and DANE is not possible', {
        fix: { say: 'have the zone signed, and its DS record published by the registrar' },
      });
    case 'bogus':
      return fail(DNSSEC, name, `its signatures are wrong (${found.why}): who validates cannot reach it`, {
        severity: 'critical',
        fix: { say: 'sign the zone again, or correct the DS record at the registrar' },
      });
    case 'unvalidated':
      return unknown(DNSSEC, name, 'the resolver does not validate', {
        settle: `dnsblwatch audit ${name} --resolver ADDRESS, of a validating resolver such as unbound on this machine`,
      });
    case 'failed':
      return unknown(DNSSEC, name, found.why);
  }
}
