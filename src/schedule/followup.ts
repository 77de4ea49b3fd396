import type { List } from '../catalogue/list.ts';
import { followCatalogue } from '../listing/catalogue.ts';
import { type Pair, pairsToFollow } from '../listing/follow.ts';
import type { Part } from '../listing/parts.ts';
import { pointOf } from '../listing/ranges.ts';
import { unfinishedScans } from '../listing/scans.ts';
import { membership, trackedTargets } from '../listing/tracked.ts';
import { rangeOf } from '../target.ts';
import { beginAdaptive } from './adaptive.ts';
import { type Begun, isRunning, type NotBegun, type Unfit } from './begin.ts';
import { listsInHand } from './jobs.ts';
import { CONTROLS, REPEATED } from './load.ts';
import type { Queue } from './queue.ts';
import type { RoomOf } from './rooms.ts';
import type { Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';

/**
 * The follow-up: what is listed, has a removal requested or waits for another verdict is asked again between two scans,
 * of those lists only. So a delisting is seen within the hour and a change that needs two verdicts does not wait for the
 * next scan, for a handful of lookups.
 *
 * It takes only what the scans leave of an operator's limits (roomsOf), so it never makes a schedule too much, however
 * many targets are listed; what does not fit is asked by the next scan, as it would be without. A scan that still has a
 * list to ask is not followed there.
 */

/**
 * Pairs of target and list in one follow-up. Its targets are stored one by one, each time they are others: with the newest
 * first a listing is soon out of it where many come, so rows still grow with listings.
 */
const MOST = 500;

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

/** Begins a follow-up and hands its shards over. One at a time, as beginScan. */
export async function beginFollowUp(scanner: Scanner, queue: Queue, schedule: Schedule): Promise<Begun | NotBegun> {
  const { db, catalogue, means } = scanner;
  if (await isRunning(scanner, queue, { schedule: schedule.name, kind: 'adaptive' })) return 'running';
  scanner.onChanges(await followCatalogue(db, [...catalogue], means.now()));
  const lists = await listsToFollow(scanner, queue, schedule);
  const { followUp } = await scanner.rooms();
  const { taken, unfit } = fitting(await pairsOf(scanner, schedule, lists), lists, followUp);
  const pairs = taken.slice(0, MOST);
  if (pairs.length === 0) return 'quiet';
  const parts = [...Map.groupBy(pairs, ({ listId }) => listId)].map(([listId, own]): Part => {
    return { listIds: [listId], ranges: own.map(({ target }) => rangeOf(target)) };
  });
  const asked = lists.filter(({ id }) => pairs.some(({ listId }) => listId === id));
  return await beginAdaptive(scanner, queue, schedule, { lists: asked, parts, probes: false, unfit });
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
