import { addressNumber } from '../address.ts';

/** What an audit says: plain data, made by pure judging. */

/** `unknown`: could not be looked at, never a pass and never a fail; `not-applicable`: there is nothing to look at. */
export type Outcome = 'pass' | 'warn' | 'fail' | 'unknown' | 'not-applicable';
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** A change that can be copied. `before` is what stands there now, `after` what should: a DNS line, a file, a name. */
type Fix = {
  say: string;
  before: string | null;
  after: string | null;
  /** Lines of a server's configuration. */
  settings: Partial<Record<'postfix' | 'exim' | 'dovecot', string>>;
};

export type Finding = {
  /** Stable id, such as `ptr.fcrdns`. */
  check: string;
  /** What was looked at: an address, a domain, or `host:port`. */
  subject: string;
  outcome: Outcome;
  /** How much it matters where it fails. */
  severity: Severity;
  why: string;
  /** What was seen, one line each: records, replies. Text of strangers. */
  evidence: string[];
  rfc: string | null;
  fix: Fix | null;
  /** Of an unknown: the command, or the option, that settles it. */
  settle: string | null;
};

/** The address that a subject is about: `192.0.2.7:25`, `[2001:db8::7]:25`, `2001:db8::7 as example.org`; null: a name. */
export function addressIn(subject: string): string | null {
  const [named = ''] = subject.split(' as ');
  const address = /^\[(.*)\]:\d+$/.exec(named)?.[1] ?? /^([\d.]+):\d+$/.exec(named)?.[1] ?? named;
  return addressNumber(address) === null ? null : address;
}

/** Every check there is; stable names, part of the JSON. */
export type CheckId =
  | 'mx.exists'
  | 'mx.ip6'
  | 'ptr.exists'
  | 'ptr.fcrdns'
  | 'ptr.not_generic'
  | 'ptr.own_domain'
  | 'helo.fqdn'
  | 'helo.resolves'
  | 'helo.ptr'
  | 'helo.banner'
  | 'spf.record'
  | 'spf.pass'
  | 'spf.lookups'
  | 'spf.all'
  | 'spf.ptr'
  | 'spf.size'
  | 'spf.duplicates'
  | 'dkim.key'
  | 'dkim.bits'
  | 'dkim.flags'
  | 'dmarc.record'
  | 'dmarc.policy'
  | 'dmarc.rua'
  | 'dmarc.align'
  | 'sts.record'
  | 'sts.policy'
  | 'tlsrpt'
  | 'bimi'
  | 'dnssec'
  | 'dane'
  | 'caa'
  | 'port.25in'
  | 'port.25out'
  | 'port.services'
  | 'auth.plain'
  | 'tls.starttls'
  | 'tls.cert'
  | 'tls.version'
  | 'tls.key'
  | 'tls.outbound'
  | 'role.postmaster'
  | 'role.abuse'
  | 'relay'
  | 'neigh.net'
  | 'neigh.asn';

/** A check's constants: what is the same in all its findings. */
export type Check = { check: CheckId; severity: Severity; rfc: string | null };

type More = {
  evidence?: string[];
  severity?: Severity;
  rfc?: string;
  settle?: string;
  fix?: Partial<Fix> & { say: string };
};

const finding =
  (outcome: Outcome) =>
  (check: Check, subject: string, why: string, more: More = {}): Finding => ({
    check: check.check,
    subject,
    outcome,
    severity: more.severity ?? check.severity,
    why,
    evidence: more.evidence ?? [],
    rfc: more.rfc ?? check.rfc,
    fix: more.fix === undefined ? null : { before: null, after: null, settings: {}, ...more.fix },
    settle: more.settle ?? null,
  });

export const pass = finding('pass');
export const warn = finding('warn');
export const fail = finding('fail');
export const unknown = finding('unknown');
export const notApplicable = finding('not-applicable');

/** Exit status of `audit`; see worstOf. */
export type Standing = 0 | 1 | 2 | 3;

const URGENT: readonly Severity[] = ['critical', 'high'];

/**
 * 2: a check of severity critical or high failed; 1: one of medium failed, or one of critical or high warns; 3: nothing
 * of these, but a check of critical or high could not be carried out; else 0. What waits for the user to say something
 * (`settle`) is no check that could not be carried out.
 */
export function standingOf(findings: readonly Finding[]): Standing {
  const some = (outcome: Outcome, severities: readonly Severity[]): boolean =>
    findings.some((one) => one.outcome === outcome && severities.includes(one.severity));
  if (some('fail', URGENT)) return 2;
  if (some('fail', ['medium']) || some('warn', URGENT)) return 1;
  const blind = findings.some(
    ({ outcome, severity, settle }) => outcome === 'unknown' && URGENT.includes(severity) && settle === null,
  );
  return blind ? 3 : 0;
}
