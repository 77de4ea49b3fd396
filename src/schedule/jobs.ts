import type { TransactionSql } from 'postgres';
import { LASTING, type Queue, within } from './queue.ts';
import type { Shard } from './shards.ts';
import type { Tick } from './ticks.ts';

/** What goes through the queue: a schedule that is due, a part of a scan, the end of a scan. Dates are ISO text. */
export type DueJob = { schedule: string; due: string };
type EndJob = { scanId: number };

const NAMES = { due: 'due', shard: 'shard', end: 'scan-end', lost: 'lost' } as const;

/** Parts of a scan that one process works on at a time. */
const ABREAST = 16;

export type Workers = {
  due(job: DueJob): Promise<void>;
  shard(shard: Shard, signal: AbortSignal): Promise<void>;
  end(job: EndJob): Promise<void>;
  /** A job that failed too often: `of` is what it was to do. */
  lost(of: unknown): Promise<void>;
};

export async function createQueues(queue: Queue): Promise<void> {
  await queue.createQueue(NAMES.lost);
  for (const name of [NAMES.due, NAMES.shard, NAMES.end])
    await queue.createQueue(name, { ...LASTING, deadLetter: NAMES.lost });
}

/** Within the transaction that claims the tick: the work is due if it was claimed. */
export async function sendDue(queue: Queue, { schedule, due, startsAt }: Tick, tx: TransactionSql): Promise<void> {
  const job: DueJob = { schedule, due: due.toISOString() };
  await queue.send(NAMES.due, job, { startAfter: startsAt, ...within(tx) });
}

/** The shards of a scan, and its end once all of them are done. */
export async function sendShards(queue: Queue, scanId: number, shards: readonly Shard[]): Promise<void> {
  const jobs = shards.map((shard, at) => ({
    ref: `shard-${at}`,
    name: NAMES.shard,
    data: shard,
    options: shard.operator === null ? {} : { group: { id: shard.operator } },
  }));
  const end: EndJob = { scanId };
  await queue.flow([...jobs, { ref: 'end', name: NAMES.end, data: end, dependsOn: jobs.map(({ ref }) => ref) }]);
}

/**
 * Works until the function that it gives is called, which waits for what is in hand. Of one operator's shards one runs
 * at a time, whatever process has it.
 */
export async function work(queue: Queue, workers: Workers): Promise<() => Promise<void>> {
  const one = { batchSize: 1, pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 10 };
  await queue.work<DueJob>(NAMES.due, one, async ([job]) => {
    if (job !== undefined) await workers.due(job.data);
  });
  await queue.work<Shard>(NAMES.shard, { ...one, localConcurrency: ABREAST, groupConcurrency: 1 }, async ([job]) => {
    if (job !== undefined) await workers.shard(job.data, job.signal);
  });
  // Becomes due when the last shard is done, of which nobody is notified.
  await queue.work<EndJob>(NAMES.end, { ...one, notifyPollingIntervalSeconds: 2 }, async ([job]) => {
    if (job !== undefined) await workers.end(job.data);
  });
  await queue.work<object>(NAMES.lost, one, async ([job]) => {
    if (job !== undefined) await workers.lost(job.data);
  });
  return async () => {
    await Promise.all(Object.values(NAMES).map((name) => queue.offWork(name, { wait: true })));
  };
}
