import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import type { FullScanHold } from '../listing/full-scan.ts';
import { joinScan } from '../listing/join.ts';
import { markedBy } from '../listing/marked.ts';
import { remember } from '../listing/memory.ts';
import { storeParts } from '../listing/parts.ts';
import { recordBatches } from '../listing/record.ts';
import type { Scan } from '../listing/scans.ts';
import type { Policy } from '../listing/state.ts';
import { trackedTargets } from '../listing/tracked.ts';
import { batchesIn, gatherRound, type Means, type RoundInput } from '../scan/round.ts';
import type { ListReport } from '../scan/verdict.ts';
import { grainOf } from '../targets/networks.ts';
import type { Rooms } from './rooms.ts';
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
  /** What the limits leave adaptive scans now. */
  rooms(): Promise<Rooms>;
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

async function askShard(scanner: Scanner, shard: Shard, signal: AbortSignal): Promise<void> {
  const lists = scanner.catalogue.filter(({ id }) => shard.listIds.includes(id));
  const { scanId, setId, probesFor } = shard;
  const scan = await joinScan(scanner.db, { scanId, setId, lists }, scanner.means.now());
  if (scan === null) return;
  await ask(scanner, scan, shard, signal);
  if (probesFor !== undefined) for (const list of lists) await askMarked(scanner, scan, list, probesFor, signal);
}

/** Networks that one scan asks one by one for their probes: some thousand lookups. */
const MARKED = 16;

/** What the probes of a list that holds networks have marked; see quiet.ts. */
async function askMarked(
  scanner: Scanner,
  scan: Scan,
  list: List,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { db, means } = scanner;
  const grain = grainOf(list);
  if (grain === null || means.windDown?.aborted === true) return;
  const tracked = await trackedTargets(db, tags.length === 0 ? {} : { tags });
  const ranges = await markedBy(
    db,
    scan,
    { list: list.id, grain, most: MARKED },
    tracked.map(({ range }) => range),
  );
  if (ranges.length === 0) return;
  const [part] = await storeParts(db, [{ listIds: [list.id], ranges }]);
  const rest = part && (await joinScan(db, { scanId: scan.id, setId: part.setId, lists: [list] }, means.now()));
  if (rest) await ask(scanner, rest, { posFrom: 0, posTo: rest.targets.size }, signal);
}

/** Asks the lists of a scan about the positions that they were not asked about yet. */
async function ask(
  { db, means, onChanges, onList }: Scanner,
  scan: Scan,
  positions: Pick<Shard, 'posFrom' | 'posTo'>,
  signal: AbortSignal,
): Promise<void> {
  const lists = [...scan.lists.values()].map(({ list }) => list);
  const round = gatherRound({
    ...means,
    ...(await remember(db, lists, means.now())),
    lists,
    targets: scan.targets,
    covered: (list) => outside(positions, scan.targets.size, scan.covered.get(list.id) ?? []),
    batchSize: BATCH,
    signal: means.signal === undefined ? signal : AbortSignal.any([means.signal, signal]),
  });
  for await (const events of round) {
    for await (const changes of recordBatches(db, scan, batchesIn(events))) onChanges(changes);
    for (const event of events) if (event.type === 'list') onList(scan.id, event.report);
  }
}
