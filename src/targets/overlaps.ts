import { formatRange } from '../target.ts';
import { compareRanges, overlaps, subtractRange } from './ranges.ts';
import type { TargetEntry } from './read-file.ts';

/**
 * Entries in order of their ranges, each target in one of them only. A target that is there twice with the same
 * label, tags and owner is taken once; with others, which of them counts cannot be known and is reported.
 */
export function withoutOverlaps(
  entries: readonly TargetEntry[],
  report: (line: number, message: string) => void,
): TargetEntry[] {
  const taken: TargetEntry[] = [];
  for (const entry of entries.toSorted((a, b) => compareRanges(a.range, b.range))) {
    const before = taken.at(-1);
    if (before === undefined || !overlaps(before.range, entry.range)) {
      taken.push(entry);
    } else if (same(before, entry)) {
      // Sorted by first address: what is left lies behind `before`.
      const [left] = subtractRange(entry.range, before.range);
      if (left !== undefined) taken.push({ ...entry, range: left });
    } else {
      const [first, second] = before.line < entry.line ? [before, entry] : [entry, before];
      report(
        second.line,
        `${formatRange(second.range)} is also in line ${first.line} (${formatRange(first.range)}); ` +
          'expected each target once, or always with the same label, tags and owner',
      );
    }
  }
  return taken;
}

function same(a: TargetEntry, b: TargetEntry): boolean {
  return a.label === b.label && a.owner === b.owner && [...a.tags].sort().join(' ') === [...b.tags].sort().join(' ');
}
