import type { AddressKind } from '../address.ts';
import type { AddressRange, TargetRange } from '../target.ts';

/** Sets of targets, as ranges. */

const ORDER = { ipv4: 0, ipv6: 1, domain: 2 };

/** IPv4 by number, then IPv6, then domains by name. */
export function compareRanges(a: TargetRange, b: TargetRange): number {
  if (a.kind === 'domain' && b.kind === 'domain') return a.domain < b.domain ? -1 : a.domain > b.domain ? 1 : 0;
  if (a.kind === 'domain' || b.kind === 'domain' || a.kind !== b.kind) return ORDER[a.kind] - ORDER[b.kind];
  if (a.lo !== b.lo) return a.lo < b.lo ? -1 : 1;
  return a.hi < b.hi ? -1 : a.hi > b.hi ? 1 : 0;
}

/** In the order of compareRanges. */
export const sortRanges = <Range extends TargetRange>(ranges: Iterable<Range>): Range[] =>
  [...ranges].sort(compareRanges);

/** The same targets, each once, in as few ranges as possible, sorted. */
export function mergeRanges(ranges: Iterable<TargetRange>): TargetRange[] {
  const merged: TargetRange[] = [];
  for (const range of sortRanges(ranges)) {
    const last = merged.at(-1);
    if (last === undefined || !joins(last, range)) merged.push(range);
    else if (last.kind !== 'domain' && range.kind !== 'domain' && range.hi > last.hi) {
      merged[merged.length - 1] = addresses(last.kind, last.lo, range.hi);
    }
  }
  return merged;
}

/** The same targets in the same order, in fewer ranges: what follows on the address before it is joined to it. */
export function joinNeighbours(ranges: Iterable<TargetRange>): TargetRange[] {
  const joined: TargetRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last === undefined || last.kind === 'domain' || last.kind !== range.kind || range.lo !== last.hi + 1n)
      joined.push(range);
    else joined[joined.length - 1] = addresses(last.kind, last.lo, range.hi);
  }
  return joined;
}

/** What is left of `range` without `removed`: none, one or two ranges. */
export function subtractRange(range: TargetRange, removed: TargetRange): TargetRange[] {
  if (!overlaps(range, removed)) return [range];
  if (range.kind === 'domain' || removed.kind === 'domain') return [];
  const left: TargetRange[] = [];
  if (range.lo < removed.lo) left.push(addresses(range.kind, range.lo, removed.lo - 1n));
  if (range.hi > removed.hi) left.push(addresses(range.kind, removed.hi + 1n, range.hi));
  return left;
}

/** What is in both; each sorted and merged, and so is the result. */
export function intersectRanges(some: readonly TargetRange[], others: readonly TargetRange[]): TargetRange[] {
  return touching(some, others).flatMap(([range, near]) =>
    near.map((other): TargetRange => {
      if (range.kind === 'domain' || other.kind === 'domain') return range;
      return addresses(
        range.kind,
        range.lo > other.lo ? range.lo : other.lo,
        range.hi < other.hi ? range.hi : other.hi,
      );
    }),
  );
}

/** What of the first is not in the others; each sorted and merged, and so is the result. */
export function subtractRanges(some: readonly TargetRange[], others: readonly TargetRange[]): TargetRange[] {
  return touching(some, others).flatMap(([range, near]) =>
    near.reduce<TargetRange[]>((left, other) => left.flatMap((part) => subtractRange(part, other)), [range]),
  );
}

/** Each range with the others that overlap it. */
function touching(some: readonly TargetRange[], others: readonly TargetRange[]): [TargetRange, TargetRange[]][] {
  let first = 0;
  return some.map((range) => {
    for (let other = others[first]; other !== undefined && isBelow(other, range); other = others[first]) first += 1;
    let end = first;
    for (let other = others[end]; other !== undefined && overlaps(other, range); other = others[end]) end += 1;
    return [range, others.slice(first, end)];
  });
}

/** Ends before the other begins, in the order of compareRanges. */
function isBelow(a: TargetRange, b: TargetRange): boolean {
  return compareRanges(a, b) < 0 && !overlaps(a, b);
}

/** Whether two ranges have a target in common. */
export function overlaps(a: TargetRange, b: TargetRange): boolean {
  if (a.kind === 'domain' || b.kind === 'domain') return a.domain !== null && a.domain === b.domain;
  return a.kind === b.kind && a.lo <= b.hi && b.lo <= a.hi;
}

/** `b`, not below `a`, overlaps it or begins where it ends. */
function joins(a: TargetRange, b: TargetRange): boolean {
  if (a.kind === 'domain' || b.kind === 'domain') return overlaps(a, b);
  return a.kind === b.kind && b.lo <= a.hi + 1n;
}

const addresses = (kind: AddressKind, lo: bigint, hi: bigint): AddressRange => ({ kind, lo, hi, domain: null });
