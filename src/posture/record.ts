import { and, arrayContains, asc, eq, isNull, lte, notExists, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { audit, auditRun, finding } from '../db/schema.ts';
import type { Handle } from '../listing/locks.ts';
import type { Audit } from './audit.ts';
import { keyOf, stepsOf } from './changes.ts';
import type { Finding } from './finding.ts';
import { targetOf } from './target-of.ts';
import { changesOf, type FindingChange, type FindingRow, type FullChange, shownChange } from './timeline.ts';

const subjectOf = ({ subject }: Audit): string[] =>
  [
    ...subject.domains,
    ...subject.addresses.filter(({ mx }) => mx === null || subject.domains.length === 0).map(({ text }) => text),
  ].sort();

/** Whose audit it is: what it found is compared with what the one before of the same found. */
type Kept = { schedule: string; targets: string[]; watched: boolean };

/**
 * Records an audit by hand in one transaction; gives what changed. Several at once wait for each other. Once one was
 * `watched`, people are told what changes in those after it.
 */
export async function recordAudit(
  { orm }: Pick<Database, 'orm'>,
  done: Audit,
  { watched }: { watched: boolean } = { watched: false },
): Promise<FindingChange[]> {
  const kept = { schedule: '', targets: subjectOf(done), watched };
  const findings = lastOfEach(done.findings);
  return await orm.transaction((tx) => record(tx, kept, findings, done.finishedAt));
}

/**
 * Records an audit that a schedule made, target by target: who is audited together may be another one every day, and
 * what is known of each goes on. Of the addresses `beside` the targets nothing is recorded.
 */
export async function recordScheduled(
  { orm }: Pick<Database, 'orm'>,
  done: Audit,
  { schedule, targets, beside }: { schedule: string; targets: readonly string[]; beside: readonly string[] },
): Promise<FindingChange[]> {
  const sorted = targets.toSorted();
  const all = [...sorted, ...beside.filter((one) => !sorted.includes(one))];
  const byTarget = Map.groupBy(lastOfEach(done.findings), ({ subject }) => targetOf(subject, all));
  return await orm.transaction(async (tx) => {
    const changes: FindingChange[] = [];
    for (const target of sorted) {
      const kept = { schedule, targets: [target], watched: true };
      changes.push(...(await record(tx, kept, byTarget.get(target) ?? [], done.finishedAt)));
    }
    return changes;
  });
}

/** The last of two with the same check and subject is the one that counts. */
function lastOfEach(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((one) => [keyOf(one), one])).values()];
}

async function record(tx: Handle, { schedule, targets, watched }: Kept, findings: Finding[], at: Date) {
  const [row] = await tx
    .insert(audit)
    .values({ subject: targets.join(' '), schedule, targets, watched, firstAt: at, lastAt: at, runs: 1 })
    .onConflictDoUpdate({
      target: [audit.subject, audit.schedule],
      set: { lastAt: at, runs: sql`${audit.runs} + 1`, watched: sql`${audit.watched} or ${watched}` },
    })
    .returning({ id: audit.id });
  const auditId = row?.id ?? 0;
  const open = await tx
    .select()
    .from(finding)
    .where(and(eq(finding.auditId, auditId), isNull(finding.until)));
  const changes: FindingChange[] = [];
  for (const step of stepsOf(open, findings)) {
    const { check, subject } = step.kind === 'gone' ? step : step.finding;
    const here = and(
      eq(finding.auditId, auditId),
      eq(finding.check, check),
      eq(finding.subject, subject),
      isNull(finding.until),
    );
    if (step.kind === 'same') {
      await tx.update(finding).set({ seenAt: at, severity: step.finding.severity, found: step.finding }).where(here);
      continue;
    }
    await tx.update(finding).set({ until: at }).where(here);
    if (step.kind === 'gone') continue;
    const { finding: found, before } = step;
    const { outcome, severity, why } = found;
    const values = { auditId, check, subject, outcome, severity, before, found, since: at, seenAt: at };
    const [added] = await tx.insert(finding).values(values).returning({ id: finding.id });
    const when = at.toISOString();
    changes.push({
      ...{ id: added?.id ?? 0, target: targetOf(subject, targets), check, subject, before, outcome, severity, why },
      ...{ since: when, until: null, seenAt: when },
    });
  }
  return changes;
}

/**
 * What is on record of all audits that a target was part of; null: it was never audited. Of the same check in several
 * audits the last that knew something counts: one without the domain must not hide what one with it found.
 */
export async function recordedFindings(
  { orm }: Pick<Database, 'orm'>,
  target: string,
): Promise<{ at: Date; findings: Finding[] } | null> {
  const rows = await orm
    .select({ found: finding.found, seenAt: finding.seenAt })
    .from(finding)
    .innerJoin(audit, eq(audit.id, finding.auditId))
    .where(and(arrayContains(audit.targets, [target]), isNull(finding.until)))
    .orderBy(asc(finding.seenAt));
  const last = rows.at(-1);
  if (last === undefined) return null;
  const known = new Map<string, Finding>();
  for (const { found } of rows) {
    if (found.outcome !== 'unknown' || !known.has(keyOf(found))) known.set(keyOf(found), found);
  }
  return { at: last.seenAt, findings: [...known.values()] };
}

/** Every change of a target's findings, the oldest first; what is `before: null` was seen for the first time. */
export async function findingHistory({ orm }: Pick<Database, 'orm'>, target: string): Promise<FindingChange[]> {
  const rows = await findingRows(orm, arrayContains(audit.targets, [target]));
  return changesOf(rows).map(shownChange);
}

/** What every audit on record found, by hand or by schedule, the oldest first. */
export async function everyFinding({ orm }: Pick<Database, 'orm'>): Promise<FindingChange[]> {
  return changesOf(await findingRows(orm, undefined)).map(shownChange);
}

/** A run that has not ended by then never will. */
const RUN = 6 * 3_600_000;

/**
 * The changes of audits that people are told of; of findings that ended, those that did so at or after `since`. What a
 * run under way finds waits for its end, so that it is told together.
 */
export async function watchedChanges(db: Handle, since: Date, now: Date): Promise<FullChange[]> {
  const begun = sql`${auditRun.endedAt} is null and ${auditRun.startedAt} > ${new Date(now.getTime() - RUN).toISOString()}::timestamptz`;
  const underWay = db
    .select({ one: sql`1` })
    .from(auditRun)
    .where(and(eq(auditRun.schedule, audit.schedule), begun, lte(auditRun.startedAt, finding.since)));
  const ended = sql`(${finding.until} is null or ${finding.until} >= ${since.toISOString()}::timestamptz)`;
  return changesOf(await findingRows(db, and(eq(audit.watched, true), ended, notExists(underWay))));
}

async function findingRows(db: Handle, where: ReturnType<typeof and>): Promise<FindingRow[]> {
  const rows = await db
    .select({ row: finding, targets: audit.targets })
    .from(finding)
    .innerJoin(audit, eq(audit.id, finding.auditId))
    .where(where)
    .orderBy(asc(finding.since), asc(finding.id));
  return rows.map(({ row, targets }) => ({ ...row, targets }));
}
