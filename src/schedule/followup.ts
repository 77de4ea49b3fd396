import type { List } from '../catalogue/list.ts';
import { followCatalogue } from '../listing/catalogue.ts';
import { type Pair, type PairSet, pairsToFollow, storePairs } from '../listing/follow.ts';
import { pointOf } from '../listing/ranges.ts';
import { startNamedScan, unfinishedScans } from '../listing/scans.ts';
import { membership, trackedTargets } from '../listing/tracked.ts';
import { rangeOf } from '../target.ts';
import { type Begun, isRunning, type NotBegun, type Unfit } from './begin.ts';
import { dueBetween } from './cron.ts';
import { listsInHand, sendShards } from './jobs.ts';
import { CONTROLS, DAY_HOURS, type Load, REPEATED, shortest } from './load.ts';
import type { Queue } from './queue.ts';
import type { Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';
import type { Shard } from './shards.ts';

/**
 * The follow-up: what is listed, has a removal requested or waits for another verdict is asked again between two scans,
 * of those lists only. So a delisting is seen within the hour and a change that needs two verdicts does not wait for the
 * next scan, for a handful of lookups.
 *
 * It takes only what the scans leave of an operator's limits (roomsOf), so it never makes a schedule too much, however
 * many targets are listed; what does not fit is asked by the next scan, as it would be without. A scan that still has a
 * list to ask is not followed there.
 */

/** Pairs of target and list in one follow-up: it is for what somebody waits for, and its targets are stored one by one. */
const MOST = 1000;
/** The part of the time between two follow-ups that one may take of an operator's. */
const SHARE = 1 / 4;

/** Lookups that one follow-up may ask of an operator. */
export type RoomOf = (operator: string) => number;

/** What the scans leave of each operator's limits, divided among the follow-ups of a day. */
export function roomsOf(loads: readonly Load[], followUps: readonly Schedule[], now: Date): RoomOf {
  const until = new Date(now.getTime() + DAY_HOURS * 3_600_000);
  const times = followUps.map((schedule) => dueBetween(schedule, now, until, Number.POSITIVE_INFINITY).map(Number));
  const number = times.reduce((sum, own) => sum + own.length, 0);
  const seconds = Math.min(...times.map(shortest)) / 1000;
  const rooms = new Map(
    loads.map(({ operator, perDay, perSecond, busiest }) => {
      const ofDay = perDay === null ? Number.POSITIVE_INFINITY : (perDay - busiest) / Math.max(1, number);
      const ofRate = perSecond === null ? Number.POSITIVE_INFINITY : perSecond * seconds * SHARE;
      return [operator, Math.max(0, Math.min(ofDay, ofRate))];
    }),
  );
  return (operator) => rooms.get(operator) ?? 0;
}

/** The most urgent pairs for which there is room. Pure; pairs come most urgent first. */
export function fitting(
  pairs: readonly Pair[],
  lists: readonly List[],
  roomOf: RoomOf,
): { taken: Pair[]; unfit: Unfit[] } {
  const operatorOf = new Map(lists.map(({ id, operator }) => [id, operator]));
  const spent = new Map<string, number>();
  const unfit = new Map<string, number>();
  const begun = new Set<string>();
  const taken = pairs.filter(({ listId }) => {
    const operator = operatorOf.get(listId);
    if (operator === undefined) return false;
    const lookups = (spent.get(operator) ?? 0) + 1 + REPEATED + (begun.has(listId) ? 0 : CONTROLS);
    if (lookups > roomOf(operator)) {
      unfit.set(operator, (unfit.get(operator) ?? 0) + 1);
      return false;
    }
    spent.set(operator, lookups);
    begun.add(listId);
    return true;
  });
  return { taken, unfit: [...unfit].map(([operator, number]) => ({ operator, pairs: number })) };
}

/** Begins a follow-up and hands its shards over; `nothing` is listed, mostly. One at a time, as beginScan. */
export async function beginFollowUp(scanner: Scanner, queue: Queue, schedule: Schedule): Promise<Begun | NotBegun> {
  const { db, catalogue, means, policy } = scanner;
  if (await isRunning(scanner, queue, schedule.name)) return 'running';
  scanner.onChanges(await followCatalogue(db, [...catalogue], means.now()));
  const lists = await listsToFollow(scanner, queue, schedule);
  const { taken, unfit } = fitting(await pairsOf(scanner, schedule, lists), lists, await scanner.rooms());
  const pairs = taken.slice(0, MOST);
  if (pairs.length === 0) return 'nothing';
  const asked = lists.filter(({ id }) => pairs.some(({ listId }) => listId === id));
  const targets = [...new Set(pairs.map(({ target }) => target))];
  const how = { kind: 'adaptive', schedule: schedule.name, lists: asked, policy, now: means.now() } as const;
  const scan = await startNamedScan(db, targets.map(rangeOf), how);
  const sets = await storePairs(db, pairs);
  const shards = sets.flatMap((set) => shardsOfSet(scan.id, set, asked));
  await sendShards(queue, scan.id, shards);
  return { scan, targets: targets.length, lists: asked.length, shards: shards.length, unfit };
}

/** Those of the schedule that no scan under way has still to ask. */
async function listsToFollow({ db, listsOf }: Scanner, queue: Queue, schedule: Schedule): Promise<List[]> {
  const busy = new Set<string>();
  for (const id of await unfinishedScans(db)) for (const list of await listsInHand(queue, id)) busy.add(list);
  return listsOf(schedule).filter(({ id, retired }) => retired === null && !busy.has(id));
}

async function pairsOf({ db }: Scanner, { tags }: Schedule, lists: readonly List[]): Promise<Pair[]> {
  const pairs = await pairsToFollow(
    db,
    lists.map(({ id }) => id),
  );
  if (tags.length === 0) return pairs;
  const tracked = await trackedTargets(db, { tags });
  const isWanted = membership(tracked.map(({ range }) => range));
  return pairs.filter(({ target }) => isWanted(pointOf(target)));
}

/** An operator's lists one after the other, as in a scan. */
function shardsOfSet(scanId: number, { setId, size, listIds }: PairSet, lists: readonly List[]): Shard[] {
  const own = lists.filter(({ id }) => listIds.includes(id));
  return [...Map.groupBy(own, ({ operator }) => operator)].map(([operator, some]) => {
    return { scanId, operator, listIds: some.map(({ id }) => id), setId, posFrom: 0, posTo: size };
  });
}
