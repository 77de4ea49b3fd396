import { createHash } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { chunks } from '../db/rows.ts';
import { targetSet, targetSetPart } from '../db/schema.ts';
import type { TargetRange } from '../target.ts';
import { partsOf, type Targets, targetsOf } from '../targets/positions.ts';
import { mergeRanges } from '../targets/ranges.ts';
import { lockSets, type Transaction } from './locks.ts';

/** A stored set: it never changes, and the same targets are the same set. */
export type StoredSet = { setId: number; targets: Targets };

export async function storeSet(tx: Transaction, ranges: readonly TargetRange[]): Promise<StoredSet> {
  const { parts, size } = partsOf(mergeRanges(ranges));
  const hash = hashOf(parts.map(({ range }) => range));
  await lockSets(tx);
  const [known] = await tx.select({ id: targetSet.id }).from(targetSet).where(eq(targetSet.hash, hash));
  if (known !== undefined) return { setId: known.id, targets: targetsOf(parts, size) };
  const [made] = await tx.insert(targetSet).values({ hash, size }).returning({ id: targetSet.id });
  if (made === undefined) throw new Error('the set was not stored');
  const rows = parts.map(({ range, posFrom }, ordinal) => ({ setId: made.id, ordinal, ...range, posFrom }));
  for (const some of chunks(rows)) await tx.insert(targetSetPart).values(some);
  return { setId: made.id, targets: targetsOf(parts, size) };
}

function hashOf(ranges: readonly TargetRange[]): string {
  const hash = createHash('sha256');
  for (const range of ranges)
    hash.update(range.kind === 'domain' ? `${range.domain}\n` : `${range.kind} ${range.lo}-${range.hi}\n`);
  return hash.digest('hex');
}
