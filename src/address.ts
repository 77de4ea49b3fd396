/**
 * IP addresses as numbers: IPv4 is 32 bits, IPv6 128, most significant first. Read here and not by node:net, which takes
 * 10 ms to load and its pattern of IPv6 as long to compile: more than all else of a check before its first question.
 */

export type AddressKind = 'ipv4' | 'ipv6';

export const bitsOf = (kind: AddressKind): number => (kind === 'ipv4' ? 32 : 128);

/** The number of an address in any spelling of RFC 4291 2.2, without a zone; null if it is none. Nothing is folded here. */
export function addressNumber(text: string): { kind: AddressKind; value: bigint } | null {
  if (text.includes(':')) {
    const value = ipv6Number(text);
    return value === null ? null : { kind: 'ipv6', value };
  }
  const value = ipv4Number(text);
  return value === null ? null : { kind: 'ipv4', value: BigInt(value) };
}

/** An IPv4 address, four decimal numbers without leading zeros, as an unsigned 32-bit number; null if it is none. */
export function ipv4Number(text: string): number | null {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256))
    return null;
  return octets.reduce((value, octet) => value * 256 + Number(octet), 0);
}

/** Canonical text: dotted decimal, or RFC 5952 (lower case, the longest run of zero groups as `::`). */
export function addressText(kind: AddressKind, value: bigint): string {
  if (kind === 'ipv4') {
    const n = Number(value);
    return `${Math.floor(n / 2 ** 24)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  }
  const groups = ipv6Groups(value);
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952 4.2.2: a single zero group is not shortened.
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

/** 32 hexadecimal digits of an IPv6 address. */
export const ipv6Nibbles = (value: bigint): string => value.toString(16).padStart(32, '0');

function ipv6Number(text: string): bigint | null {
  const [head = '', tail, ...more] = text.split('::');
  const left = groupsOf(head, tail === undefined);
  const right = tail === undefined ? [] : groupsOf(tail, true);
  if (left === null || right === null || more.length > 0) return null;
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const zeros = new Array<number>(missing).fill(0);
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** Groups of one side of `::`; the last of an address may be dotted, and counts as two. */
function groupsOf(side: string, last: boolean): number[] | null {
  if (side === '') return [];
  const parts = side.split(':');
  const dotted = last && parts.at(-1)?.includes('.') === true ? ipv4Number(parts.pop() ?? '') : undefined;
  if (dotted === null || !parts.every((part) => /^[\da-f]{1,4}$/i.test(part))) return null;
  const groups = parts.map((part) => Number.parseInt(part, 16));
  return dotted === undefined ? groups : [...groups, Math.floor(dotted / 65536), dotted % 65536];
}

function ipv6Groups(value: bigint): number[] {
  const hex = ipv6Nibbles(value);
  return Array.from({ length: 8 }, (_, index) => Number.parseInt(hex.slice(index * 4, index * 4 + 4), 16));
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
