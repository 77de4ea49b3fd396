import type { AddressKind } from '../address.ts';
import type { QuestionType } from '../dns/answer.ts';
import type { Lookup } from '../dns/lookup.ts';

/**
 * What DNS says of one name and type. `alias`: the records belong to another name, to which this one is an alias.
 * `lines`: the records as of a zone file. `exists`: the name has records, of other types where `data` is empty.
 */
export type Seen = Known | { kind: 'failed'; why: string };
type Known = { kind: 'found' | 'absent'; data: string[]; alias: string | null; lines: string[]; exists: boolean };

/** Longest text of a record that is read; what is longer is a mistake or an attack. */
const LONGEST = 64 * 1024;

export async function find(lookup: Lookup, name: string, type: QuestionType): Promise<Seen> {
  const answer = await lookup(name, type);
  if (answer.kind === 'records') {
    const records = answer.records.filter((record) => record.type === type);
    const owner = records[0]?.name ?? name;
    return {
      kind: 'found',
      exists: true,
      data: records.map(({ data }) => data.slice(0, LONGEST)),
      alias: owner === name.toLowerCase() ? null : owner,
      lines: records.map((record) => recordLine(record.name, type, record.data, record.ttl)),
    };
  }
  if (answer.kind === 'absent')
    return { kind: 'absent', data: [], alias: null, lines: [], exists: answer.rcode !== 'NXDOMAIN' };
  if (answer.kind === 'referral') return { kind: 'failed', why: `${answer.server} refers to other servers` };
  return { kind: 'failed', why: `${type} of ${name}: ${answer.detail}` };
}

/** A line of a zone file; a text of over 255 octets in several strings, as a zone file must have it. */
export function recordLine(name: string, type: QuestionType | 'TLSA' | 'CAA', data: string, ttl = 3600): string {
  return `${name}. ${ttl} IN ${type} ${type === 'TXT' ? quoted(data) : dotted(type, data)}`;
}

const dotted = (type: string, data: string): string =>
  ['MX', 'NS', 'PTR'].includes(type) && !data.endsWith('.') ? `${data}.` : data;

function quoted(text: string): string {
  const parts = text.match(/.{1,255}/gs) ?? [''];
  return parts.map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`).join(' ');
}

export type MailHost = { name: string; preference: number };

/** The data of an MX record; the name of a null MX is empty. */
export function mxOf(data: string): MailHost {
  const [preference = '0', name = ''] = data.split(' ');
  return { preference: Number(preference), name: name.replace(/\.$/, '') };
}

/** The type of record that leads to an address of this kind. */
export const addressType = (kind: AddressKind): 'A' | 'AAAA' => (kind === 'ipv4' ? 'A' : 'AAAA');

/** All addresses of a host; `failed` only if nothing was found and something could not be asked. */
export async function addressesOf(
  lookup: Lookup,
  host: string,
): Promise<{ addresses: string[]; alias: string | null; lines: string[]; failed: string | null }> {
  const both = await Promise.all([find(lookup, host, 'A'), find(lookup, host, 'AAAA')]);
  const known = both.filter((seen) => seen.kind !== 'failed');
  return {
    addresses: known.flatMap(({ data }) => data),
    alias: known.find(({ alias }) => alias !== null)?.alias ?? null,
    lines: known.flatMap(({ lines }) => lines),
    failed: both.find((seen) => seen.kind === 'failed')?.why ?? null,
  };
}
