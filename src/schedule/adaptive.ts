import type { List } from '../catalogue/list.ts';
import { type Part, type StoredPart, storeParts } from '../listing/parts.ts';
import { startNamedScan } from '../listing/scans.ts';
import { mergeRanges } from '../targets/ranges.ts';
import type { Begun, Unfit } from './begin.ts';
import { sendShards } from './jobs.ts';
import { countKinds } from './load.ts';
import type { Queue } from './queue.ts';
import type { Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';
import { type Shard, shardsOf } from './shards.ts';

export type Adaptive = {
  lists: readonly List[];
  /** Each list in one of them. */
  parts: readonly Part[];
  /** Whether the targets of lists that hold networks are probes, see quiet.ts. */
  probes: boolean;
  unfit: Unfit[];
};

/** Begins a scan that asks each list about targets of its own only, and hands its shards over. */
export async function beginAdaptive(
  scanner: Scanner,
  queue: Queue,
  { name, tags }: Schedule,
  { lists, parts, probes, unfit }: Adaptive,
): Promise<Begun> {
  const { db, policy, means } = scanner;
  const all = mergeRanges(parts.flatMap(({ ranges }) => ranges));
  const scan = await startNamedScan(db, all, { kind: 'adaptive', schedule: name, lists, policy, now: means.now() });
  const stored = await storeParts(db, parts);
  const shards = stored.flatMap((part) => shardsOfPart(scanner, scan.id, part, lists));
  const more = probes ? { probesFor: tags } : {};
  await sendShards(
    queue,
    scan.id,
    shards.map((shard) => ({ ...shard, ...more })),
  );
  const { ipv4, ipv6, domain } = countKinds(all);
  return { scan, targets: ipv4 + ipv6 + domain, lists: lists.length, shards: shards.length, unfit };
}

function shardsOfPart(
  { isLimited }: Scanner,
  scanId: number,
  { setId, size, listIds }: StoredPart,
  lists: readonly List[],
): Shard[] {
  const own = lists.filter(({ id }) => listIds.includes(id));
  return shardsOf(scanId, own, size, isLimited).map((shard) => ({ ...shard, setId }));
}
