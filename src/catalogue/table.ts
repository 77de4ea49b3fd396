import { ipv4Number } from '../address.ts';
import type { Code, List } from './list.ts';

export const LOOPBACK = { lo: 0x7f000000, hi: 0x7fffffff } as const;

/** What one key of a code table matches. `cidr` tells `127.0.0.0/24` from `127.0.0.0-127.0.0.255`. */
export type Pattern =
  | { kind: 'exact'; value: number }
  | { kind: 'range'; lo: number; hi: number; cidr: boolean }
  /** An octet, or null for `*`. */
  | { kind: 'wildcard'; octets: (number | null)[] }
  | { kind: 'mask'; bit: number };

/** Reads a key of a code table; null for a key that is none, or that leaves 127.0.0.0/8. */
export function parsePattern(key: string): Pattern | null {
  if (key.startsWith('mask:')) return parseMask(key.slice('mask:'.length));
  const pattern = key.includes('*')
    ? parseWildcard(key)
    : key.includes('/')
      ? parseCidr(key)
      : key.includes('-')
        ? parseRange(key)
        : parseExact(key);
  return pattern !== null && inLoopback(pattern) ? pattern : null;
}

function parseMask(text: string): Pattern | null {
  const bit = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0;
  return bit > 0 && bit < 256 && (bit & (bit - 1)) === 0 ? { kind: 'mask', bit } : null;
}

function parseWildcard(key: string): Pattern | null {
  const octets = key.split('.').map((octet) => (octet === '*' ? null : (ipv4Number(`0.0.0.${octet}`) ?? Number.NaN)));
  return octets.length === 4 && !octets.some(Number.isNaN) ? { kind: 'wildcard', octets } : null;
}

function parseCidr(key: string): Pattern | null {
  const [address = '', length = '', ...rest] = key.split('/');
  const lo = ipv4Number(address);
  if (lo === null || rest.length > 0 || !/^(8|9|[12]\d|3[0-2])$/.test(length)) return null;
  const size = 2 ** (32 - Number(length));
  return lo % size === 0 ? { kind: 'range', lo, hi: lo + size - 1, cidr: true } : null;
}

function parseRange(key: string): Pattern | null {
  const [from = '', to = '', ...rest] = key.split('-');
  const lo = ipv4Number(from.trim());
  const hi = ipv4Number(to.trim());
  return lo !== null && hi !== null && lo <= hi && rest.length === 0 ? { kind: 'range', lo, hi, cidr: false } : null;
}

function parseExact(key: string): Pattern | null {
  const value = ipv4Number(key);
  return value === null ? null : { kind: 'exact', value };
}

function inLoopback(pattern: Pattern): boolean {
  if (pattern.kind === 'exact') return pattern.value >= LOOPBACK.lo && pattern.value <= LOOPBACK.hi;
  if (pattern.kind === 'range') return pattern.lo >= LOOPBACK.lo && pattern.hi <= LOOPBACK.hi;
  return pattern.kind === 'mask' || pattern.octets[0] === 127;
}

type Entry = { pattern: Pattern; code: Code };

/** The code table of a list in the order in which it is read. */
export type Table = {
  /** No listing code at all, though errors may be named. */
  empty: boolean;
  errors: Entry[];
  exact: Map<number, Code>;
  ranges: Entry[];
  wildcards: Entry[];
  masks: Entry[];
};

const TABLES = new WeakMap<List, Table>();

/** Parsed once for each list: a scan reads the same table for every answer. */
export function tableOf(list: List): Table {
  const known = TABLES.get(list);
  if (known !== undefined) return known;
  const table = buildTable(list.codes);
  TABLES.set(list, table);
  return table;
}

function buildTable(codes: Record<string, Code>): Table {
  const table: Table = { empty: true, errors: [], exact: new Map(), ranges: [], wildcards: [], masks: [] };
  for (const [key, code] of Object.entries(codes)) {
    const pattern = parsePattern(key);
    if (pattern === null) continue;
    if (code.error === undefined) table.empty = false;
    if (code.error !== undefined) table.errors.push({ pattern, code });
    else if (pattern.kind === 'exact') table.exact.set(pattern.value, code);
    else if (pattern.kind === 'range') table.ranges.push({ pattern, code });
    else if (pattern.kind === 'wildcard') table.wildcards.push({ pattern, code });
    else table.masks.push({ pattern, code });
  }
  for (const entries of [table.errors, table.ranges, table.wildcards, table.masks]) entries.sort(narrowestFirst);
  return table;
}

function narrowestFirst(a: Entry, b: Entry): number {
  return breadth(a.pattern) - breadth(b.pattern);
}

function breadth(pattern: Pattern): number {
  if (pattern.kind === 'exact') return 1;
  if (pattern.kind === 'range') return pattern.hi - pattern.lo + 1;
  if (pattern.kind === 'wildcard') return 256 ** pattern.octets.filter((octet) => octet === null).length;
  return 2 ** 23 + pattern.bit;
}

export function matches(pattern: Pattern, value: number): boolean {
  if (pattern.kind === 'exact') return pattern.value === value;
  if (pattern.kind === 'range') return value >= pattern.lo && value <= pattern.hi;
  if (pattern.kind === 'mask') return (value & pattern.bit) !== 0;
  return pattern.octets.every((octet, index) => octet === null || octet === ((value >>> (24 - 8 * index)) & 0xff));
}
