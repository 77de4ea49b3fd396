/** The parts of the JSON contract (design) that these tests read. */
export type Printed = {
  results: {
    target: string;
    list: string;
    polarity: string;
    verdict: string;
    proven: boolean;
    codes: string[];
    why: string | null;
    reason: string | null;
    path: string | null;
  }[];
  lists: { id: string; health: string }[];
  summary: Record<string, number>;
};

/** `target list: verdict`, for what is not clean and proven: short enough to be compared as a whole. */
export function notable({ results }: Printed): string[] {
  return results
    .filter(({ verdict, proven }) => verdict !== 'clean' || !proven)
    .map(({ target, list, verdict, proven, why }) => {
      const how = verdict === 'unknown' ? ` ${why}` : proven ? '' : '?';
      return `${target} ${list}: ${verdict}${how}`;
    })
    .sort();
}
