import { contains, pointOf } from '../listing/ranges.ts';
import type { Outcome, Severity } from '../posture/finding.ts';
import { keyOfChange } from '../posture/timeline.ts';
import { endOf, isOn, type Mute } from './mutes.ts';
import type { FindingFacts, FindingReason, Notice } from './notice.ts';
import type { Routed } from './routes.ts';

/** What is owed of audits. Unknowns never come here: what could not be looked at changes nothing (posture/changes.ts). */

const DAY = 86_400_000;
/** Days before the end of a certificate at which people are told. */
const CERTIFICATE_ENDS = 14 * DAY;
/** Older changes are owed to nobody any more. */
const KEPT = 7 * DAY;
/** From so many changes on, each within so long of the one before, a finding flaps. Audits are a day apart. */
const FLAPS = 4;
const FLAP_GAP = 3 * DAY;

const RANK: Record<Outcome, number> = { fail: 2, warn: 1, pass: 0, 'not-applicable': 0, unknown: 0 };
export const isBad = ({ outcome }: Pick<FindingFacts, 'outcome'>): boolean => RANK[outcome] > 0;

/**
 * What a recipient is owed who is told since `told`; null: is told for the first time, and so all that is not in order.
 * @param changes of the last weeks, and before if they stand, the oldest first
 */
export function findingNotices(
  changes: readonly FindingFacts[],
  mutes: readonly Mute[],
  told: string | null,
  now: Date,
): Notice[] {
  const at = now.toISOString();
  const heard = changes.filter((one) => !mutes.some((mute) => isOn(mute, at) && isAboutFinding(mute, one)));
  const groups = [...Map.groupBy(heard, keyOfChange).values()];
  if (told === null)
    return groups.flatMap((group): Notice[] => {
      const last = group.at(-1);
      if (last === undefined || last.until !== null || !isBad(last) || last.severity === 'info') return [];
      return [{ key: `finding:${last.id}`, at, reason: 'audit-found', finding: last }];
    });
  const oldest = new Date(now.getTime() - KEPT).toISOString();
  return groups.flatMap((group) =>
    group.flatMap((finding, index) => {
      const news = newsAt(finding, index === group.length - 1, mutes, at);
      return news >= told && news > oldest ? changeNotice(finding, group.slice(0, index + 1), heard) : [];
    }),
  );
}

/** What stands now of what people are told of, without what follows from something else. */
export function standingFindings(changes: readonly FindingFacts[]): FindingFacts[] {
  const last = [...new Map(changes.map((one) => [keyOfChange(one), one])).values()];
  return last.filter((one) => {
    const told = one.severity !== 'info' || (one.check === 'tls.cert' && endsSoon(one));
    return one.until === null && told && !followsFrom(one, last);
  });
}

/** When it became news: when it changed, or where a mute hid it that it outlasted, when that ended. */
function newsAt(finding: FindingFacts, stands: boolean, mutes: readonly Mute[], now: string): string {
  if (!stands || !isBad(finding)) return finding.since;
  const ends = mutes
    .filter((mute) => mute.createdAt <= finding.since && isAboutFinding(mute, finding))
    .map((mute) => endOf(mute))
    .filter((end) => end !== null && end > finding.since && end <= now);
  return [finding.since, ...ends].toSorted().at(-1) ?? finding.since;
}

function changeNotice(finding: FindingFacts, upTo: readonly FindingFacts[], all: readonly FindingFacts[]): Notice[] {
  const reason = reasonOf(finding);
  if (reason === null || followsFrom(finding, all)) return [];
  const { id, since: at } = finding;
  const key = `finding:${id}`;
  const run = runOf(upTo);
  if (run.length > FLAPS) return [];
  if (run.length === FLAPS)
    return [{ key, at, reason: 'audit-flapping', finding, changes: FLAPS, from: run[0]?.since ?? at }];
  return [{ key, at, reason, finding }];
}

/** Why a change is told; null: it is not. */
function reasonOf(finding: FindingFacts): Exclude<FindingReason, 'audit-flapping'> | null {
  const { check, before, outcome, severity } = finding;
  const known = before === null || before === 'unknown' ? null : before;
  const ending = check === 'tls.cert' && isBad(finding) && endsSoon(finding);
  if (severity === 'info' && !ending) return null;
  if (known === null) return isBad(finding) && severity !== 'info' ? 'audit-found' : null;
  if (outcome === 'pass') return RANK[known] > 0 ? 'audit-right' : null;
  if (RANK[outcome] <= RANK[known]) return null;
  if (ending) return 'certificate-ends';
  if (outcome === 'fail' && known === 'pass') {
    if (check === 'spf.pass') return 'spf-lost';
    if (check === 'ptr.exists' || check === 'ptr.fcrdns') return 'ptr-lost';
  }
  return 'audit-worse';
}

function endsSoon({ ends, since }: FindingFacts): boolean {
  if (ends === null) return false;
  const left = Date.parse(ends) - Date.parse(since);
  return left > 0 && left <= CERTIFICATE_ENDS;
}

/** Without a reverse name, or with one again, everything about that name changes with it. */
function followsFrom({ check, subject, since }: FindingFacts, all: readonly FindingFacts[]): boolean {
  if (!check.startsWith('ptr.') || check === 'ptr.exists') return false;
  return all.some((one) => one.check === 'ptr.exists' && one.subject === subject && one.since === since);
}

/** The latest changes that follow each other closely; the first look is none. */
function runOf(changes: readonly FindingFacts[]): FindingFacts[] {
  const run: FindingFacts[] = [];
  for (const one of changes.filter(({ before }) => before !== null && before !== 'unknown')) {
    const last = run.at(-1);
    if (last !== undefined && Date.parse(one.since) - Date.parse(last.since) > FLAP_GAP) run.length = 0;
    run.push(one);
  }
  return run;
}

/** Mutes of a target, on every list, hold for what audits find of it too. */
export function isAboutFinding({ range, list }: Mute, { target, subject }: FindingFacts): boolean {
  if (list !== null || range === null) return false;
  const [address = ''] = subject.split(' ');
  return contains(range, pointOf(target)) || contains(range, pointOf(address));
}

const LEVEL: Record<Severity, Routed['severity']> = {
  critical: 'high',
  high: 'high',
  medium: 'medium',
  low: 'low',
  // Only the end of a certificate is told of those.
  info: 'low',
};

/** No list has an impact here: the severity alone decides. */
export function routedFinding({ tags, severity }: Pick<FindingFacts, 'tags' | 'severity'>): Routed {
  return { tags, impact: 'high', severity: LEVEL[severity] };
}
