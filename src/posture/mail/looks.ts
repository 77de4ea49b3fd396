import type { Lookup } from '../../dns/lookup.ts';
import { kindOf } from '../../target.ts';
import { mailHosts } from '../mx.ts';
import { reverseNames } from '../ptr.ts';
import { addressesOf } from '../records.ts';
import { isSpecial } from '../special.ts';
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
  for (const domain of subject.domains) {
    // The first choice alone is asked for the mailboxes: one try says enough.
    let recipients = [`postmaster@${domain}`, `abuse@${domain}`];
    for (const host of await mailHosts(lookup, domain)) {
      const { addresses } = await addressesOf(lookup, host);
      for (const address of addresses) {
        if (!allowSpecial && isSpecial(address)) continue;
        const server = servers.get(address) ?? {
          address,
          kind: kindOf(address) as 'ipv4' | 'ipv6',
          name: host,
          receives: [],
          recipients: [],
        };
        if (!server.receives.includes(domain)) server.receives.push(domain);
        server.recipients.push(...recipients);
        recipients = [];
        servers.set(address, server);
      }
    }
  }
  for (const address of subject.addresses)
    if (!servers.has(address.text))
      servers.set(address.text, {
        address: address.text,
        kind: address.kind,
        name: await nameOf(address, subject, lookup),
        receives: [],
        recipients: [],
      });
  return [...servers.values()].slice(0, MOST_SERVERS);
}

async function nameOf(address: AuditedAddress, { helo }: Subject, lookup: Lookup): Promise<string | null> {
  if (helo !== null) return helo;
  const found = await reverseNames(lookup, address);
  return found.kind === 'named' ? (found.confirmed[0] ?? null) : null;
}
