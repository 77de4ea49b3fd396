import { type AddressKind, addressNumber, addressText } from '../address.ts';
import type { TargetKind } from '../catalogue/list.ts';
import type { Target, TargetRange } from '../target.ts';

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

/** A set's parts, and where each begins: a position is one target. */
export type Part = { range: TargetRange; posFrom: number };

/** The targets of a set by position. */
export type Targets = { size: number; at(position: number): Target };

export function partsOf(ranges: readonly TargetRange[]): { parts: Part[]; size: number } {
  let size = 0;
  const parts = ranges.map((range) => {
    const part = { range, posFrom: size };
    size += range.kind === 'domain' ? 1 : Number(range.hi - range.lo + 1n);
    return part;
  });
  return { parts, size };
}

export function targetsOf(parts: readonly Part[], size: number): Targets {
  return {
    size,
    at(position) {
      let low = 0;
      let high = parts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((parts[middle]?.posFrom ?? 0) <= position) low = middle;
        else high = middle - 1;
      }
      const part = parts[low];
      if (part === undefined || position < 0 || position >= size)
        throw new RangeError(`position ${position} of ${size}`);
      return targetAt(part.range, position - part.posFrom);
    },
  };
}

function targetAt(range: TargetRange, offset: number): Target {
  if (range.kind === 'domain') return { kind: 'domain', text: range.domain };
  const kind: AddressKind = range.kind;
  return { kind, text: addressText(kind, range.lo + BigInt(offset)) };
}
