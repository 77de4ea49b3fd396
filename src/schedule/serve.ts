import { finishScan } from '../listing/scans.ts';
import { beginAudits, closeRun, doAudit, giveUpRun, stopOf } from './audit-run.ts';
import type { WithPosture } from './audits.ts';
import { giveUp } from './begin.ts';
import { startCron } from './cron.ts';
import { beginFollowUp } from './followup.ts';
import { createQueues, type DueJob, type ScheduleWork, type SharedWork, sendDue, work } from './jobs.ts';
import type { Log } from './log.ts';
import { followProgress, type Progress, sayDone } from './progress.ts';
import type { Queue } from './queue.ts';
import { beginDueScan } from './quiet.ts';
import { doShard, Left, type Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';
import { claimTick, type HandOver, makeUp } from './ticks.ts';

/** Milliseconds between two looks for ticks that were missed; what is due on time does not wait for it. */
const LOOK = 60_000;

export type Serving = {
  queue: Queue;
  scanner: Scanner;
  /** null: this process only works on the scans of others. */
  schedules: readonly Schedule[] | null;
  /** A digest that is due; may be called again for the same time, if the process was killed while it was made. */
  digest(schedule: Schedule, due: Date): Promise<void>;
  /** A scan is through. */
  ended(scanId: number): Promise<void>;
  withPosture: WithPosture;
  /** A run of audits is through. */
  audited(runId: number): void;
  log: Log;
};

/** Has schedules claimed and their work done until `stop`. What is under way then is left to others, or to the next start. */
export async function startServing(serving: Serving): Promise<{ stop(): Promise<void> }> {
  const { queue, scanner, schedules, log } = serving;
  await createQueues(queue);
  const progress = followProgress(scanner.db, log);
  const shared = { shard: shardWorkOf(serving, progress), audit: auditWorkOf(serving) };
  const rest = await work(queue, shared, schedules === null ? null : scheduleWorkOf(serving, schedules));
  const restClaiming = startClaiming(serving, schedules ?? []);
  return {
    async stop() {
      restClaiming();
      await rest();
      progress.close();
    },
  };
}

/** Claims what is due, and looks back for what was missed. Returns what ends it. */
function startClaiming({ queue, scanner, log }: Serving, schedules: readonly Schedule[]): () => void {
  const handOver: HandOver = (tick, tx) => sendDue(queue, tick, tx);
  const { now } = scanner.means;

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
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  };
}

function shardWorkOf({ scanner, log }: Serving, progress: Progress): SharedWork['shard'] {
  return async (shard, signal) => {
    const { scanId, operator, listIds: lists } = shard;
    const began = performance.now();
    const end = progress.begin(scanId);
    try {
      await doShard(scanner, shard, signal);
      const seconds = Math.round((performance.now() - began) / 100) / 10;
      log.debug({ scan: scanId, operator, lists, seconds }, 'shard done');
    } catch (error) {
      if (error instanceof Left) log.info({ scan: scanId, operator, why: error.message }, 'shard left for later');
      else log.warn({ scan: scanId, operator, lists, err: error }, 'shard failed; it is tried again');
      throw error;
    } finally {
      end();
    }
  };
}

function auditWorkOf({ scanner, withPosture, log }: Serving): SharedWork['audit'] {
  const { db, means } = scanner;
  const stop = stopOf(means);
  return async (job, signal) => {
    const { runId, records: targets } = job;
    try {
      const changes = await doAudit(db, job, withPosture, means.now, AbortSignal.any([stop, signal]));
      for (const { check, subject, before, outcome, why } of changes ?? [])
        if (before !== null) log.info({ check, subject, before, outcome, why }, 'finding changed');
      log.debug({ run: runId, targets, changes: changes?.length ?? null }, 'audit done');
    } catch (error) {
      if (stop.aborted) log.info({ run: runId, targets, why: 'this process stops' }, 'audit left for later');
      else log.warn({ run: runId, targets, err: error }, 'audit failed; it is tried again');
      throw error;
    }
  };
}

function scheduleWorkOf(serving: Serving, schedules: readonly Schedule[]): ScheduleWork {
  const { queue, scanner, log } = serving;
  const { db, means } = scanner;
  return {
    async due(job) {
      const schedule = schedules.find(({ name }) => name === job.schedule);
      if (schedule === undefined) return log.warn(job, 'a schedule that is not configured any more');
      if (schedule.does === 'digest') return await serving.digest(schedule, new Date(job.due));
      if (schedule.does === 'audit') return await beginAuditsDue(serving, schedule, job);
      await beginDue(serving, schedule, job);
    },
    async end({ scanId }) {
      await finishScan(db, { id: scanId }, means.now());
      await sayDone(db, scanId, log);
      await serving.ended(scanId);
    },
    async runEnd({ runId, schedule }) {
      await closeRun(db, runId, means.now());
      log.info({ run: runId, schedule }, 'audits done');
      serving.audited(runId);
    },
    async lost(of) {
      if ('runId' in of) {
        await giveUpRun(serving, queue, of.runId);
        return log.error({ job: of }, 'audit given up after many tries');
      }
      if (!('scanId' in of))
        return log.error(of, 'given up after many tries; the next time it is due it is begun anew');
      await giveUp(scanner, queue, of.scanId);
      log.error({ job: of }, 'scan given up after many tries of a part of it; the next one begins anew');
    },
  };
}

async function beginDue({ queue, scanner, log }: Serving, schedule: Schedule, { due }: DueJob): Promise<void> {
  const { name, does } = schedule;
  const follows = does === 'follow-up';
  const begun = follows ? await beginFollowUp(scanner, queue, schedule) : await beginDueScan(scanner, queue, schedule);
  if (begun === 'quiet') return log.debug({ schedule: name, due }, 'nothing calls for a scan');
  if (begun === 'nothing') return log.warn({ schedule: name, due }, 'no target to scan');
  if (begun === 'running') return log.warn({ schedule: name, due }, 'left out: the scan before is not through');
  const { scan, targets, lists, shards, unfit } = begun;
  const fields = { scan: scan.id, schedule: name, due, targets, lists, shards };
  log.info(fields, scan.resumed ? 'scan gone on with' : 'scan begun');
  const said = 'the limits leave no room for all that calls for a scan; the next scan of all asks the rest';
  if (unfit.length > 0) log.warn({ scan: scan.id, unfit }, said);
}

async function beginAuditsDue(serving: Serving, schedule: Schedule, { due }: DueJob): Promise<void> {
  const { queue, log } = serving;
  const { name } = schedule;
  const begun = await beginAudits(serving, queue, schedule);
  if (begun === 'nothing') return log.info({ schedule: name, due }, 'no target to audit');
  if (begun === 'running') return log.warn({ schedule: name, due }, 'left out: the audits before are not through');
  const { runId, targets, audits, left } = begun;
  log.info({ run: runId, schedule: name, due, targets, audits, left }, 'audits begun');
}
