import { plain } from '../output/plain.ts';
import type { Outcome, Severity } from '../posture/finding.ts';
import type { Entry, Piece } from './doc.ts';
import type { FindingFacts, Notice } from './notice.ts';
import type { Reader } from './reader.ts';

/** What audits found, as entries of a message. */

export type FindingNotice = Extract<Notice, { finding: FindingFacts }>;

const OUTCOMES: readonly Outcome[] = ['fail', 'warn', 'unknown', 'pass', 'not-applicable'];
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** What failed first, then what is grave. */
export function byUrgency(one: FindingFacts, other: FindingFacts): number {
  const rank = ({ outcome, severity }: FindingFacts): number =>
    OUTCOMES.indexOf(outcome) * SEVERITIES.length + SEVERITIES.indexOf(severity);
  return rank(one) - rank(other);
}

/** One entry for each target and check, the most urgent first: a certificate serves many ports. */
export function findingEntries(notices: readonly FindingNotice[], reader: Reader): Entry[] {
  const { say, time } = reader;
  const sorted = notices.toSorted((one, other) => byUrgency(one.finding, other.finding));
  return [...Map.groupBy(sorted, ({ finding }) => `${finding.target} ${finding.check}`).values()].map(
    (group): Entry => {
      const entry = findingEntry(
        group.map(({ finding }) => finding),
        reader,
      );
      const details = group.flatMap((one): Piece[][] =>
        one.reason === 'audit-flapping'
          ? [[say('alert.audit-flapping', { count: one.changes, since: time(one.from) })]]
          : [],
      );
      return { ...entry, details: [...entry.details, ...details] };
    },
  );
}

/** Findings of one target and check: what was looked at, why, what to do. The texts quote what strangers say. */
export function findingEntry(findings: readonly FindingFacts[], { say }: Pick<Reader, 'say'>): Entry {
  const [first] = findings;
  if (first === undefined) return { head: [], details: [] };
  const { target, label, check } = first;
  const whys = Map.groupBy(findings, ({ why }) => why);
  const details = [...whys].map(([why, of]): Piece[] => {
    const subjects = of.map(({ subject }) => plain(subject, 80)).filter((subject) => subject !== target);
    return [`${subjects.length === 0 ? '' : `${subjects.join(say('alert.join'))}: `}${plain(why, 300)}`];
  });
  const fixes = new Set(findings.flatMap(({ fix, outcome }) => (fix === null || outcome === 'pass' ? [] : [fix])));
  return {
    head: [{ bold: target }, label === null ? '' : ` (${plain(label, 60)})`, say('alert.finding', { check })],
    details: [...details, ...[...fixes].map((fix) => [say('alert.fix', { text: plain(fix, 300) })])],
  };
}

export function findingFooter(notices: readonly Notice[], { say }: Reader): Piece[][] {
  const bad = notices.flatMap((one) =>
    'finding' in one && one.finding.outcome !== 'pass' ? [one.finding.target] : [],
  );
  const [only, other] = new Set(bad);
  if (only === undefined) return [];
  return [
    [
      say('alert.more', {
        command: `dnsblwatch ${other === undefined ? `audit ${only}` : 'history --findings --open'}`,
      }),
    ],
  ];
}
