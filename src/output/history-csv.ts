import type { Then } from '../listing/at.ts';
import type { Evidence } from '../listing/state.ts';
import { field } from './csv.ts';
import { type ShownChange, type ShownListing, whatWasAsked } from './history.ts';

type Columns<T> = Record<string, (row: T) => unknown>;

const LISTING: Columns<ShownListing> = {
  id: ({ id }) => id,
  target: ({ target }) => target,
  list: ({ list }) => list,
  since: ({ since }) => since,
  cleanBefore: ({ cleanBefore }) => cleanBefore,
  until: ({ until }) => until,
  endedBy: ({ endedBy }) => endedBy,
  endProven: ({ endProven }) => endProven,
  lastSeen: ({ lastSeen }) => lastSeen,
  codes: ({ codes }) => codes.map(({ code }) => code).join(' '),
  labels: ({ codes }) => codes.map(({ label }) => label).join('; '),
  reason: ({ reason }) => reason,
  relapses: ({ relapses }) => relapses,
  incident: ({ incident }) => incident,
  removals: ({ removals }) => removals.map(whatWasAsked).join('; '),
};

const CHANGE: Columns<ShownChange> = {
  id: ({ id }) => id,
  at: ({ at }) => at,
  kind: ({ kind }) => kind,
  target: ({ target }) => target,
  list: ({ list }) => list,
  before: ({ before }) => before.join(' '),
  after: ({ after }) => after.join(' '),
  added: ({ added }) => added.join('; '),
  removed: ({ removed }) => removed.join('; '),
  proven: ({ proven }) => proven,
  endedBy: ({ endedBy }) => endedBy,
  removal: ({ removal }) => removal?.said,
};

const EVIDENCE: Columns<Evidence> = {
  seenAt: ({ at }) => at,
  scan: ({ scan }) => scan,
  asked: ({ asked }) => asked,
  path: ({ path }) => path,
  server: ({ server }) => server,
  rcode: ({ rcode }) => rcode,
  addresses: ({ addresses }) => addresses.join(' '),
  txt: ({ txt }) => txt,
  ttl: ({ ttl }) => ttl,
  seenProven: ({ proven }) => proven,
  controls: ({ controls }) => controls.map(({ role, name, answered }) => `${role} ${name}: ${answered}`).join('; '),
};

const THEN: Columns<Then> = {
  target: ({ target }) => target,
  list: ({ list }) => list,
  answer: ({ answer }) => answer,
  since: (then) => (then.answer === 'listed' ? then.since : null),
  lastSeen: (then) => (then.answer === 'listed' ? then.lastSeen : null),
  until: (then) => (then.answer === 'listed' ? then.until : null),
  endedBy: (then) => (then.answer === 'listed' ? then.endedBy : null),
  codes: (then) => (then.answer === 'listed' ? then.codes.join(' ') : null),
  proven: (then) => (then.answer === 'clean' ? then.proven : null),
  checkedAt: (then) => (then.answer === 'clean' ? then.checkedAt : null),
  minutesBefore: (then) => (then.answer === 'clean' ? then.minutesBefore : null),
  every: (then) => (then.answer === 'clean' || then.answer === 'listed' ? then.every : null),
  why: (then) => (then.answer === 'never-checked' ? then.why : null),
};

export function listingsCsv(listings: readonly ShownListing[]): string {
  return header(LISTING) + listings.map((one) => line(cells(LISTING, one))).join('');
}

/** With evidence a line for each answer that a change rests on, the change repeated. */
export function changesCsv(changes: readonly ShownChange[], evidence: boolean): string {
  if (!evidence) return header(CHANGE) + changes.map((one) => line(cells(CHANGE, one))).join('');
  const lines = changes.flatMap((one) => {
    const seen = one.evidence.length > 0 ? one.evidence : [null];
    return seen.map((of) => line([...cells(CHANGE, one), ...(of === null ? [] : cells(EVIDENCE, of))]));
  });
  return header({ ...CHANGE, ...EVIDENCE }) + lines.join('');
}

export function thenCsv(answers: readonly Then[]): string {
  return header(THEN) + answers.map((one) => line(cells(THEN, one))).join('');
}

const header = (columns: object): string => line(Object.keys(columns));

const cells = <T>(columns: Columns<T>, row: T): string[] =>
  Object.values(columns).map((cell) => String(cell(row) ?? ''));

const line = (row: readonly string[]): string => `${row.map(field).join(',')}\r\n`;
