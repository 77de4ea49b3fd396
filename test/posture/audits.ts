import { audit } from '../../src/posture/audit.ts';
import type { Finding } from '../../src/posture/finding.ts';
import type { Fetched } from '../../src/posture/https.ts';
import type { Asking, Subject } from '../../src/posture/subject.ts';
import { kindOf } from '../../src/target.ts';
import { type Zone, zoneLookup } from './zone.ts';

const NOW = new Date('2026-11-24T12:00:00Z');

export function subjectOf(domain: string | null, addresses: string[], more: Partial<Subject> = {}): Subject {
  return {
    domains: domain === null ? [] : [domain],
    addresses: addresses.map((text) => ({ kind: kindOf(text) as 'ipv4' | 'ipv6', text, mx: null })),
    helo: null,
    selectors: [],
    message: null,
    ownDomains: [],
    ...more,
  };
}

function askingOf(zone: Zone, more: Partial<Asking> = {}): Asking {
  return {
    lookup: zoneLookup(zone),
    fetch: async (): Promise<Fetched> => ({ kind: 'failed', why: 'no web here' }),
    neighbours: null,
    secure: null,
    rare: async () => ({ kind: 'answer', rcode: 'NOERROR', authentic: false, records: [], errors: [] }),
    mail: null,
    patience: 5000,
    now: NOW,
    allowSpecial: true,
    ...more,
  };
}

/** The findings of an audit of DNS alone. */
export async function findingsOf(zone: Zone, subject: Subject, more: Partial<Asking> = {}): Promise<Finding[]> {
  return (await audit(subject, askingOf(zone, more), () => NOW)).findings;
}

/** `outcome severity` of each finding of a check, the worst known first as they come. */
export function outcomes(findings: readonly Finding[], check: string): string[] {
  return findings.filter((one) => one.check === check).map(({ outcome, severity }) => `${outcome} ${severity}`);
}

/** The one finding of a check. */
export function only(findings: readonly Finding[], check: string): Finding {
  const [found, other] = findings.filter((one) => one.check === check);
  if (found === undefined || other !== undefined) throw new Error(`${found === undefined ? 'no' : 'several'} ${check}`);
  return found;
}
