import { and, arrayContains, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { audit, finding } from '../db/schema.ts';
import type { Audit } from './audit.ts';
import { keyOf, stepsOf } from './changes.ts';
import type { Finding, Outcome, Severity } from './finding.ts';

/** A finding that became another one, as history, alerts and digests need it. Times in ISO 8601. */
export type FindingChange = {
  check: string;
  subject: string;
  before: Outcome | null;
  outcome: Outcome;
  severity: Severity;
  why: string;
  since: string;
  until: string | null;
};

const subjectOf = ({ subject }: Audit): string[] =>
  [
    ...subject.domains,
    ...subject.addresses.filter(({ mx }) => mx === null || subject.domains.length === 0).map(({ text }) => text),
  ].sort();

/** Records an audit in one transaction; gives what changed. Several at once wait for each other. */
export async function recordAudit({ orm }: Pick<Database, 'orm'>, done: Audit): Promise<FindingChange[]> {
  const targets = subjectOf(done);
  const at = done.finishedAt;
  // The last of two with the same check and subject is the one that counts.
  const findings = [...new Map(done.findings.map((one) => [keyOf(one), one])).values()];
  return orm.transaction(async (tx) => {
    const [row] = await tx
      .insert(audit)
      .values({ subject: targets.join(' '), targets, firstAt: at, lastAt: at, runs: 1 })
      .onConflictDoUpdate({ target: audit.subject, set: { lastAt: at, runs: sql`${audit.runs} + 1` } })
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
      const { outcome, severity, why } = step.finding;
      await tx.insert(finding).values({
        auditId,
        check,
        subject,
        outcome,
        severity,
        before: step.before,
        found: step.finding,
        since: at,
        seenAt: at,
      });
      changes.push({
        check,
        subject,
        before: step.before,
        outcome,
        severity,
        why,
        since: at.toISOString(),
        until: null,
      });
    }
    return changes;
  });
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

/** Every change of a target's findings, the oldest first; the first audit's are no changes. */
export async function findingHistory({ orm }: Pick<Database, 'orm'>, target: string): Promise<FindingChange[]> {
  const rows = await orm
    .select({ row: finding })
    .from(finding)
    .innerJoin(audit, eq(audit.id, finding.auditId))
    .where(arrayContains(audit.targets, [target]))
    .orderBy(asc(finding.since), asc(finding.id));
  return rows.map(({ row }) => ({
    check: row.check,
    subject: row.subject,
    before: row.before,
    outcome: row.outcome,
    severity: row.severity,
    why: row.found.why,
    since: row.since.toISOString(),
    until: row.until?.toISOString() ?? null,
  }));
}
