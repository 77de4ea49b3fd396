import type { Actor } from '../../delisting/facts.ts';
import type { Why } from '../../scan/verdict.ts';
import { type Mute, muteOf, type ShownMute, shownMute } from '../mutes.ts';
import type { ListFacts, ListingFacts } from '../notice.ts';
import { type Sight, silentTogether } from '../sight.ts';
import { type AuditInput, type DigestAudit, digestAudit } from './findings.ts';

/** The report of a period: plain data, the same for every format. Times in ISO 8601. */
export type Digest = {
  version: 1;
  period: { from: string; to: string };
  /** Of targets with any of these tags; null: of all. */
  tags: string[] | null;
  /** Tracked now. */
  targets: number;
  scans: { finished: number; last: string | null };
  /** Begun in the period and still there, the worst first. */
  listed: DigestListing[];
  /** Begun before, and still there. */
  still: DigestListing[];
  /** Seen to be gone in the period. */
  delisted: DigestListing[];
  recoded: { at: string; added: string[]; removed: string[]; listing: DigestListing }[];
  /** No longer watched: whether they are over nobody knows. */
  closed: (DigestListing & { endedBy: string })[];
  /** Lists that tell nothing now. */
  unseen: (ListFacts & { since: string | null; why: Why | null })[];
  /** So many operators fail together that it is us; 0: they do not. */
  outage: number;
  lists: ListChange[];
  /** What audits found. */
  audit: DigestAudit;
  muted: ShownMute[];
  trend: Trend;
};

export type DigestListing = ListingFacts & {
  /** Of an open one, when its list was last seen to hold it. */
  lastSeen: string | null;
  move: Move | null;
  muted: boolean;
};

/** Whose move it is: with a request under way the list's own. */
export type Move = {
  actor: Actor;
  page: string | null;
  requestedAt: string | null;
  overdue: boolean;
  /** What has to be gone first. */
  first: { list: string; label: string }[];
};

export type ListChange = { list: string; listName: string; at: string; kind: 'new' | 'changed' | 'retired' };

/** `open`: at the end of each day of the period, a day at a time. `before`: the same span before. */
type Trend = {
  openAtStart: number;
  openNow: number;
  open: number[];
  listed: number;
  delisted: number;
  before: { listed: number; delisted: number };
};

/** What was read for a digest: listings that are open or ended since the span before the period. */
export type DigestInput = {
  period: { from: Date; to: Date };
  tags: string[] | null;
  targets: number;
  scans: { finished: number; last: string | null };
  listings: (Omit<DigestListing, 'muted'> & { endedBy: string | null })[];
  recoded: { at: string; added: string[]; removed: string[]; listing: number }[];
  sights: readonly Sight[];
  lists: ListChange[];
  audit: AuditInput;
  mutes: readonly Mute[];
};

const LEVELS = ['high', 'medium', 'low', 'none'];

export function digestOf(input: DigestInput): Digest {
  const { period, tags, targets, scans, recoded, sights, lists, mutes } = input;
  const [from, to] = [period.from.toISOString(), period.to.toISOString()];
  const listings = input.listings
    .map((one) => ({ ...one, muted: muteOf(mutes, one.target, one.list, to) !== null }))
    .toSorted(
      (one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) || (one.since < other.since ? -1 : 1),
    );
  const open = listings.filter(({ until }) => until === null);
  const ended = listings.filter(({ until }) => until !== null && until >= from && until <= to);
  const byId = new Map(listings.map((one) => [one.id, one]));
  const silent = sights.filter(({ silentSince }) => silentSince !== null);
  return {
    version: 1,
    period: { from, to },
    tags,
    targets,
    scans,
    listed: open.filter(({ since }) => since >= from).map(shown),
    still: open.filter(({ since }) => since < from).map(shown),
    delisted: ended.filter(({ endedBy }) => endedBy === 'delisted').map(shown),
    recoded: recoded.flatMap(({ listing, ...change }) => {
      const of = byId.get(listing);
      return of === undefined || of.until !== null ? [] : [{ ...change, listing: shown(of) }];
    }),
    closed: ended
      .filter(({ endedBy }) => endedBy !== null && endedBy !== 'delisted')
      .map((one) => ({ ...shown(one), endedBy: one.endedBy ?? '' })),
    unseen: silent.map(({ list, listName, operator, impact, toldAt, why }) => ({
      ...{ list, listName, operator, impact, since: toldAt, why },
    })),
    outage: silentTogether(sights)?.operators ?? 0,
    lists,
    audit: digestAudit(input.audit, mutes, { from, to }),
    muted: mutes.map(shownMute),
    trend: trendOf(listings, period),
  };
}

function shown<T extends { endedBy?: string | null }>({ endedBy: _, ...listing }: T): Omit<T, 'endedBy'> {
  return listing;
}

const DAY = 86_400_000;

function trendOf(
  listings: readonly { since: string; until: string | null; endedBy: string | null }[],
  { from, to }: DigestInput['period'],
): Trend {
  const openAt = (time: number): number => {
    const at = new Date(time).toISOString();
    return listings.filter(({ since, until }) => since <= at && (until === null || until > at)).length;
  };
  const within = (begin: number, end: number) => {
    const [first, last] = [new Date(begin).toISOString(), new Date(end).toISOString()];
    const inside = (time: string | null): boolean => time !== null && time >= first && time < last;
    return {
      listed: listings.filter(({ since }) => inside(since)).length,
      delisted: listings.filter(({ until, endedBy }) => endedBy === 'delisted' && inside(until)).length,
    };
  };
  const span = to.getTime() - from.getTime();
  const days = Math.max(1, Math.round(span / DAY));
  return {
    openAtStart: openAt(from.getTime()),
    openNow: openAt(to.getTime()),
    open: Array.from({ length: days }, (_, day) => openAt(Math.min(to.getTime(), from.getTime() + (day + 1) * DAY))),
    ...within(from.getTime(), to.getTime() + 1),
    before: within(from.getTime() - span, from.getTime()),
  };
}
