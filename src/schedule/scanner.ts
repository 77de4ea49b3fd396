import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import type { FullScanHold } from '../listing/full-scan.ts';
import { joinScan } from '../listing/join.ts';
import { remember } from '../listing/memory.ts';
import { recordBatch } from '../listing/record.ts';
import type { Policy } from '../listing/state.ts';
import { type Means, type RoundInput, runRound } from '../scan/round.ts';
import type { ListReport } from '../scan/verdict.ts';
import type { RoomOf } from './followup.ts';
import type { Schedule } from './schedules.ts';
import { outside, type Shard } from './shards.ts';

/** Small enough that little is asked again after a kill. */
const BATCH = 2000;

export type Scanner = {
  db: Database;
  hold: FullScanHold;
  /** `windDown` hands back what is under way, soon and without loss; `signal` drops it. */
  means: Means & Pick<RoundInput, 'windDown'>;
  policy: Policy;
  /** Everything in the catalogue. */
  catalogue: readonly List[];
  /** What a schedule asks: ids and tags, or those of the configuration. */
  listsOf(schedule: Schedule): List[];
  isLimited(list: List): boolean;
  /** Lookups that a follow-up may ask of each operator now, so that the limits have room for all schedules. */
  rooms(): Promise<RoomOf>;
  /** Tracks what the configuration names. */
  followConfig(): Promise<ChangeRecord[]>;
  onChanges(changes: readonly ChangeRecord[]): void;
  /** A list is through, in a shard of this scan. */
  onList(scanId: number, report: ListReport): void;
};

/** Thrown where a shard is left, by us or because it cannot be worked on now: whoever takes it next goes on there. */
export class Left extends Error {}

/** Does what of the shard is not done yet. Whatever stops it, the next to take it goes on at the first gap. */
export async function doShard(scanner: Scanner, shard: Shard, signal: AbortSignal): Promise<void> {
  if (!(await scanner.hold.take())) throw new Left('a full scan by hand is under way');
  // A follow-up gives way to a full scan by hand, and keeps none from beginning.
  const holds = shard.setId === undefined;
  if (!holds) await scanner.hold.release();
  try {
    await askShard(scanner, shard, signal);
  } finally {
    if (holds) await scanner.hold.release();
  }
  if (scanner.means.windDown?.aborted === true) throw new Left('this process stops');
}

async function askShard(
  { db, means, catalogue, onChanges, onList }: Scanner,
  shard: Shard,
  signal: AbortSignal,
): Promise<void> {
  const lists = catalogue.filter(({ id }) => shard.listIds.includes(id));
  const scan = await joinScan(db, { scanId: shard.scanId, setId: shard.setId, lists }, means.now());
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
  for await (const event of round) {
    if (event.type === 'batch') onChanges(await recordBatch(db, scan, event.batch));
    else onList(scan.id, event.report);
  }
}
