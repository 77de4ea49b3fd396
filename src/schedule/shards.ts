import type { List } from '../catalogue/list.ts';

/** The part of a scan that one worker does at a time: these lists, of the targets from one position to another. */
export type Shard = {
  scanId: number;
  /** Who is asked: shards of one operator never run side by side. null: no limits, so they may. */
  operator: string | null;
  listIds: string[];
  /** Positions are of this set; without, of the scan's. */
  setId?: number;
  /** The set holds probes of lists that hold networks; what they mark, among targets with these tags, is asked too. */
  probesFor?: readonly string[];
  posFrom: number;
  /** Exclusive. */
  posTo: number;
};

/** Targets of a shard of lists without limits: some minutes of work, so that a lost one is soon done again. */
const TARGETS = 20_000;

/**
 * Splits a scan: the lists of one operator stay together, since its limits are for all of them; those without limits
 * (own mirrors) are split by ranges of targets. Retired lists are in the first shard: they only need to be noted.
 */
export function shardsOf(
  scanId: number,
  lists: readonly List[],
  targets: number,
  isLimited: (list: List) => boolean,
): Shard[] {
  const limited = lists.filter((list) => list.retired !== null || isLimited(list));
  const free = lists.filter((list) => !limited.includes(list));
  const byOperator = [...Map.groupBy(limited, ({ operator }) => operator)].map(([operator, mine]): Shard => {
    return { scanId, operator, listIds: mine.map(({ id }) => id), posFrom: 0, posTo: targets };
  });
  if (free.length === 0) return byOperator;
  const ranges = Array.from({ length: Math.ceil(targets / TARGETS) }, (_, at): Shard => {
    const posFrom = at * TARGETS;
    const posTo = Math.min(targets, posFrom + TARGETS);
    return { scanId, operator: null, listIds: free.map(({ id }) => id), posFrom, posTo };
  });
  return [...byOperator, ...ranges];
}

/** What of [0, size) a round must not ask so that it asks [from, to) only, and of that nothing twice. */
export function outside(
  { posFrom, posTo }: Pick<Shard, 'posFrom' | 'posTo'>,
  size: number,
  covered: readonly [number, number][],
): [number, number][] {
  const around: [number, number][] = [
    [0, posFrom],
    [posTo, size],
  ];
  return [...around.filter(([from, to]) => from < to), ...covered];
}
