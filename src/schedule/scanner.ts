import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { followCatalogue } from '../listing/catalogue.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import type { FullScanHold } from '../listing/full-scan.ts';
import { joinScan } from '../listing/join.ts';
import { remember } from '../listing/memory.ts';
import { recordBatch } from '../listing/record.ts';
import { finishScan, type Scan, type ScanOptions, startFullScan, startNamedScan } from '../listing/scans.ts';
import type { Policy } from '../listing/state.ts';
import { trackedTargets } from '../listing/tracked.ts';
import { type Means, runRound } from '../scan/round.ts';
import type { Schedule } from './schedules.ts';
import { outside, type Shard, shardsOf } from './shards.ts';

/** Small enough that little is asked again after a kill. */
const BATCH = 2000;

export type Scanner = {
  db: Database;
  hold: FullScanHold;
  means: Means;
  policy: Policy;
  /** Everything in the catalogue. */
  catalogue: readonly List[];
  /** What a schedule asks: ids and tags, or those of the configuration. */
  listsOf(schedule: Schedule): List[];
  isLimited(list: List): boolean;
  /** Tracks what the configuration names. */
  followConfig(): Promise<ChangeRecord[]>;
  onChanges(changes: readonly ChangeRecord[]): void;
};

/** What became of a scan that was due. `nothing`: no target is tracked; `running`: the one before is not through yet. */
export type Started = { scan: Scan; shards: Shard[] } | 'nothing' | 'running';

/** Begins a scan, or goes on with the one that was stopped, and splits what is left of it. */
export async function beginScan(scanner: Scanner, schedule: Schedule): Promise<Started> {
  const { db, catalogue, means } = scanner;
  scanner.onChanges(await scanner.followConfig());
  scanner.onChanges(await followCatalogue(db, [...catalogue], means.now()));
  const lists = scanner.listsOf(schedule);
  const how: ScanOptions = {
    kind: 'scheduled',
    schedule: schedule.name,
    lists,
    policy: scanner.policy,
    now: means.now(),
  };
  const scan = await (schedule.tags.length > 0 ? beginNamed(db, schedule, how) : beginFull(db, how));
  if (typeof scan === 'string') return scan;
  // The shards hold the lock from here on, each while it is worked on.
  await scan.release();
  return { scan, shards: shardsOf(scan.id, lists, scan.targets.size, scanner.isLimited) };
}

async function beginFull(db: Database, how: ScanOptions): Promise<Scan | 'nothing' | 'running'> {
  const started = await startFullScan(db, how);
  if ('empty' in started) return 'nothing';
  return 'running' in started ? 'running' : started;
}

async function beginNamed(db: Database, schedule: Schedule, how: ScanOptions): Promise<Scan | 'nothing' | 'running'> {
  const [before] = await db.sql`
    select 1 from scan where schedule = ${schedule.name} and state = 'running' and not "full" limit 1`;
  if (before !== undefined) return 'running';
  const tracked = await trackedTargets(db, { tags: [...schedule.tags] });
  if (tracked.length === 0) return 'nothing';
  return await startNamedScan(
    db,
    tracked.map(({ range }) => range),
    how,
  );
}

/** Thrown where a shard cannot be worked on now; it is to be tried again later. */
class Busy extends Error {}

/** Does what of the shard is not done yet. Whatever stops it, the next to take it goes on at the first gap. */
export async function doShard(scanner: Scanner, shard: Shard, signal: AbortSignal): Promise<void> {
  if (!(await scanner.hold.take())) throw new Busy('a full scan by hand is under way');
  try {
    await askShard(scanner, shard, signal);
  } finally {
    await scanner.hold.release();
  }
}

async function askShard(
  { db, means, catalogue, onChanges }: Scanner,
  shard: Shard,
  signal: AbortSignal,
): Promise<void> {
  const lists = catalogue.filter(({ id }) => shard.listIds.includes(id));
  const scan = await joinScan(db, shard.scanId, lists, means.now());
  if (scan === null) return;
  const round = runRound({
    ...means,
    ...(await remember(db, lists, means.now())),
    lists,
    targets: scan.targets,
    covered: (list) => outside(shard, scan.targets.size, scan.covered.get(list.id) ?? []),
    batchSize: BATCH,
    signal: means.signal === undefined ? signal : AbortSignal.any([means.signal, signal]),
  });
  for await (const event of round) if (event.type === 'batch') onChanges(await recordBatch(db, scan, event.batch));
}

export async function endScan({ db, means }: Scanner, { scanId }: { scanId: number }): Promise<void> {
  await finishScan(db, { id: scanId }, means.now());
}
