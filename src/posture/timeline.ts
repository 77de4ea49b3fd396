import type { Finding, Outcome, Severity } from './finding.ts';
import { targetOf } from './target-of.ts';

/** A row of what audits found, with the targets of its audit, which several audits may share. */
export type FindingRow = {
  id: number;
  check: string;
  subject: string;
  outcome: Outcome;
  severity: Severity;
  found: Finding;
  since: Date;
  seenAt: Date;
  until: Date | null;
  targets: string[];
};

/** A finding that became another one, as history, alerts and digests need it. Times in ISO 8601. */
export type FindingChange = {
  id: number;
  /** The audited target that it is about. */
  target: string;
  check: string;
  subject: string;
  /** null: seen for the first time. */
  before: Outcome | null;
  outcome: Outcome;
  severity: Severity;
  why: string;
  since: string;
  /** null: it stands. */
  until: string | null;
  seenAt: string;
};

/** With what was found in full. */
export type FullChange = FindingChange & { found: Finding };

/** What is one finding over time. The target belongs to it: of a server that two share, each is told of its own. */
export const keyOfChange = ({ target, check, subject }: Pick<FindingChange, 'target' | 'check' | 'subject'>): string =>
  `${target} ${check} ${subject}`;

/**
 * What changed, the oldest first. Where several audits look at the same, what they agree on is told once; an unknown
 * says nothing against what is known, and neither does an audit that did not come to it, as where a server was silent.
 * @param rows by `since`, then by id
 */
export function changesOf(rows: readonly FindingRow[]): FullChange[] {
  const standing = new Map<string, FullChange>();
  const changes: FullChange[] = [];
  for (const row of rows) {
    const key = keyOfChange({ ...row, target: targetOf(row.subject, row.targets) });
    const known = standing.get(key);
    if (known?.outcome === row.outcome) {
      prolong(known, row);
      continue;
    }
    if (known !== undefined && row.outcome === 'unknown') continue;
    const since = row.since.toISOString();
    if (known !== undefined && (known.until === null || known.until > since)) known.until = since;
    const change = changeOf(row, since, known?.outcome ?? null);
    standing.set(key, change);
    changes.push(change);
  }
  return changes;
}

function changeOf(row: FindingRow, since: string, before: Outcome | null): FullChange {
  return {
    id: row.id,
    target: targetOf(row.subject, row.targets),
    check: row.check,
    subject: row.subject,
    before,
    outcome: row.outcome,
    severity: row.severity,
    why: row.found.why,
    since,
    until: row.until?.toISOString() ?? null,
    seenAt: row.seenAt.toISOString(),
    found: row.found,
  };
}

/** Another audit saw the same: it stands as long as any says so. */
function prolong(known: FullChange, { until, seenAt, found }: FindingRow): void {
  if (until === null || (known.until !== null && until.toISOString() > known.until))
    known.until = until?.toISOString() ?? null;
  if (seenAt.toISOString() <= known.seenAt) return;
  known.seenAt = seenAt.toISOString();
  known.found = found;
  known.why = found.why;
}

export function shownChange({ found: _, ...change }: FullChange): FindingChange {
  return change;
}
