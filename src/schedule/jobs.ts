import type { Sql, TransactionSql } from 'postgres';
import type { AuditJob } from './audits.ts';
import { LASTING, type Queue, SCHEMA, within } from './queue.ts';
import type { Shard } from './shards.ts';
import type { Tick } from './ticks.ts';

/**
 * What goes through the queue: a schedule that is due, a part of a scan, the end of a scan, an audit, the end of a run of
 * audits. Dates are ISO text.
 */
export type DueJob = { schedule: string; due: string };
type EndJob = { scanId: number };
export type RunEndJob = { runId: number; schedule: string };
type Job = DueJob | EndJob | Shard | AuditJob | RunEndJob;

const NAMES = {
  ...{ due: 'due', shard: 'shard', end: 'scan-end', lost: 'lost' },
  ...{ audit: 'audit', runEnd: 'audits-end' },
} as const;

/** Parts of a scan, and audits, that one process works on at a time. */
const ABREAST = { shards: 16, audits: 4 };

/** What any process does that takes part in scans and audits. */
export type SharedWork = {
  shard(shard: Shard, signal: AbortSignal): Promise<void>;
  audit(job: AuditJob, signal: AbortSignal): Promise<void>;
};

/** What only those do that have schedules: a worker knows none, and sends no alerts. */
export type ScheduleWork = {
  due(job: DueJob): Promise<void>;
  end(job: EndJob): Promise<void>;
  runEnd(job: RunEndJob): Promise<void>;
  /** A job that failed too often: `of` is what it was to do. */
  lost(of: Job): Promise<void>;
};

export async function createQueues(queue: Queue): Promise<void> {
  await queue.createQueue(NAMES.lost);
  const lasting = { ...LASTING, deadLetter: NAMES.lost };
  // One at a time, whichever process has it: whether a scan is under way is looked at before one is begun.
  await queue.createQueue(NAMES.due, { ...lasting, policy: 'singleton' });
  for (const name of [NAMES.shard, NAMES.end, NAMES.runEnd]) await queue.createQueue(name, lasting);
  // Each try talks to servers again.
  await queue.createQueue(NAMES.audit, { ...lasting, retryLimit: 20 });
}

/** Within the transaction that claims the tick: the work is due if it was claimed. The wait is by the database's clock. */
export async function sendDue(queue: Queue, { schedule, due, wait }: Tick, tx: TransactionSql): Promise<void> {
  const job: DueJob = { schedule, due: due.toISOString() };
  await queue.send(NAMES.due, job, { startAfter: Math.round(wait / 1000), ...within(tx) });
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

/** The audits of a run, and its end once all of them are done. */
export async function sendAudits(queue: Queue, end: RunEndJob, audits: readonly AuditJob[]): Promise<void> {
  const jobs = audits.map((data, at) => ({ ref: `audit-${at}`, name: NAMES.audit, data }));
  await queue.flow([...jobs, { ref: 'end', name: NAMES.runEnd, data: end, dependsOn: jobs.map(({ ref }) => ref) }]);
}

/** Whether its shards were sent, and its end is yet to come. */
export async function isUnderWay(queue: Queue, scanId: number): Promise<boolean> {
  return (await waiting(queue, NAMES.end, { scanId })).length > 0;
}

/** Whether audits of the schedule were sent, and the end of their run is yet to come. */
export async function areAuditsUnderWay(queue: Queue, schedule: string): Promise<boolean> {
  return (await waiting(queue, NAMES.runEnd, { schedule })).length > 0;
}

/** The lists of a scan that are not done, or not in all shards. */
export async function listsInHand(queue: Queue, scanId: number): Promise<string[]> {
  const shards = await queue.findJobs<Shard>(NAMES.shard, { data: { scanId } });
  return shards.filter(isOpen).flatMap(({ data }) => data.listIds);
}

/** Its end will not come. Shards that wait find that it is over. */
export async function cancelEnd(queue: Queue, scanId: number): Promise<void> {
  const ids = await waiting(queue, NAMES.end, { scanId });
  if (ids.length > 0) await queue.cancel(NAMES.end, ids);
}

/** The end of the run will not come; audits that wait are still done. */
export async function cancelRunEnd(queue: Queue, runId: number): Promise<void> {
  const ids = await waiting(queue, NAMES.runEnd, { runId });
  if (ids.length > 0) await queue.cancel(NAMES.runEnd, ids);
}

async function waiting(queue: Queue, name: string, data: object): Promise<string[]> {
  const found = await queue.findJobs(name, { data });
  return found.filter(isOpen).map(({ id }) => id);
}

const isOpen = ({ state }: { state: string }): boolean =>
  state === 'created' || state === 'retry' || state === 'active';

/** How much waits or is worked on, by queue and state, with what was given up; 0 where there is none. */
export async function jobCounts(sql: Sql): Promise<{ queue: string; state: string; count: number }[]> {
  return await sql<{ queue: string; state: string; count: number }[]>`
    select queue.name as queue, state.name as state, count(job.id)::int as count
    from unnest(${Object.values(NAMES)}::text[]) queue (name)
    cross join (values ('created'), ('retry'), ('active'), ('failed')) state (name)
    left join ${sql(SCHEMA)}.job on job.name = queue.name and job.state::text = state.name
    group by 1, 2`;
}

/**
 * Works until the function that it gives is called, which waits for what is in hand. Of one operator's shards one runs
 * at a time, whatever process has it.
 */
export async function work(
  queue: Queue,
  shared: SharedWork,
  scheduleWork: ScheduleWork | null,
): Promise<() => Promise<void>> {
  const one = { batchSize: 1, pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 10 };
  const shards = { ...one, localConcurrency: ABREAST.shards, groupConcurrency: 1 };
  await queue.work<Shard>(NAMES.shard, shards, async ([job]) => {
    if (job !== undefined) await shared.shard(job.data, job.signal);
  });
  await queue.work<AuditJob>(NAMES.audit, { ...one, localConcurrency: ABREAST.audits }, async ([job]) => {
    if (job !== undefined) await shared.audit(job.data, job.signal);
  });
  if (scheduleWork !== null) {
    await queue.work<DueJob>(NAMES.due, one, async ([job]) => {
      if (job !== undefined) await scheduleWork.due(job.data);
    });
    // Becomes due when the last shard is done, of which nobody is notified.
    await queue.work<EndJob>(NAMES.end, { ...one, notifyPollingIntervalSeconds: 2 }, async ([job]) => {
      if (job !== undefined) await scheduleWork.end(job.data);
    });
    await queue.work<RunEndJob>(NAMES.runEnd, { ...one, notifyPollingIntervalSeconds: 2 }, async ([job]) => {
      if (job !== undefined) await scheduleWork.runEnd(job.data);
    });
    await queue.work<Job>(NAMES.lost, one, async ([job]) => {
      if (job !== undefined) await scheduleWork.lost(job.data);
    });
  }
  return async () => {
    await Promise.all(Object.values(NAMES).map((name) => queue.offWork(name, { wait: true })));
  };
}
