import { followCatalogue } from '../listing/catalogue.ts';
import {
  abandonScan,
  runningScans,
  type Scan,
  type ScanOptions,
  startFullScan,
  startNamedScan,
} from '../listing/scans.ts';
import { trackedTargets } from '../listing/tracked.ts';
import { cancelEnd, isUnderWay, sendShards } from './jobs.ts';
import type { Queue } from './queue.ts';
import type { Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';
import { shardsOf } from './shards.ts';

/**
 * Why a scan that was due was not begun. `nothing`: no target is tracked; `quiet`: nothing calls for an adaptive scan;
 * `running`: the one before is not through.
 */
export type NotBegun = 'nothing' | 'quiet' | 'running';

/** `unfit`: pairs of target and list for which an adaptive scan had no room, by operator. */
export type Begun = {
  scan: Pick<Scan, 'id' | 'resumed'>;
  targets: number;
  lists: number;
  shards: number;
  unfit: Unfit[];
};

export type Unfit = { operator: string; pairs: number };

/**
 * Begins a scan, or goes on with the full one that was stopped, and hands its shards over. One at a time (jobs.ts), so
 * that what is seen to be under way stays so.
 */
export async function beginScan(scanner: Scanner, queue: Queue, schedule: Schedule): Promise<Begun | NotBegun> {
  const { db, catalogue, means } = scanner;
  const full = schedule.tags.length === 0;
  if (await isRunning(scanner, queue, full ? 'full' : { schedule: schedule.name, kind: 'scheduled' })) return 'running';
  scanner.onChanges(await scanner.followConfig());
  scanner.onChanges(await followCatalogue(db, [...catalogue], means.now()));
  const lists = scanner.listsOf(schedule);
  const { policy } = scanner;
  const how: ScanOptions = { kind: 'scheduled', schedule: schedule.name, lists, policy, now: means.now() };
  const scan = await (full ? beginFull(scanner, how) : beginNamed(scanner, schedule, how));
  if (typeof scan === 'string') return scan;
  try {
    const shards = shardsOf(scan.id, lists, scan.targets.size, scanner.isLimited);
    await sendShards(queue, scan.id, shards);
    return { scan, targets: scan.targets.size, lists: lists.length, shards: shards.length, unfit: [] };
  } finally {
    // Whoever works on the shards holds the lock from here on.
    await scan.release();
  }
}

/** Whether the scan before is not through: the full one, or that of a schedule of some targets. */
export async function isRunning(
  { db, means }: Scanner,
  queue: Queue,
  which: Parameters<typeof runningScans>[1],
): Promise<boolean> {
  for (const id of await runningScans(db, which)) {
    if (await isUnderWay(queue, id)) return true;
    // Begun by a process that was killed before it handed anything over. A full one is gone on with.
    if (which !== 'full') await abandonScan(db, id, means.now());
  }
  return false;
}

async function beginFull({ db }: Scanner, how: ScanOptions): Promise<Scan | NotBegun> {
  const started = await startFullScan(db, how);
  if ('empty' in started) return 'nothing';
  return 'running' in started ? 'running' : started;
}

async function beginNamed({ db }: Scanner, { tags }: Schedule, how: ScanOptions): Promise<Scan | NotBegun> {
  const tracked = await trackedTargets(db, { tags });
  if (tracked.length === 0) return 'nothing';
  return await startNamedScan(
    db,
    tracked.map(({ range }) => range),
    how,
  );
}

/** A scan of which a part failed too often: the next one that is due begins anew. */
export async function giveUp({ db, means }: Scanner, queue: Queue, scanId: number): Promise<void> {
  await abandonScan(db, scanId, means.now());
  await cancelEnd(queue, scanId);
}
