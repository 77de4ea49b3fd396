import type { List, TargetKind } from '../catalogue/list.ts';
import { followCatalogue } from '../listing/catalogue.ts';
import { heardSince, livelyOf } from '../listing/lively.ts';
import type { Part } from '../listing/parts.ts';
import { lastScanOf } from '../listing/scans.ts';
import { trackedTargets } from '../listing/tracked.ts';
import type { TargetRange } from '../target.ts';
import { firstOfEach, grainOf } from '../targets/networks.ts';
import { mergeRanges } from '../targets/ranges.ts';
import { beginAdaptive } from './adaptive.ts';
import { type Begun, beginScan, isRunning, type NotBegun, type Unfit } from './begin.ts';
import { nextDue } from './cron.ts';
import { isUnderWay, listsInHand } from './jobs.ts';
import { countKinds, lookupsIn } from './load.ts';
import type { Queue } from './queue.ts';
import type { RoomOf } from './rooms.ts';
import type { Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';

/**
 * Schedules with `quiet: 24h`: all targets are asked about every 24 hours at least, and at the times in between only those
 * that are lively: new ones, and the neighbours (a /24, a /64) of what was listed in the last 30 days. It is for those with
 * more targets than the limits of lists allow to ask every time; without it every target is asked about each time.
 *
 * Of lists that hold networks (scope: /64, range, asn) the times in between also ask about one address in each network:
 * the probe. What a probe says is about itself. It only marks its network: if it is listed, or could not be told, the
 * others in it are asked one by one in the same scan; if it is clean they are not asked, and nothing is recorded of them.
 * So nothing is ever taken for clean, or for listed, that was not asked itself: --at and the history know of each target
 * when it was asked last. Since lists may hold less than we take for a network, a clean probe only means that its
 * neighbours wait for the next scan of all, as those of other lists do.
 *
 * A list that the scan of all could not reach, or that is new, is asked about all targets the next time.
 *
 * As follow-ups these take what is left of the limits; an operator whose lists do not fit waits for the scan of all.
 */

/** Milliseconds after which nothing is lively any more that is not listed. */
const LIVELY = 30 * 86_400_000;

/** Begins what is due of a schedule: a scan of all its targets or, where that is not yet due, of those that are lively. */
export async function beginDueScan(scanner: Scanner, queue: Queue, schedule: Schedule): Promise<Begun | NotBegun> {
  const last = schedule.quiet === null ? null : await lastWhole(scanner, queue, schedule);
  if (last === null) return await beginScan(scanner, queue, schedule);
  return await beginLively(scanner, queue, schedule, last);
}

/** The last scan of all targets, where that is enough for now; null: the next is due. */
async function lastWhole({ db, means }: Scanner, queue: Queue, schedule: Schedule): Promise<LastScan | null> {
  const last = await lastScanOf(db, schedule.name);
  if (last === null) return null;
  const underWay = last.state === 'running' && (await isUnderWay(queue, last.id));
  if (last.state === 'running' && !underWay) return null; // stopped, to be gone on with
  const next = nextDue(schedule, means.now()).getTime();
  return next - last.startedAt.getTime() > (schedule.quiet ?? 0) ? null : last;
}

type LastScan = { id: number; startedAt: Date };

async function beginLively(
  scanner: Scanner,
  queue: Queue,
  schedule: Schedule,
  last: LastScan,
): Promise<Begun | NotBegun> {
  const { db, catalogue, means } = scanner;
  if (await isRunning(scanner, queue, { schedule: schedule.name, kind: 'adaptive' })) return 'running';
  scanner.onChanges(await scanner.followConfig());
  scanner.onChanges(await followCatalogue(db, [...catalogue], means.now()));
  const { tags } = schedule;
  const tracked = await trackedTargets(db, tags.length === 0 ? {} : { tags });
  const listed = new Date(means.now().getTime() - LIVELY);
  const lively = await livelyOf(db, tracked, { tracked: last.startedAt, listed });
  const busy = new Set(await listsInHand(queue, last.id));
  const lists = scanner.listsOf(schedule).filter(({ id, retired }) => retired === null && !busy.has(id));
  const all = mergeRanges(tracked.map(({ range }) => range));
  const { lively: roomOf } = await scanner.rooms();
  const heard = await heardSince(db, { schedule: schedule.name, scan: last.id });
  const { parts, unfit } = partsFitting(lists, { all, lively, heard }, roomOf);
  if (parts.length === 0) return 'quiet';
  const asked = lists.filter(({ id }) => parts.some(({ listIds }) => listIds.includes(id)));
  return await beginAdaptive(scanner, queue, schedule, { lists: asked, parts, probes: true, unfit });
}

/** `heard`: lists that the scan of all has reached; the others are asked about all, and were not to be counted twice. */
type Targets = { all: readonly TargetRange[]; lively: readonly TargetRange[]; heard: ReadonlySet<string> };

/** What each list is asked about, of the operators that have room for it. Pure. */
export function partsFitting(
  lists: readonly List[],
  { all, lively, heard }: Targets,
  roomOf: RoomOf,
): { parts: Part[]; unfit: Unfit[] } {
  const wanted = lists.flatMap((list) => {
    const grain = grainOf(list);
    const some = grain === null ? lively : mergeRanges([...lively, ...firstOfEach(all, grain)]);
    const missed = !heard.has(list.id);
    const own = (missed ? all : some).filter(({ kind }) => list.accepts.includes(kind));
    const counts = countKinds(own);
    return own.length === 0 ? [] : [{ list, own, counts, lookups: missed ? 0 : lookupsIn(list, counts, null) }];
  });
  const parts: Part[] = [];
  const unfit: Unfit[] = [];
  for (const [operator, some] of Map.groupBy(wanted, ({ list }) => list.operator)) {
    const fits = some.reduce((sum, { lookups }) => sum + lookups, 0) <= roomOf(operator);
    if (fits) parts.push(...some.map(({ list, own }) => ({ listIds: [list.id], ranges: own })));
    else unfit.push({ operator, pairs: some.reduce((sum, { counts }) => sum + total(counts), 0) });
  }
  return { parts, unfit };
}

const total = ({ ipv4, ipv6, domain }: Record<TargetKind, number>): number => ipv4 + ipv6 + domain;
