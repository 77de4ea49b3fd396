import type { Lookup } from '../dns/lookup.ts';
import type { SecureLookup } from '../dns/secure.ts';
import type { Fetched } from './https.ts';
import type { SeenService } from './mail/looks.ts';
import type { RelayLook } from './mail/relay-probe.ts';
import type { Message } from './message.ts';
import type { NeighbourLook } from './neighbours.ts';

/** An address that mail is sent from, or where it is received. */
export type AuditedAddress = {
  kind: 'ipv4' | 'ipv6';
  /** Canonical. */
  text: string;
  /** null: the user named it, so it sends; else the MX host that it was found by, which may only receive. */
  mx: string | null;
};

/** What an audit looks at. */
export type Subject = {
  /** Canonical; that of From and MAIL FROM. */
  domains: string[];
  addresses: AuditedAddress[];
  /** What the server calls itself when it sends; cannot be seen from outside. */
  helo: string | null;
  selectors: { selector: string; domain: string }[];
  message: Message | null;
  /** Further domains of the same operator. */
  ownDomains: string[];
};

/** The addresses that the user named, and so send; where there are none, those of the MX hosts. */
export function senders({ addresses }: Pick<Subject, 'addresses'>): AuditedAddress[] {
  const named = addresses.filter(({ mx }) => mx === null);
  return named.length > 0 ? named : addresses;
}

/** How an audit asks. Everything has its own deadline; nothing waits for what hangs. */
export type Asking = {
  lookup: Lookup;
  fetch: (url: URL) => Promise<Fetched>;
  /** What lists say of the neighbourhood; null: not to be asked. */
  neighbours: ((address: string) => Promise<NeighbourLook>) | null;
  /** A resolver that may validate; null: none is trusted to say so. */
  secure: SecureLookup | null;
  /** Any resolver, for types that `lookup` does not carry; what it says of validation counts for nothing. */
  rare: SecureLookup;
  /** Connections to mail servers; null: DNS alone is asked. */
  mail: MailAsking | null;
  /** Milliseconds for a check that takes many lookups. */
  patience: number;
  now: Date;
  /** Take private and loopback addresses for real ones, as in a laboratory. */
  allowSpecial: boolean;
};

export type MailAsking = {
  looks: (subject: Subject) => Promise<SeenService[]>;
  /** Tries to relay through a server of the user's; null: was not asked for. */
  relay: ((address: string) => Promise<RelayLook>) | null;
  /** Addresses of this machine. */
  ownAddresses: ReadonlySet<string>;
};
