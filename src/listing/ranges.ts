import { addressNumber } from '../address.ts';
import type { TargetKind } from '../catalogue/list.ts';
import type { TargetRange } from '../target.ts';

/** One target as the tables know it: the number of an address, or a domain. */
export type Point = { kind: TargetKind; value: bigint | null; domain: string | null };

/** The inverse of a target's canonical text. */
export function pointOf(text: string): Point {
  const address = addressNumber(text);
  return address === null
    ? { kind: 'domain', value: null, domain: text }
    : { kind: address.kind, value: address.value, domain: null };
}

export function contains(range: TargetRange, point: Point): boolean {
  if (range.kind !== point.kind) return false;
  if (range.kind === 'domain') return range.domain === point.domain;
  return point.value !== null && range.lo <= point.value && point.value <= range.hi;
}

/** A row of the tables as a range. */
export function rangeOf(row: {
  kind: TargetKind;
  lo: bigint | null;
  hi: bigint | null;
  domain: string | null;
}): TargetRange {
  if (row.kind === 'domain') return { kind: 'domain', lo: null, hi: null, domain: row.domain ?? '' };
  return { kind: row.kind, lo: row.lo ?? 0n, hi: row.hi ?? 0n, domain: null };
}
