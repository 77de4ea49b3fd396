import type { Lookup } from '../../dns/lookup.ts';
import { mailAddresses } from '../mail-addresses.ts';
import { reverseNames } from '../reverse-names.ts';
import type { AuditedAddress, Subject } from '../subject.ts';
import { type ProbeOptions, probeService } from './probe.ts';
import { SERVICES, type ServiceLook } from './service.ts';

/** A host whose services are looked at. */
type MailServer = {
  address: string;
  kind: AuditedAddress['kind'];
  /** The MX name, HELO, or reverse name; null: none is known, and no certificate can fit. */
  name: string | null;
  /** Domains whose mail it takes; empty: it may only send. */
  receives: string[];
  /** Mailboxes that every domain must have, to be tried here (RFC 5321 4.5.1, RFC 2142). */
  recipients: string[];
};
export type SeenService = { server: MailServer; look: ServiceLook };

export type LookOptions = Omit<ProbeOptions, 'name' | 'port' | 'recipients'> & {
  lookup: Lookup;
  ports: ReadonlyMap<number, number>;
  allowSpecial: boolean;
};

const MOST_SERVERS = 24;

/** All services of all servers at once, one or two connections each; the same answer for all checks. */
export function createMailLooks(options: LookOptions): (subject: Subject) => Promise<SeenService[]> {
  const known = new WeakMap<Subject, Promise<SeenService[]>>();
  return (subject) => {
    const before = known.get(subject);
    if (before !== undefined) return before;
    const looks = lookAtAll(subject, options);
    known.set(subject, looks);
    return looks;
  };
}

async function lookAtAll(subject: Subject, options: LookOptions): Promise<SeenService[]> {
  const servers = await mailServers(subject, options);
  return Promise.all(
    servers.flatMap((server) =>
      SERVICES.map(async (service) => ({
        server,
        look: await probeService(service, server.address, {
          ...options,
          name: server.name,
          port: options.ports.get(service.port) ?? service.port,
          recipients: service.port === 25 ? server.recipients : [],
        }),
      })),
    ),
  );
}

async function mailServers(subject: Subject, { lookup, allowSpecial }: LookOptions): Promise<MailServer[]> {
  const servers = new Map<string, MailServer>();
  // The first choice of a domain alone is asked for its mailboxes: one try says enough.
  const asked = new Set<string>();
  for (const { domain, host, kind, text } of await mailAddresses(lookup, subject.domains, allowSpecial)) {
    const server = servers.get(text) ?? { address: text, kind, name: host, receives: [], recipients: [] };
    if (!server.receives.includes(domain)) server.receives.push(domain);
    if (!asked.has(domain)) server.recipients.push(`postmaster@${domain}`, `abuse@${domain}`);
    asked.add(domain);
    servers.set(text, server);
  }
  const named = subject.addresses
    .filter(({ text }) => !servers.has(text))
    .map(async (address): Promise<MailServer> => {
      const name = await nameOf(address, subject, lookup);
      return { address: address.text, kind: address.kind, name, receives: [], recipients: [] };
    });
  return [...servers.values(), ...(await Promise.all(named))].slice(0, MOST_SERVERS);
}

async function nameOf(address: AuditedAddress, { helo }: Subject, lookup: Lookup): Promise<string | null> {
  if (helo !== null) return helo;
  const found = await reverseNames(lookup, address);
  return found.kind === 'named' ? (found.confirmed[0] ?? null) : null;
}
