import { type AddressKind, bitsOf } from '../address.ts';
import type { List } from '../catalogue/list.ts';
import type { AddressRange, TargetRange } from '../target.ts';
import { mergeRanges } from './ranges.ts';

/** How many leading bits the addresses of a network have in common, by kind. */
export type Grain = Partial<Record<AddressKind, number>>;

/** Neighbours: what harms one of them is likely to be near the others. */
export const NEIGHBOURS: Grain = { ipv4: 24, ipv6: 64 };

/**
 * What a list holds as one, as far as that can be known from outside. A /24 and a /48 are the smallest networks that are
 * routed each on its own, so addresses in one belong to one autonomous system, and mostly to one allocation; some
 * allocations are smaller. null: the list holds single addresses.
 */
export function grainOf({ scope, accepts }: Pick<List, 'scope' | 'accepts'>): Grain | null {
  if (scope === 'address') return null;
  const grain: Grain = {
    ...(accepts.includes('ipv4') && scope !== '/64' ? { ipv4: 24 } : {}),
    ...(accepts.includes('ipv6') ? { ipv6: scope === '/64' ? 64 : 48 } : {}),
  };
  return Object.keys(grain).length === 0 ? null : grain;
}

/** The networks that these lie in, merged; what has no grain stays itself. */
export function networksOf(ranges: readonly TargetRange[], grain: Grain): TargetRange[] {
  return mergeRanges(
    ranges.map((range): TargetRange => {
      const size = range.kind === 'domain' ? null : sizeOf(range.kind, grain);
      if (range.kind === 'domain' || size === null) return range;
      return { ...range, lo: range.lo - (range.lo % size), hi: range.hi - (range.hi % size) + size - 1n };
    }),
  );
}

/** The first address in each network: always the same while the ranges are. They are sorted and merged. */
export function firstOfEach(ranges: readonly TargetRange[], grain: Grain): AddressRange[] {
  const firsts: AddressRange[] = [];
  for (const range of ranges) {
    const size = range.kind === 'domain' ? null : sizeOf(range.kind, grain);
    if (range.kind === 'domain' || size === null) continue;
    for (let at = range.lo; at <= range.hi; at = at - (at % size) + size) {
      const last = firsts.at(-1);
      const known = last?.kind === range.kind && last.lo / size === at / size;
      if (!known) firsts.push({ kind: range.kind, lo: at, hi: at, domain: null });
    }
  }
  return firsts;
}

function sizeOf(kind: AddressKind, grain: Grain): bigint | null {
  const bits = grain[kind];
  return bits === undefined ? null : 1n << BigInt(bitsOf(kind) - bits);
}
