import type { ChangeKind } from '../db/schema.ts';
import { findingNotices } from './findings.ts';
import { endOf, isAbout, type Mute, muteOf } from './mutes.ts';
import type { FindingFacts, ListingFacts, Notice } from './notice.ts';
import type { Alerting } from './routes.ts';
import { type Sight, sightNotices } from './sight.ts';

/** A change of the log with its listing as it is now. `worse`: of a recoding, that it is for something worse or for more. */
export type LoggedChange = {
  id: number;
  at: string;
  kind: ChangeKind;
  listing: ListingFacts;
  added: string[];
  removed: string[];
  worse: boolean;
};

/** The latest comings and goings of one target on one list that follow each other within a day, oldest first. */
export type Run = { listing: ListingFacts; changes: { id: number; at: string }[] };

/** A request for removal that takes longer than is usual. */
export type Overdue = { removal: string; since: string; listing: ListingFacts };

/** All that is known of what may be owed. */
export type Facts = {
  changes: readonly LoggedChange[];
  open: readonly ListingFacts[];
  runs: readonly Run[];
  overdue: readonly Overdue[];
  sights: readonly Sight[];
  findings: readonly FindingFacts[];
  mutes: readonly Mute[];
};

/** Whom it is owed: since when it is told, and up to which change it has been decided. */
export type Standing = { since: string; cursor: number };

/** From so many changes on, each within a day of the one before, a listing flaps. */
export const FLAPS = 4;
export const FLAP_GAP = 86_400_000;

/**
 * What is owed, whoever asks for it and however often: what was owed before has the same key. Listings that are muted are
 * owed when the mute ends, if they are still there.
 */
export function owed(facts: Facts, { since, cursor }: Standing, alerting: Alerting, now: Date): Notice[] {
  const at = now.toISOString();
  const heard = (listing: ListingFacts): boolean => muteOf(facts.mutes, listing.target, listing.list, at) === null;
  const notices = [
    ...facts.changes.filter(({ id }) => id > cursor).flatMap((change) => changeNotice(change, facts.runs)),
    ...facts.open.flatMap((listing) => reminder(listing, since, alerting, now)),
    ...facts.open.flatMap((listing) => muteEnded(listing, facts.mutes, since, at)),
    ...facts.runs.flatMap((run) => settled(run, since, now)),
    ...facts.overdue.map(
      ({ removal, since: from, listing }): Notice => ({
        ...{ key: `overdue:${removal}`, at: from, reason: 'removal-overdue', listing },
      }),
    ),
  ].filter((notice) => !('listing' in notice) || heard(notice.listing));
  return [
    ...notices,
    ...findingNotices(facts.findings, facts.mutes, since, now),
    ...sightNotices(facts.sights, facts.mutes, alerting, now),
  ];
}

/** What a recipient is told first: all that is listed or not in order now, for it was told nothing of how it came about. */
export function owedAtFirst(facts: Pick<Facts, 'open' | 'findings' | 'mutes'>, now: Date): Notice[] {
  const at = now.toISOString();
  const found = facts.open
    .filter(({ target, list }) => muteOf(facts.mutes, target, list, at) === null)
    .map((listing): Notice => ({ key: `found:${listing.id}`, at, reason: 'found', listing }));
  return [...found, ...findingNotices(facts.findings, facts.mutes, null, now)];
}

/** `closed` says that we do not know any more: nobody is told that something is over. */
function changeNotice({ id, at, kind, listing, added, removed, worse }: LoggedChange, runs: readonly Run[]): Notice[] {
  if (kind === 'closed' || (kind === 'recoded' && !worse)) return [];
  const key = `change:${id}`;
  if (kind === 'recoded') return [{ key, at, reason: 'recoded', listing, added, removed }];
  const run = runs.find(({ changes }) => changes.some((change) => change.id === id));
  const number = run === undefined ? 1 : run.changes.findIndex((change) => change.id === id) + 1;
  if (run !== undefined && number === FLAPS)
    return [{ key, at, reason: 'flapping', listing, changes: number, from: run.changes[0]?.at ?? at }];
  if (number > FLAPS) return [];
  if (kind === 'delisted') return [{ key, at, reason: 'delisted', listing }];
  const first = listing.cleanBefore === null && listing.relapses === 0;
  return [{ key, at, reason: first ? 'found' : 'listed', listing }];
}

/** The longest reminder that is due, if its time came while the recipient was told. */
function reminder(listing: ListingFacts, told: string, { reminders }: Alerting, now: Date): Notice[] {
  const since = Date.parse(listing.since);
  const due = reminders.filter((after) => since + after <= now.getTime());
  const after = Math.max(0, ...due);
  if (after === 0 || since + after < Date.parse(told)) return [];
  const at = new Date(since + after).toISOString();
  return [{ key: `still:${listing.id}:${after}`, at, reason: 'still-listed', listing, after }];
}

/** What is still there when a mute ends: it may never have been told, and if it was, that is a while ago. */
function muteEnded(listing: ListingFacts, mutes: readonly Mute[], told: string, at: string): Notice[] {
  const hidden = mutes.find((mute) => {
    const end = endOf(mute);
    const over = end !== null && end <= at && end >= told;
    return over && listing.since < end && isAbout(mute, listing.target, listing.list);
  });
  if (hidden === undefined) return [];
  const end = endOf(hidden) ?? at;
  return [{ key: `unmuted:${hidden.id}:${listing.id}`, at: end, reason: 'mute-ended', listing }];
}

/** What flapped, was not told change by change, and has stayed as it is for a day. */
function settled({ listing, changes }: Run, told: string, now: Date): Notice[] {
  const last = changes.at(-1);
  if (last === undefined || changes.length <= FLAPS) return [];
  const quiet = Date.parse(last.at) + FLAP_GAP;
  if (quiet > now.getTime() || quiet < Date.parse(told)) return [];
  const from = changes[0]?.at ?? last.at;
  const at = new Date(quiet).toISOString();
  return [{ key: `settled:${last.id}`, at, reason: 'settled', listing, changes: changes.length, from }];
}
