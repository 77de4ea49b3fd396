import { CHECKS } from './checks.ts';
import type { Finding, Outcome } from './finding.ts';
import { mailAddresses } from './mail-addresses.ts';
import type { Asking, AuditedAddress, Subject } from './subject.ts';

export type Audit = {
  startedAt: Date;
  finishedAt: Date;
  subject: Subject;
  findings: Finding[];
  summary: Record<Outcome, number>;
};

/** Addresses of MX hosts that are looked at where the user named none. */
const MOST_FOUND = 16;

/** Runs every check at once; one that hangs delays no other, and ends by its own deadline. */
export async function audit(given: Subject, asking: Asking, now: () => Date): Promise<Audit> {
  const startedAt = now();
  const subject =
    given.addresses.length > 0 ? given : { ...given, addresses: await addressesFound(given.domains, asking) };
  const found = await Promise.all(Object.values(CHECKS).map((check) => check(subject, asking)));
  const findings = found.flat();
  const count = (outcome: Outcome): number => findings.filter((one) => one.outcome === outcome).length;
  return {
    startedAt,
    finishedAt: now(),
    subject,
    findings,
    summary: {
      pass: count('pass'),
      warn: count('warn'),
      fail: count('fail'),
      unknown: count('unknown'),
      'not-applicable': count('not-applicable'),
    },
  };
}

/** Where only a domain was named: the addresses of the hosts that take its mail. */
async function addressesFound(domains: string[], { lookup, allowSpecial }: Asking): Promise<AuditedAddress[]> {
  const found = new Map<string, AuditedAddress>();
  for (const { kind, text, host } of await mailAddresses(lookup, domains, allowSpecial))
    if (!found.has(text)) found.set(text, { kind, text, mx: host });
  return [...found.values()].slice(0, MOST_FOUND);
}
