import type { List } from '../catalogue/list.ts';
import type { Followed } from '../delisting/judge.ts';
import type { RemovalJudgement } from '../delisting/removal.ts';
import type { Then } from '../listing/at.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import type { ListingRecord, RemovalRecord } from '../listing/history.ts';
import type { Evidence } from '../listing/state.ts';
import { minute } from '../text/minute.ts';
import { renderChange } from './changes.ts';
import type { Paint } from './colour.ts';
import { columns } from './columns.ts';
import { plain } from './plain.ts';
import { count, nameOf } from './table.ts';
import { whyInWords } from './why.ts';

/** A listing with what became of each removal request. */
export type ShownListing = Omit<ListingRecord, 'removals'> & { removals: ShownRemoval[] };
type ShownRemoval = RemovalRecord & { outcome: RemovalJudgement };

/** A change with the removal request that it answers. */
export type ShownChange = ChangeRecord & { removal: Followed | null };

/** Intervals as a table, and below it what was asked of the lists. */
export function renderListings(listings: readonly ShownListing[], lists: readonly List[], paint: Paint): string {
  const rows = listings.map((one) => listingCells(one, lists, paint));
  const removals = listings.flatMap((one) =>
    one.removals.map((removal) => `${one.target} on ${nameOf(lists, one.list)}: ${whatWasAsked(removal)}\n`),
  );
  const table = columns([['TARGET', 'LIST', 'SINCE', 'UNTIL', 'CODES', ''], ...rows]);
  return removals.length === 0 ? table : `${table}\n${removals.join('')}`;
}

export function listingCells(one: ShownListing, lists: readonly List[], paint: Paint): string[] {
  return [
    one.target,
    nameOf(lists, one.list),
    minute(one.since),
    one.until === null ? paint.bold('open') : minute(one.until),
    plain(one.codes.map(({ code, label }) => `${code} ${label}`).join(', ')),
    remark(one),
  ];
}

/** `removal requested 2026-11-24 07:00 UTC (ticket 7): removed after 14 h` */
export function whatWasAsked({ label, requestedAt, note, outcome }: ShownRemoval): string {
  const of = label === null ? '' : ` of ${plain(label)}`;
  const said = note === null ? '' : ` (${plain(note)})`;
  return `removal${of} requested ${minute(requestedAt)}${said}: ${outcome.said}`;
}

function remark({ until, endedBy, endProven, lastSeen, cleanBefore, relapses }: ShownListing): string {
  const parts = [
    until === null ? `last seen ${minute(lastSeen)}` : null,
    endedBy === null || endedBy === 'delisted' ? null : `closed: ${endedBy}, last seen ${minute(lastSeen)}`,
    endedBy === 'delisted' && endProven === false ? 'end not proven' : null,
    cleanBefore === null ? 'never seen clean before' : `clean before, at ${minute(cleanBefore)}`,
    relapses > 0 ? count(relapses, 'relapse') : null,
  ];
  return parts.filter((part) => part !== null).join('; ');
}

/** Changes in order, each with its evidence if it is given. */
export function renderChanges(changes: readonly ShownChange[], lists: readonly List[], paint: Paint): string {
  return changes
    .map((one) => `${minute(one.at)}  ${renderChange(one, lists, paint)}${one.evidence.map(evidenceText).join('')}`)
    .join('');
}

function evidenceText(evidence: Evidence): string {
  const lines = evidenceFacts(evidence).map(([name, value]) => [`    ${name}`, value]);
  return `  scan ${evidence.scan}, ${evidence.at}\n${columns(lines)}`;
}

/** Name and value of all that an answer was, on one line each. */
export function evidenceFacts(evidence: Evidence): [string, string][] {
  const facts: [string, string | null][] = [
    ['asked', evidence.asked],
    [
      'server',
      evidence.server === null ? null : `${evidence.server}${evidence.path === null ? '' : ` (${evidence.path})`}`,
    ],
    ['rcode', evidence.rcode],
    ['A', evidence.addresses.length === 0 ? null : evidence.addresses.join(' ')],
    ['TXT', evidence.txt === null ? null : `"${plain(evidence.txt)}"`],
    ['TTL', evidence.ttl === null ? null : `${evidence.ttl} s`],
    ...evidence.controls.map((control): [string, string] => [
      `${control.role}`,
      `${control.name}: ${control.answered} at ${new Date(control.at).toISOString()}`,
    ]),
  ];
  return facts.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, plain(value)]]));
}

/** The answers to "what was listed then, and had it been checked?". */
export function renderThen(answers: readonly Then[], lists: readonly List[], paint: Paint): string {
  const sorted = inOrder(answers);
  const [first] = sorted;
  if (first !== undefined && sorted.every(({ answer }) => answer === 'not-tracked'))
    return `${first.target} was not tracked then.\n`;
  return columns(sorted.map((then) => thenCells(then, lists, paint)));
}

/** What was listed first, what was not tracked last. */
export function inOrder(answers: readonly Then[]): Then[] {
  const rank = { listed: 0, clean: 1, 'never-checked': 2, 'not-tracked': 3 };
  return [...answers].sort((one, other) => rank[one.answer] - rank[other.answer]);
}

export function thenCells(then: Then, lists: readonly List[], paint: Paint): string[] {
  return [then.target, nameOf(lists, then.list), ...words(then, paint)];
}

function words(then: Then, paint: Paint): [string, string] {
  switch (then.answer) {
    case 'not-tracked':
      return ['not tracked', ''];
    case 'listed': {
      const end = then.until === null ? '' : `, until ${minute(then.until)}`;
      return [
        paint.bold('listed'),
        `${then.codes.join(' ')} since ${minute(then.since)}, ${lastSeenIn(then.lastSeen, then.every)}${end}`,
      ];
    }
    case 'clean': {
      const proven = then.proven ? 'clean' : 'clean (unproven)';
      const checked = `checked ${then.minutesBefore} min before`;
      return [paint.good(proven), then.every === null ? checked : `checked at least every ${spoken(then.every)}`];
    }
    case 'never-checked':
      return [paint.warn('never checked'), then.why === null ? '' : whyInWords(then.why)];
  }
}

const lastSeenIn = (time: string, every: number | null): string =>
  every === null ? `last seen ${minute(time)}` : `seen at least every ${spoken(every)}`;

function spoken(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}
