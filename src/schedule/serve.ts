import { startCron } from './cron.ts';
import { createQueues, type DueJob, sendDue, sendShards, type Workers, work } from './jobs.ts';
import type { Log } from './log.ts';
import type { Queue } from './queue.ts';
import { beginScan, doShard, endScan, type Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';
import { claimTick, makeUp } from './ticks.ts';

/** Milliseconds between two looks for ticks that were missed; what is due on time does not wait for it. */
const LOOK = 60_000;

export type Serving = {
  queue: Queue;
  scanner: Scanner;
  /** None in a process that only works. */
  schedules: readonly Schedule[];
  /** A digest that is due; may be called again for the same time, if the process was killed while it was made. */
  digest(schedule: Schedule, due: Date): Promise<void>;
  /** A scan is through. */
  ended(scanId: number): Promise<void>;
  log: Log;
};

/** Has schedules claimed and their work done until `stop`. What is under way then is left to others, or to the next start. */
export async function startServing(serving: Serving): Promise<{ stop(): Promise<void> }> {
  const { queue, scanner, schedules, log } = serving;
  await createQueues(queue);
  const rest = await work(queue, workersOf(serving));
  const handOver = sendDueOn(queue);
  const now = scanner.means.now;

  const lookBack = async (): Promise<void> => {
    for (const schedule of schedules) {
      const due = await makeUp(scanner.db.sql, schedule, now(), handOver);
      if (due !== null) log.info({ schedule: schedule.name, due }, 'made up for what was missed');
    }
  };
  const look = (): void =>
    void lookBack().catch((error: unknown) => log.error({ err: error }, 'schedules not looked at'));

  const stops = schedules.map((schedule) =>
    startCron(schedule.name, schedule, {
      async claim(due) {
        const mine = await claimTick(scanner.db.sql, schedule, due, now(), handOver);
        if (mine) log.info({ schedule: schedule.name, due }, 'due');
        return mine;
      },
      onMissed: look,
    }),
  );
  look();
  const timer = setInterval(look, LOOK);
  return {
    async stop() {
      clearInterval(timer);
      for (const stop of stops) stop();
      await rest();
    },
  };
}

const sendDueOn =
  (queue: Queue): Parameters<typeof claimTick>[4] =>
  (tick, tx) =>
    sendDue(queue, tick, tx);

function workersOf(serving: Serving): Workers {
  const { queue, scanner, log } = serving;
  return {
    async due(job) {
      const schedule = scheduleOf(serving, job);
      if (schedule === undefined) return log.warn(job, 'a schedule that is not configured any more');
      if (schedule.does === 'digest') return await serving.digest(schedule, new Date(job.due));
      const started = await beginScan(scanner, schedule);
      if (started === 'nothing') return log.warn({ schedule: schedule.name }, 'no target to scan');
      if (started === 'running')
        return log.warn({ schedule: schedule.name }, 'left out: the scan before is not through');
      const { scan, shards } = started;
      await sendShards(queue, scan.id, shards);
      const { size } = scan.targets;
      log.info({ scan: scan.id, schedule: schedule.name, targets: size, shards: shards.length }, 'scan begun');
    },
    async shard(shard, signal) {
      const started = performance.now();
      await doShard(scanner, shard, signal);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      log.debug({ scan: shard.scanId, operator: shard.operator, lists: shard.listIds, seconds }, 'shard done');
    },
    async end(job) {
      await endScan(scanner, job);
      log.info({ scan: job.scanId }, 'scan done');
      await serving.ended(job.scanId);
    },
    async lost(of) {
      log.error({ job: of }, 'given up after many tries; the next scan asks it again');
    },
  };
}

function scheduleOf({ schedules }: Serving, { schedule }: DueJob): Schedule | undefined {
  return schedules.find(({ name }) => name === schedule);
}
