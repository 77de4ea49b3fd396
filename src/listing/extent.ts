import { type Column, type SQL, sql } from 'drizzle-orm';
import type { TargetKind } from '../catalogue/list.ts';

/** Consecutive targets of one kind in the order of a set: from the first to the last. */
export type Extent = { kind: TargetKind; first: string; last: string };

/** The rows whose target is in one of the extents, or between two of its ranges. */
export function within(extents: readonly Extent[], { target, address }: { target: Column; address: Column }): SQL {
  const parts = extents.map(({ kind, first, last }) =>
    kind === 'domain'
      ? sql`(${address} is null and ${target} collate "C" between ${first} and ${last})`
      : sql`${address} between ${first}::inet and ${last}::inet`,
  );
  return parts.length === 0 ? sql`false` : sql`(${sql.join(parts, sql` or `)})`;
}
