/** Parts of mailauth 7.1.0 that come without types; pinned exactly, and held to by the suites in test/posture. */

declare module 'mailauth/lib/dmarc/get-dmarc-record.js' {
  type Resolver = (name: string, type: string) => Promise<unknown[]>;
  export type DmarcTags = Record<string, string | number | boolean | undefined> & { rr: string };
  export type Policies = { p: string; sp?: string; np?: string };
  type Found = { record: DmarcTags | false; recordDomain: string | null; orgDomain: string | null };
  export function createRecordLookup(resolver: Resolver, options: { strict: boolean }): unknown;
  export function discoverPolicy(domain: string, lookup: unknown): Promise<Found>;
  export function getOrgDomain(domain: string, lookup: unknown): Promise<string>;
  export function getPolicyTags(record: DmarcTags): Policies | null;
  export function parseDmarcRecord(text: string, options: { strict: boolean }): DmarcTags | null;
}

declare module 'mailauth/lib/tools.js' {
  export type PublicKey = { keyType: 'rsa' | 'ed25519'; modulusLength?: number; flags: string[]; testing: boolean };
  export function getPublicKey(
    type: 'DKIM',
    name: string,
    leastBits: number,
    resolver: (name: string, type: string) => Promise<string[][]>,
    options: { strict: boolean },
  ): Promise<PublicKey>;
}

declare module 'mailauth/lib/spf/syntax.js' {
  /** What is wrong with the first bad term; false: nothing. */
  export function validateTerms(terms: string[]): string | false;
}
