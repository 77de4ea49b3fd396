import { plain } from '../../output/plain.ts';
import type { Entry, Piece, Section, Tone } from '../doc.ts';
import { byUrgency, findingEntry } from '../finding-entry.ts';
import { isAboutFinding, isBad, standingFindings } from '../findings.ts';
import { isOn, type Mute } from '../mutes.ts';
import type { FindingFacts } from '../notice.ts';
import type { Reader } from '../reader.ts';

/** What audits say in a digest; `worse` in the period, `still` since before it. The most urgent first. */
export type DigestAudit = {
  /** Targets that are audited, and when one was last; null: never. */
  targets: number;
  last: string | null;
  worse: DigestFinding[];
  right: DigestFinding[];
  still: DigestFinding[];
};

type DigestFinding = FindingFacts & { muted: boolean };

/** What was read for it: changes of the last weeks, and before if they stand, the oldest first. */
export type AuditInput = { targets: number; last: string | null; changes: readonly FindingFacts[] };

export function digestAudit(
  { targets, last, changes }: AuditInput,
  mutes: readonly Mute[],
  { from, to }: { from: string; to: string },
): DigestAudit {
  const shown = standingFindings(changes)
    .map((one) => ({ ...one, muted: mutes.some((mute) => isOn(mute, to) && isAboutFinding(mute, one)) }))
    .toSorted(byUrgency);
  const within = ({ since }: FindingFacts): boolean => since >= from && since <= to;
  const wasBad = ({ before }: FindingFacts): boolean => before !== null && isBad({ outcome: before });
  return {
    ...{ targets, last },
    worse: shown.filter((one) => isBad(one) && within(one)),
    right: shown.filter((one) => one.outcome === 'pass' && wasBad(one) && within(one)),
    still: shown.filter((one) => isBad(one) && one.since < from),
  };
}

/** Entries of what is new and of what is still so: nobody reads more. */
const TOLD = { worse: 20, right: 20, still: 10 };

export function auditSections({ worse, right, still }: DigestAudit, reader: Reader): Section[] {
  const each = (part: keyof typeof TOLD, tone: Tone, entries: Entry[], count: number): Section[] => {
    if (count === 0) return [];
    const title = `${reader.say(`digest.section.audit-${part}`)} (${count.toLocaleString(reader.language)})`;
    const told = entries.slice(0, TOLD[part]);
    return [{ title, tone, entries: told, rest: entries.length - told.length }];
  };
  const checks = (some: readonly DigestFinding[]): Entry[] =>
    [...Map.groupBy(some, ({ target, check }) => `${target} ${check}`).values()].map((group) =>
      marked(findingEntry(group, reader), group, reader),
    );
  return [
    ...each('worse', 'bad', checks(worse), worse.length),
    ...each('right', 'good', checks(right), right.length),
    ...each('still', 'warn', stillEntries(still, reader), still.length),
  ];
}

function marked({ head, details }: Entry, findings: readonly DigestFinding[], { say }: Reader): Entry {
  const muted = findings.every((one) => one.muted);
  return { head: muted ? [...head, ` (${say('digest.is-muted')})`] : head, details };
}

/** A line for each target: what it is was told when it was new. */
function stillEntries(still: readonly DigestFinding[], reader: Reader): Entry[] {
  return [...Map.groupBy(still, ({ target }) => target)].map(([target, group]): Entry => {
    const counts = Map.groupBy(group, ({ check }) => check);
    const checks = [...counts].map(([check, of]) => (of.length === 1 ? check : `${check} (${of.length})`));
    const label = group[0]?.label ?? null;
    const head: Piece[] = [{ bold: target }, label === null ? '' : ` (${plain(label, 60)})`];
    return marked({ head, details: [[checks.join(reader.say('alert.join'))]] }, group, reader);
  });
}
