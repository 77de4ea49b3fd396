import { type SQL, sql } from 'drizzle-orm';
import { addressText } from '../address.ts';
import type { TargetKind } from '../catalogue/list.ts';
import { rowsOf } from '../db/rows.ts';
import type { TargetRange } from '../target.ts';
import type { Span, Targets } from '../targets/positions.ts';
import { pointOf } from './ranges.ts';

/** Targets of one kind at consecutive positions (posTo exclusive) of a stored set, where ranges are in their order. */
export type Extent = { kind: TargetKind; posFrom: number; posTo: number; spans: Span[] };

/** What of the positions from `from` to `to` is of these kinds. */
export function extentsIn(targets: Targets, from: number, to: number, kinds: readonly TargetKind[]): Extent[] {
  const extents: Extent[] = [];
  for (const span of targets.spans(from, to)) {
    const { kind } = span.range;
    const last = extents.at(-1);
    if (last?.kind !== kind) extents.push({ kind, posFrom: span.posFrom, posTo: span.posTo, spans: [span] });
    else {
      last.posTo = span.posTo;
      last.spans.push(span);
    }
  }
  return extents.filter(({ kind }) => kinds.includes(kind));
}

/** Of a list: from the first target of an extent to its last, either addresses or domains. */
export type Bounds = {
  list: string;
  lo: string | null;
  hi: string | null;
  firstDomain: string | null;
  lastDomain: string | null;
};

export function boundsOf(list: string, extents: readonly Extent[]): Bounds[] {
  return extents.flatMap(({ spans }) => {
    const [first, last] = [spans[0]?.range, spans.at(-1)?.range];
    if (first === undefined || last === undefined) return [];
    if (first.kind === 'domain')
      return { list, lo: null, hi: null, firstDomain: lowest(first), lastDomain: highest(last) };
    return { list, lo: lowest(first), hi: highest(last), firstDomain: null, lastDomain: null };
  });
}

/** The rows of a table that hold, called `found`, whose target is between the bounds: it may lie between two ranges. */
export function rowsWithin(table: 'listing' | 'pending', bounds: readonly Bounds[], holds: SQL): SQL {
  const from = sql`select * from ${sql.identifier(table)} where list_id = t.list and ${holds}`;
  return sql`
    ${rowsOf(bounds, { list: 'text', lo: 'text', hi: 'text', firstDomain: 'text', lastDomain: 'text' })}
    cross join lateral (
      ${from} and address between t.lo::inet and t.hi::inet
      union all
      ${from} and address is null and target collate "C" between t."firstDomain" and t."lastDomain"
    ) as found`;
}

const lowest = (range: TargetRange): string =>
  range.kind === 'domain' ? range.domain : addressText(range.kind, range.lo);
const highest = (range: TargetRange): string =>
  range.kind === 'domain' ? range.domain : addressText(range.kind, range.hi);

/** The position of a target; null: it is in none of the extents. */
export function positionIn(extents: readonly Extent[], target: string): number | null {
  const { kind, value, domain } = pointOf(target);
  for (const { spans, ...extent } of extents) {
    if (extent.kind !== kind) continue;
    let low = 0;
    let high = spans.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const span = spans[middle];
      if (span === undefined) break;
      const { range, posFrom } = span;
      const place =
        range.kind === 'domain'
          ? compare(domain ?? '', range.domain, range.domain)
          : compare(value ?? -1n, range.lo, range.hi);
      if (place === 0) return posFrom + (range.kind === 'domain' ? 0 : Number((value ?? 0n) - range.lo));
      if (place < 0) high = middle - 1;
      else low = middle + 1;
    }
  }
  return null;
}

/** Below, in, or above a range. */
function compare<T extends string | bigint>(value: T, lo: T, hi: T): -1 | 0 | 1 {
  return value < lo ? -1 : value > hi ? 1 : 0;
}
