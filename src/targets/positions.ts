import { type AddressKind, addressText } from '../address.ts';
import type { TargetKind } from '../catalogue/list.ts';
import { countOf, type Target, type TargetRange } from '../target.ts';

/** The targets of a set in an order, each with its position: ranges, for a hundred thousand objects would be too many. */
export type Targets = {
  size: number;
  at(position: number): Target;
  /** Of an address, without making its text: IPv4 as a number, IPv6 as a bigint. */
  addressAt(position: number): number | bigint;
  /** The ranges behind the positions from `from` to `to` (exclusive), cut to them, in order. */
  spans(from: number, to: number): Span[];
  /** Runs of positions between `from` and `to` (exclusive) whose targets are of one kind, in order: few, as a rule. */
  kinds(from: number, to: number): KindSpan[];
};

/** Positions from posFrom to posTo (exclusive). */
type KindSpan = { kind: TargetKind; posFrom: number; posTo: number };

/** `range` holds as many targets as there are positions from posFrom to posTo (exclusive), in the same order. */
export type Span = { range: TargetRange; posFrom: number; posTo: number };

/** A set's parts, and where each begins: a position is one target. */
export type Part = { range: TargetRange; posFrom: number };

export function partsOf(ranges: readonly TargetRange[]): { parts: Part[]; size: number } {
  let size = 0;
  const parts = ranges.map((range) => {
    const part = { range, posFrom: size };
    size += Number(countOf(range));
    return part;
  });
  return { parts, size };
}

/** The targets of these ranges in the order given. */
export function targetsIn(ranges: readonly TargetRange[]): Targets {
  const { parts, size } = partsOf(ranges);
  return targetsOf(parts, size);
}

export function targetsOf(parts: readonly Part[], size: number): Targets {
  const starts = Int32Array.from(parts, ({ posFrom }) => posFrom);
  /** The place of the part that holds the position. */
  const find = (position: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const partAt = (position: number): Part => {
    const part = parts[find(position)];
    if (part === undefined || position < 0 || position >= size) throw new RangeError(`position ${position} of ${size}`);
    return part;
  };
  const kinds = kindsOf(parts, size);
  return {
    size,
    kinds: (from, to) =>
      kinds
        .map(({ kind, posFrom, posTo }) => ({ kind, posFrom: Math.max(from, posFrom), posTo: Math.min(to, posTo) }))
        .filter(({ posFrom, posTo }) => posFrom < posTo),
    at(position) {
      const { range, posFrom } = partAt(position);
      return targetAt(range, position - posFrom);
    },
    addressAt(position) {
      const { range, posFrom } = partAt(position);
      if (range.kind === 'domain') throw new RangeError(`no address at position ${position}`);
      if (range.kind === 'ipv4') return Number(range.lo) + position - posFrom;
      return range.lo + BigInt(position - posFrom);
    },
    spans(from, to) {
      const spans: Span[] = [];
      for (let place = find(from); place < parts.length; place += 1) {
        const part = parts[place];
        if (part === undefined || part.posFrom >= to) break;
        const posFrom = Math.max(from, part.posFrom);
        const posTo = Math.min(to, parts[place + 1]?.posFrom ?? size);
        if (posFrom < posTo) spans.push({ range: cut(part, posFrom, posTo), posFrom, posTo });
      }
      return spans;
    },
  };
}

function kindsOf(parts: readonly Part[], size: number): KindSpan[] {
  const kinds: KindSpan[] = [];
  for (const { range, posFrom } of parts) {
    const last = kinds.at(-1);
    if (last?.kind === range.kind) continue;
    if (last !== undefined) last.posTo = posFrom;
    kinds.push({ kind: range.kind, posFrom, posTo: size });
  }
  return kinds;
}

function cut({ range, posFrom }: Part, from: number, to: number): TargetRange {
  if (range.kind === 'domain') return range;
  return { ...range, lo: range.lo + BigInt(from - posFrom), hi: range.lo + BigInt(to - posFrom - 1) };
}

function targetAt(range: TargetRange, offset: number): Target {
  if (range.kind === 'domain') return { kind: 'domain', text: range.domain };
  const kind: AddressKind = range.kind;
  return { kind, text: addressText(kind, range.lo + BigInt(offset)) };
}
