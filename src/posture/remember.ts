import { and, eq, gte, inArray, isNull, or } from 'drizzle-orm';
import { finding } from '../db/schema.ts';
import type { Handle } from '../listing/locks.ts';
import type { Remembered } from './mail-domain.ts';

/** An address that a domain's record no longer allows, or a key that is gone, is missed for so long. */
const MISSED = 30 * 86_400_000;

/** What audits saw to be in order, by domain: which addresses its SPF record allowed, at which selectors it has keys. */
export async function rememberMail(db: Handle, now: Date): Promise<(domain: string) => Remembered> {
  const missed = and(
    eq(finding.outcome, 'fail'),
    eq(finding.before, 'pass'),
    gte(finding.since, new Date(now.getTime() - MISSED)),
  );
  const rows = await db
    .selectDistinct({ check: finding.check, subject: finding.subject })
    .from(finding)
    .where(
      and(
        inArray(finding.check, ['spf.pass', 'dkim.key']),
        isNull(finding.until),
        or(eq(finding.outcome, 'pass'), missed),
      ),
    );
  const known = new Map<string, Remembered>();
  const of = (domain: string): Remembered => {
    const found = known.get(domain) ?? { sends: [], selectors: [] };
    known.set(domain, found);
    return found;
  };
  for (const { check, subject } of rows) {
    const [, address, sender] = /^(\S+) as (\S+)$/.exec(subject) ?? [];
    const [, selector, signer] = /^(.+)\._domainkey\.(.+)$/.exec(subject) ?? [];
    if (check === 'spf.pass' && address !== undefined && sender !== undefined) of(sender).sends.push(address);
    if (check === 'dkim.key' && selector !== undefined && signer !== undefined) of(signer).selectors.push(selector);
  }
  return of;
}
