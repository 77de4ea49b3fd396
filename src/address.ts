import { isIPv4, isIPv6 } from 'node:net';

/** IP addresses as numbers: IPv4 is 32 bits, IPv6 128, most significant first. */

export type AddressKind = 'ipv4' | 'ipv6';

export const bitsOf = (kind: AddressKind): number => (kind === 'ipv4' ? 32 : 128);

/** The number of an address in any spelling that node:net takes; null if it is none. Nothing is folded here. */
export function addressNumber(text: string): { kind: AddressKind; value: bigint } | null {
  if (isIPv4(text)) return { kind: 'ipv4', value: BigInt(ipv4Number(text)) };
  if (isIPv6(text) && !text.includes('%')) return { kind: 'ipv6', value: ipv6Number(text) };
  return null;
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

function ipv4Number(text: string): number {
  return text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

function ipv6Number(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const left = ipv6Part(head);
  const right = tail === undefined ? [] : ipv6Part(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** Groups of one side of `::`; a dotted end counts as two (RFC 4291 2.2). */
function ipv6Part(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const number = ipv4Number(group);
    return [Math.floor(number / 65536), number % 65536];
  });
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
