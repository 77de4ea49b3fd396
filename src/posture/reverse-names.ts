import { type AddressKind, addressNumber } from '../address.ts';
import type { Lookup } from '../dns/lookup.ts';
import { queryName } from '../target.ts';
import { addressType, find, type Seen } from './records.ts';

type IpAddress = { kind: AddressKind; text: string };

/** Names of one address that are followed (RFC 8601 2.7.3 lets a receiver stop). */
export const MOST_NAMES = 10;

/** What an address is called, and which of the names lead back to it. */
export type ReverseNames =
  | { kind: 'named'; names: string[]; confirmed: string[]; failed: string | null; lines: string[] }
  | { kind: 'none' }
  | { kind: 'failed'; why: string };

export const reverseZoneName = ({ kind, text }: IpAddress): string =>
  queryName({ kind, text }, kind === 'ipv4' ? 'in-addr.arpa' : 'ip6.arpa');

export async function reverseNames(lookup: Lookup, address: IpAddress): Promise<ReverseNames> {
  const seen = await find(lookup, reverseZoneName(address), 'PTR');
  if (seen.kind === 'failed') return seen;
  const names = seen.data.map((name) => name.toLowerCase().replace(/\.$/, '')).filter((name) => name !== '');
  if (names.length === 0) return { kind: 'none' };
  const value = addressNumber(address.text)?.value;
  const forward = await Promise.all(
    names
      .slice(0, MOST_NAMES)
      .map(async (name) => ({ name, seen: await find(lookup, name, addressType(address.kind)) })),
  );
  const leadsBack = (seen: Seen): boolean =>
    seen.kind === 'found' && seen.data.some((data) => addressNumber(data)?.value === value);
  return {
    kind: 'named',
    names,
    confirmed: forward.filter((one) => leadsBack(one.seen)).map(({ name }) => name),
    failed:
      forward.map((one) => (one.seen.kind === 'failed' ? one.seen.why : null)).find((why) => why !== null) ?? null,
    lines: [...seen.lines, ...forward.flatMap((one) => (one.seen.kind === 'failed' ? [] : one.seen.lines))],
  };
}
