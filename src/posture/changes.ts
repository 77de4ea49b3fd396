import type { Finding, Outcome } from './finding.ts';

/** What is on record of one check and subject. */
type Known = { check: string; subject: string; outcome: Outcome };

/** What an audit makes of it: `same`: seen again; `change`: a new row, the old one ends. */
type RecordStep =
  | { kind: 'same'; finding: Finding }
  | { kind: 'change'; finding: Finding; before: Outcome | null }
  | { kind: 'gone'; check: string; subject: string };

/** One finding at a time stands of a check and a subject. */
export const keyOf = ({ check, subject }: { check: string; subject: string }): string => `${check} ${subject}`;

/**
 * From what stands and what was found, what to record. An unknown never changes what is known. What an audit no longer
 * speaks of (a key that was renamed, a server that is gone) ends. Pure.
 */
export function stepsOf(standing: readonly Known[], findings: readonly Finding[]): RecordStep[] {
  const before = new Map(standing.map((one) => [keyOf(one), one.outcome]));
  const seen = new Set(findings.map(keyOf));
  const steps = findings.map((finding): RecordStep | null => {
    const known = before.get(keyOf(finding));
    if (known === undefined) return { kind: 'change', finding, before: null };
    if (finding.outcome === 'unknown' && known !== 'unknown') return null;
    return known === finding.outcome ? { kind: 'same', finding } : { kind: 'change', finding, before: known };
  });
  const gone = standing
    .filter((one) => !seen.has(keyOf(one)))
    .map(({ check, subject }): RecordStep => ({ kind: 'gone', check, subject }));
  return [...steps.filter((step) => step !== null), ...gone];
}
