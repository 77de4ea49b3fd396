import type { QuestionType } from '../dns/answer.ts';
import type { Lookup } from '../dns/lookup.ts';

/**
 * What DNS says of one name and type. `alias`: the records belong to another name, to which this one is an alias.
 * `exists`: the name has records of other types.
 */
export type Seen =
  | { kind: 'found'; data: string[]; alias: string | null; lines: string[] }
  | { kind: 'absent'; exists: boolean }
  | { kind: 'failed'; why: string };

/** Longest text of a record that is read; what is longer is a mistake or an attack. */
const LONGEST = 64 * 1024;

export async function find(lookup: Lookup, name: string, type: QuestionType): Promise<Seen> {
  const answer = await lookup(name, type);
  if (answer.kind === 'records') {
    const records = answer.records.filter((record) => record.type === type);
    const owner = records[0]?.name ?? name;
    return {
      kind: 'found',
      data: records.map(({ data }) => data.slice(0, LONGEST)),
      alias: owner === name.toLowerCase() ? null : owner,
      lines: records.map((record) => recordLine(record.name, type, record.data, record.ttl)),
    };
  }
  if (answer.kind === 'absent') return { kind: 'absent', exists: answer.rcode !== 'NXDOMAIN' };
  if (answer.kind === 'referral') return { kind: 'failed', why: `${answer.server} refers to other servers` };
  return { kind: 'failed', why: `${type} of ${name}: ${answer.detail}` };
}

/** A line of a zone file; a text of over 255 octets in several strings, as a zone file must have it. */
export function recordLine(name: string, type: QuestionType | 'TLSA', data: string, ttl = 3600): string {
  return `${name}. ${ttl} IN ${type} ${type === 'TXT' ? quoted(data) : dotted(type, data)}`;
}

const dotted = (type: string, data: string): string =>
  ['MX', 'NS', 'PTR'].includes(type) && !data.endsWith('.') ? `${data}.` : data;

function quoted(text: string): string {
  const parts = text.match(/.{1,255}/gs) ?? [''];
  return parts.map((part) => `"${part.replace(/["\\]/g, '\\$&')}"`).join(' ');
}

/** All addresses of a host; `failed` only if nothing was found and something could not be asked. */
export async function addressesOf(
  lookup: Lookup,
  host: string,
): Promise<{ addresses: string[]; alias: string | null; lines: string[]; exists: boolean; failed: string | null }> {
  const both = await Promise.all([find(lookup, host, 'A'), find(lookup, host, 'AAAA')]);
  const found = both.filter((seen) => seen.kind === 'found');
  return {
    addresses: found.flatMap(({ data }) => data),
    alias: found.find(({ alias }) => alias !== null)?.alias ?? null,
    lines: found.flatMap(({ lines }) => lines),
    exists: both.some((seen) => seen.kind === 'found' || (seen.kind === 'absent' && seen.exists)),
    failed: both.find((seen) => seen.kind === 'failed')?.why ?? null,
  };
}
