import { kindOf } from '../target.ts';
import type { MailAddress } from './mail-addresses.ts';
import type { AuditedAddress, Subject } from './subject.ts';

/** A tracked domain with what is known of its mail. */
export type MailDomain = {
  domain: string;
  /** Whose it is: what is found of one party names no domain of another. */
  party: string;
  /** Where it comes in, tracked or not. */
  receives: Pick<MailAddress, 'host' | 'kind' | 'text'>[];
  /** Tracked addresses from where it goes out. */
  sends: string[];
  selectors: string[];
};

/** One audit of several tracked targets. */
export type Together = {
  subject: Pick<Subject, 'domains' | 'addresses' | 'selectors'>;
  party: string;
  /** The targets whose findings it records. */
  records: string[];
  /** Tracked addresses that another one records. */
  beside: string[];
};

/** Mailboxes of so many domains are tried at one server, at most; MX hosts that are looked at beside what is tracked. */
const DOMAINS = 20;
const RECEIVERS = 16;

/**
 * Domains of one party whose mail goes through the same addresses are audited together, so that no server is talked to
 * once for each of its domains; of the tracked addresses those that are due and that no domain uses are audited alone. Each
 * target is recorded once. Pure.
 */
export function auditsTogether(
  domains: readonly MailDomain[],
  addresses: { tracked: readonly string[]; due: readonly { text: string; party: string }[] },
): Together[] {
  const recorded = new Set<string>();
  const tracked = new Set(addresses.tracked);
  const parties = [...Map.groupBy(domains, ({ party }) => party).values()];
  const ofDomains = parties.flatMap(connected).flatMap((group) =>
    chunked(
      group.toSorted((one, other) => (one.domain < other.domain ? -1 : 1)),
      DOMAINS,
    ).map((some): Together => {
      const subject = subjectOf(some);
      const own = [...subject.domains, ...subject.addresses.map(({ text }) => text).filter((one) => tracked.has(one))];
      const records = own.filter((one) => !recorded.has(one));
      for (const one of records) recorded.add(one);
      return { subject, party: some[0]?.party ?? '', records, beside: own.filter((one) => !records.includes(one)) };
    }),
  );
  const alone = addresses.due
    .filter(({ text }) => !recorded.has(text))
    .map(({ text, party }): Together => {
      const subject = { domains: [], addresses: [sender(text)], selectors: [] };
      return { subject, party, records: [text], beside: [] };
    });
  return [...ofDomains, ...alone];
}

const sender = (text: string): AuditedAddress => ({ kind: kindOf(text) === 'ipv6' ? 'ipv6' : 'ipv4', text, mx: null });

function subjectOf(domains: readonly MailDomain[]): Together['subject'] {
  const senders = [...new Set(domains.flatMap(({ sends }) => sends))];
  const receivers = new Map<string, AuditedAddress>();
  for (const { host, kind, text } of domains.flatMap(({ receives }) => receives))
    if (!senders.includes(text) && !receivers.has(text)) receivers.set(text, { kind, text, mx: host });
  return {
    domains: domains.map(({ domain }) => domain),
    addresses: [...senders.map(sender), ...[...receivers.values()].slice(0, RECEIVERS)],
    selectors: domains.flatMap(({ domain, selectors }) => selectors.map((selector) => ({ selector, domain }))),
  };
}

/** Domains that have an address in common, or one in common with those that do. */
function connected(domains: readonly MailDomain[]): MailDomain[][] {
  const groups = new Set<MailDomain[]>();
  const groupAt = new Map<string, MailDomain[]>();
  for (const one of domains) {
    const addresses = [...one.sends, ...one.receives.map(({ text }) => text)];
    const merged = [one];
    for (const group of new Set(
      addresses.map((address) => groupAt.get(address)).filter((found) => found !== undefined),
    )) {
      merged.push(...group);
      groups.delete(group);
    }
    groups.add(merged);
    for (const { sends, receives } of merged)
      for (const address of [...sends, ...receives.map(({ text }) => text)]) groupAt.set(address, merged);
  }
  return [...groups];
}

function chunked<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
