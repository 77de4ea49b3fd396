import { and, eq, gt, inArray, isNull } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { audit, auditRun } from '../db/schema.ts';
import type { FindingChange } from '../posture/timeline.ts';
import { type AuditJob, domainsOf, planAudits, type WithPosture } from './audits.ts';
import { areAuditsUnderWay, cancelRunEnd, sendAudits } from './jobs.ts';
import type { Queue } from './queue.ts';
import type { Scanner } from './scanner.ts';
import type { Schedule } from './schedules.ts';

export type Auditor = {
  scanner: Pick<Scanner, 'db' | 'means' | 'followConfig' | 'onChanges'>;
  withPosture: WithPosture;
};

/** `left`: targets that wait for another run, since one takes only so many. */
export type RunBegun = { runId: number; targets: number; audits: number; left: number };

/** Plans a run of audits and hands them over. One at a time (jobs.ts), so that what is seen to be under way stays so. */
export async function beginAudits(
  { scanner, withPosture }: Auditor,
  queue: Queue,
  { name: schedule, tags, audit: how = HOW }: Schedule,
): Promise<RunBegun | 'nothing' | 'running'> {
  if (await areAuditsUnderWay(queue, schedule)) return 'running';
  const { db, means } = scanner;
  scanner.onChanges(await scanner.followConfig());
  const signal = stopOf(means);
  const { audits, left } = await withPosture(how, signal, (asking) => planAudits(db, { name: schedule, tags }, asking));
  signal.throwIfAborted();
  const targets = audits.reduce((sum, { records }) => sum + records.length, 0);
  if (targets === 0) return 'nothing';
  const runId = await openRun(db, { schedule, targets }, means.now());
  const jobs = audits.map((one): AuditJob => ({ ...one, ...how, runId, schedule, tags }));
  await sendAudits(queue, { runId, schedule }, jobs);
  return { runId, targets, audits: audits.length, left };
}

const HOW = { connect: true, allowSpecial: false };

/** Ends a run of which an audit was given up. */
export async function giveUpRun({ scanner }: Auditor, queue: Queue, runId: number): Promise<void> {
  await cancelRunEnd(queue, runId);
  await closeRun(scanner.db, runId, scanner.means.now());
}

/** Audits are soon done again: they do not go on when the process stops. */
export function stopOf({ signal, windDown }: Scanner['means']): AbortSignal {
  return AbortSignal.any([signal, windDown].filter((one) => one !== undefined));
}

/** Opens a run; one that was begun by a process that was killed before it handed anything over is over. */
async function openRun(
  db: Pick<Database, 'orm'>,
  { schedule, targets }: { schedule: string; targets: number },
  now: Date,
): Promise<number> {
  return await db.orm.transaction(async (tx) => {
    await tx
      .update(auditRun)
      .set({ endedAt: now })
      .where(and(eq(auditRun.schedule, schedule), isNull(auditRun.endedAt)));
    const [row] = await tx
      .insert(auditRun)
      .values({ schedule, targets, startedAt: now })
      .returning({ id: auditRun.id });
    if (row === undefined) throw new Error('the run was not stored');
    return row.id;
  });
}

export async function closeRun(db: Pick<Database, 'orm'>, runId: number, now: Date): Promise<void> {
  await db.orm
    .update(auditRun)
    .set({ endedAt: now })
    .where(and(eq(auditRun.id, runId), isNull(auditRun.endedAt)));
}

/** Does one audit of a run and records it, unless somebody did; null: somebody did. Throws if it was aborted. */
export async function doAudit(
  db: Database,
  { runId, schedule, tags, subject, party, records, beside, connect, allowSpecial }: AuditJob,
  withPosture: WithPosture,
  now: () => Date,
  signal: AbortSignal,
): Promise<FindingChange[] | null> {
  if (await isRecorded(db, runId, schedule, records)) return null;
  const { audit: auditNow } = await import('../posture/audit.ts');
  const { recordScheduled } = await import('../posture/record.ts');
  const whole = { ...subject, helo: null, message: null, ownDomains: await domainsOf(db, tags, party) };
  const done = await withPosture({ connect, allowSpecial }, signal, (asking) => auditNow(whole, asking, now));
  // What was cut off says unknown of everything.
  signal.throwIfAborted();
  return await recordScheduled(db, done, { schedule, targets: records, beside });
}

/** A process may be killed between recording and saying so. */
async function isRecorded(
  db: Pick<Database, 'orm'>,
  runId: number,
  schedule: string,
  records: readonly string[],
): Promise<boolean> {
  const rows = await db.orm
    .select({ id: audit.id })
    .from(audit)
    .innerJoin(auditRun, eq(auditRun.id, runId))
    .where(
      and(eq(audit.schedule, schedule), inArray(audit.subject, [...records]), gt(audit.lastAt, auditRun.startedAt)),
    );
  return rows.length === records.length;
}
