import { plain } from '../output/plain.ts';
import { keyOfChange } from '../posture/timeline.ts';
import { type MessageId, spanText } from '../text/say.ts';
import type { Doc, Entry, Piece, Section, Tone } from './doc.ts';
import { type FindingNotice, findingEntries, findingFooter } from './finding-entry.ts';
import type { ListingFacts, Notice, Reason } from './notice.ts';
import type { Message } from './outbox.ts';
import type { Reader } from './reader.ts';
import { type Known, stepLines, wayOff } from './way-off.ts';

/** The order of sections, the most urgent first, and how each looks. */
const TONES: Record<Reason, Tone> = {
  outage: 'warn',
  listed: 'bad',
  found: 'bad',
  recoded: 'bad',
  'mute-ended': 'bad',
  'ptr-lost': 'bad',
  'spf-lost': 'bad',
  'audit-worse': 'bad',
  'certificate-ends': 'warn',
  flapping: 'warn',
  'still-listed': 'warn',
  'removal-overdue': 'warn',
  settled: 'plain',
  delisted: 'good',
  'audit-right': 'good',
  'audit-flapping': 'warn',
  'audit-found': 'warn',
  quarantined: 'warn',
  blind: 'warn',
};
const ORDER = Object.keys(TONES) as Reason[];
const RANK: Record<Tone, number> = { bad: 3, warn: 2, good: 1, plain: 0 };

/** More entries than this of one kind are counted, not told: nobody reads them, and the digest has them. */
const MOST = 40;
/** A webhook's body is refused by many a receiver above a few hundred kilobytes. */
export const CARRIED = 500;
/** Advice is told of so many listings; of more, `delist` tells it. */
const ADVISED = 10;

/** One message of all that is owed to somebody at a time. */
export function alertMessage(notices: readonly Notice[], reader: Reader, known: Known, now: Date): Message {
  const told = latestOfEach(notices);
  const advised = told.filter(({ notice }) => 'listing' in notice).length <= ADVISED;
  const sections = ORDER.flatMap((reason): Section[] => {
    const own = told.filter(({ notice }) => notice.reason === reason);
    if (own.length === 0) return [];
    const findings = own.flatMap(({ notice }) => ('finding' in notice ? [notice] : []));
    const others = own
      .toSorted(byLevel)
      .flatMap(({ notice, ...more }) => ('finding' in notice ? [] : [{ ...more, notice }]));
    const ofFindings = findingEntries(findings, reader);
    const entries = [
      ...others.slice(0, MOST).map((one) => entryOf(one, { reader, known, now, advised })),
      ...ofFindings.slice(0, MOST),
    ];
    const rest = others.length + ofFindings.length - entries.length;
    const title = reader.say(`alert.section.${reason}`);
    return [{ title, tone: TONES[reason], entries, rest }];
  });
  const listings = told.flatMap(({ notice }) => ('listing' in notice ? [notice.listing] : []));
  const doc: Doc = {
    language: reader.language,
    title: titleOf(told, reader),
    summary: [],
    sections,
    footer: [
      ...footerOf(listings, reader),
      ...findingFooter(
        told.map(({ notice }) => notice),
        reader,
      ),
    ],
  };
  return {
    kind: 'alert',
    doc,
    tone: sections.reduce<Tone>((worst, { tone }) => (RANK[tone] > RANK[worst] ? tone : worst), 'plain'),
    threads: [...new Set(listings.map(({ incident }) => `incident-${incident}`))],
    data: { notices: notices.slice(0, CARRIED), more: Math.max(0, notices.length - CARRIED) },
  };
}

type Told = {
  notice: Notice;
  /** Changes of the same target on the same list that this one stands for, when the first of them was. */
  changes: number;
  from: string;
};

/** What came and went within one message is told once, as it is now, with the number of changes. */
function latestOfEach(notices: readonly Notice[]): Told[] {
  const groups = Map.groupBy(notices, (notice) => {
    if ('listing' in notice) return `${notice.listing.target} ${notice.listing.list}`;
    return 'finding' in notice ? keyOfChange(notice.finding) : notice.key;
  });
  return [...groups.values()].flatMap((group): Told[] => {
    const changes = group.filter(({ key }) => key.startsWith('change:'));
    const notice = changes.at(-1) ?? group.at(-1);
    return notice === undefined ? [] : [{ notice, changes: changes.length, from: changes[0]?.at ?? notice.at }];
  });
}

const LEVELS = ['high', 'medium', 'low', 'none'];

function byLevel({ notice: one }: Told, { notice: other }: Told): number {
  const level = (notice: Notice): number => ('listing' in notice ? LEVELS.indexOf(notice.listing.level) : 0);
  return level(one) - level(other);
}

function titleOf(told: readonly Told[], { say }: Reader): string {
  const [only] = told;
  if (told.length === 1 && only !== undefined) {
    const { notice } = only;
    if ('lists' in notice) return say('alert.title.outage', { count: notice.operators });
    if ('finding' in notice) {
      const { target, check, subject } = notice.finding;
      return say(`alert.title.${notice.reason}`, { target, check, subject: plain(subject, 120) });
    }
    if ('list' in notice) return say(`alert.title.${notice.reason}`, { list: plain(notice.list.listName, 60) });
    const { target, listName } = notice.listing;
    return say(`alert.title.${notice.reason}`, { target, list: plain(listName, 60) });
  }
  const counts = ORDER.flatMap((reason) => {
    const count = told.filter(({ notice }) => notice.reason === reason).length;
    return count === 0 ? [] : [say(`alert.count.${reason}`, { count })];
  });
  return counts.join(say('alert.join'));
}

type Writing = { reader: Reader; known: Known; now: Date; advised: boolean };

function entryOf(told: Told & { notice: Exclude<Notice, FindingNotice> }, writing: Writing): Entry {
  const { notice } = told;
  if ('listing' in notice) return listingEntry({ ...told, notice }, writing);
  const { say, time } = writing.reader;
  if ('lists' in notice) {
    const names = notice.lists.map(({ listName }) => plain(listName, 60)).join(say('alert.join'));
    const since = notice.since === null ? '?' : time(notice.since);
    return {
      head: [say('alert.outage', { count: notice.operators, since })],
      details: [[names], [say('alert.outage-means')]],
    };
  }
  const why = say(notice.why === null ? 'alert.unknown-why' : `why.${notice.why}`);
  const since =
    notice.since === null ? say('alert.blind-never', { why }) : say('alert.blind', { since: time(notice.since), why });
  return { head: [{ bold: plain(notice.list.listName, 60) }], details: [[since], [say('alert.blind-means')]] };
}

type ListingNotice = Extract<Notice, { listing: ListingFacts }>;

function listingEntry({ notice, changes, from }: Told & { notice: ListingNotice }, writing: Writing): Entry {
  const { reader } = writing;
  const { say, time } = reader;
  const details = detailsOf(notice, writing).map((line): Piece[] => (typeof line === 'string' ? [line] : line));
  if (changes > 1) details.push([say('alert.changes', { count: changes, since: time(from) })]);
  return { head: entryHead(notice.listing, reader, notice.reason === 'delisted'), details };
}

/** `192.0.2.7 (mail) on Spam List: SPAM` */
export function entryHead(listing: ListingFacts, { say }: Reader, gone: boolean): Piece[] {
  const { target, label, listName, codes } = listing;
  const labels = [...new Set(codes.map((code) => plain(code.label, 40)))].join(say('alert.join'));
  return [
    { bold: target },
    label === null ? '' : ` (${plain(label, 60)})`,
    say(gone ? 'alert.from' : 'alert.on'),
    { bold: plain(listName, 60) },
    labels === '' ? '' : say('alert.codes', { labels }),
  ];
}

function detailsOf(notice: ListingNotice, writing: Writing): (string | Piece[])[] {
  const { listing } = notice;
  const { say, time } = writing.reader;
  const span = (from: string, to: string): string => spanText(Math.max(0, Date.parse(to) - Date.parse(from)), say);
  if (notice.reason === 'delisted') {
    const until = listing.until ?? notice.at;
    const ended = say('alert.ended', {
      since: time(listing.since),
      until: time(until),
      span: span(listing.since, until),
    });
    return [ended, ...(listing.endProven === false ? [say('alert.unproven')] : [])];
  }
  if (notice.reason === 'flapping' || notice.reason === 'settled') {
    const now: MessageId = listing.until === null ? 'alert.settled-listed' : 'alert.settled-clean';
    const means = say(notice.reason === 'flapping' ? 'alert.flapping' : now);
    return [say('alert.changes', { count: notice.changes, since: time(notice.from) }), means];
  }
  const seen = writing.known.lastSeen.get(listing.id);
  return [
    ...(notice.reason === 'recoded' ? recodedLines(notice, writing.reader) : []),
    sinceLine(listing, writing.reader),
    ...(notice.reason === 'still-listed' ? [say('alert.still', { span: spanText(notice.after, say) })] : []),
    ...(notice.reason === 'removal-overdue' ? [say('alert.requested', { date: time(notice.at) })] : []),
    ...(seen === undefined ? [] : [say('alert.seen', { at: time(seen) })]),
    ...(listing.relapses > 0 ? [say('alert.relapses', { count: listing.relapses })] : []),
    ...(listing.reason === null ? [] : [say('alert.says', { text: plain(listing.reason, 300) })]),
    ...(writing.advised ? adviceLines(listing, writing) : []),
  ];
}

function sinceLine({ since, cleanBefore }: ListingFacts, { say, time }: Reader): string {
  return cleanBefore === null
    ? say('alert.since-never', { since: time(since) })
    : say('alert.since', { since: time(since), clean: time(cleanBefore) });
}

function recodedLines({ added, removed }: { added: string[]; removed: string[] }, { say }: Reader): string[] {
  const labels = (some: string[]): string => some.map((label) => plain(label, 40)).join(say('alert.join'));
  return [
    ...(added.length > 0 ? [say('alert.added', { labels: labels(added) })] : []),
    ...(removed.length > 0 ? [say('alert.removed', { labels: labels(removed) })] : []),
  ];
}

function adviceLines(listing: ListingFacts, { known, now, reader }: Writing): Piece[][] {
  return (wayOff(listing, known, now, reader.say)?.steps ?? []).flatMap((step) => stepLines(step, reader.say));
}

function footerOf(listings: readonly ListingFacts[], { say }: Reader): Piece[][] {
  const targets = [...new Set(listings.filter(({ until }) => until === null).map(({ target }) => target))];
  const [only] = targets;
  if (targets.length === 0) return [];
  const command = targets.length === 1 ? `dnsblwatch delist ${only}` : 'dnsblwatch history --open';
  return [[say('alert.more', { command })]];
}
