/** The fields of `history --changes --format json` that a digest needs. */
export type ToldChange = { at: string; kind: string; target: string; list: string; before: string[]; after: string[] };
/** The fields of `history --format json` that a digest needs. */
export type ToldListing = {
  target: string;
  list: string;
  since: string;
  until: string | null;
  lastSeen: string | null;
};

/** The report of a period as text: what is open, what came, what went. */
export function digestOf(
  listings: readonly ToldListing[],
  changes: readonly ToldChange[],
  nameOf: (list: string) => string,
): string {
  const open = listings.filter(({ until }) => until === null);
  const lines = open.map(
    ({ target, list, since }) => `  open      ${target} on ${nameOf(list)} since ${minute(since)}`,
  );
  for (const { kind, target, list, at, before, after } of changes)
    lines.push(`  ${kind.padEnd(9)} ${target} on ${nameOf(list)}, ${minute(at)}${codes(before, after)}`);
  const number = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  return [`${number(changes.length, 'change')}, ${number(open.length, 'listing')} still open`, ...lines, ''].join('\n');
}

function codes(before: readonly string[], after: readonly string[]): string {
  if (before.length === 0) return `: ${after.join(' ')}`;
  return after.length === 0 ? `: was ${before.join(' ')}` : `: ${before.join(' ')} became ${after.join(' ')}`;
}

const minute = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;
