import { plain } from '../../output/plain.ts';
import { isMessage, type Say, spanText } from '../../text/say.ts';
import { entryHead } from '../alert.ts';
import type { Doc, Entry, Piece, Section, Tone } from '../doc.ts';
import type { Reader } from '../reader.ts';
import type { Digest, DigestListing, Move } from './digest.ts';
import { auditSections } from './findings.ts';
import { groupEntries } from './groups.ts';

/** From so many on, listings are told by list and network: nobody reads a thousand lines. */
const MANY = 50;

/** The digest for reading in half a minute: what matters first, and a quiet time in one line. */
export function digestDoc(digest: Digest, reader: Reader): Doc {
  const { say, language } = reader;
  const sections = [
    listingSection('listed', 'bad', digest.listed, digest, reader, (one) => openLines(one, digest, reader)),
    recodedSection(digest, reader),
    listingSection('delisted', 'good', digest.delisted, digest, reader, (one) => endedLines(one, reader)),
    listingSection('still', 'warn', digest.still, digest, reader, (one) => openLines(one, digest, reader)),
    unseenSection(digest, reader),
    ...auditSections(digest.audit, reader),
    listingSection('closed', 'plain', digest.closed, digest, reader, (one) => closedLines(one, reader)),
    listsSection(digest, reader),
    mutedSection(digest, reader),
    trendSection(digest, reader),
  ].filter((section) => section !== null);
  const counts = countsText(digest, reader);
  const tags = digest.tags?.map((tag) => plain(tag, 40)).join(', ');
  return {
    language,
    title: tags === undefined ? say('digest.title', { counts }) : say('digest.title-tags', { tags, counts }),
    summary: summaryOf(digest, reader),
    sections,
    footer: [],
  };
}

function countsText(digest: Digest, { say }: Reader): string {
  const counts = (['listed', 'recoded', 'delisted', 'still', 'unseen'] as const)
    .filter((name) => digest[name].length > 0)
    .map((name) => say(`digest.count.${name}`, { count: digest[name].length }));
  const { worse } = digest.audit;
  if (worse.length > 0) counts.push(say('digest.count.audit', { count: worse.length }));
  if (counts.length > 0) return counts.join(say('alert.join'));
  return say(digest.scans.finished === 0 ? 'digest.title-blind' : 'digest.title-quiet');
}

/** Whether nothing happened is only known where something was seen. */
function summaryOf(digest: Digest, { say, time }: Reader): Piece[][] {
  const { period, targets, scans, listed, recoded, delisted, still, closed, unseen, outage, audit } = digest;
  const quiet = [listed, recoded, delisted, closed, unseen, audit.worse].every(({ length }) => length === 0);
  const lines: Piece[][] = [];
  if (scans.finished === 0) lines.push([{ bold: say('digest.no-scan') }]);
  else if (quiet) lines.push([{ bold: say(still.length === 0 ? 'digest.quiet' : 'digest.quiet-listed') }]);
  if (outage > 0) lines.push([{ bold: say('digest.outage', { count: outage }) }]);
  lines.push([
    say('digest.scope', {
      ...{ from: time(period.from), to: time(period.to) },
      targets: say('digest.targets', { count: targets }),
      scans: say('digest.scans', { count: scans.finished }),
    }),
  ]);
  if (audit.last !== null) {
    const audited = say('digest.targets', { count: audit.targets });
    lines.push([say('digest.audited', { targets: audited, last: time(audit.last) })]);
  }
  return lines;
}

type ListingPart = 'listed' | 'delisted' | 'still' | 'closed';

function listingSection<T extends DigestListing>(
  part: ListingPart,
  tone: Tone,
  listings: readonly T[],
  digest: Digest,
  reader: Reader,
  lines: (one: T) => Piece[][],
): Section | null {
  if (listings.length === 0) return null;
  const title = `${reader.say(`digest.section.${part}`)} (${listings.length.toLocaleString(reader.language)})`;
  const colour = digest.scans.finished === 0 ? 'plain' : tone;
  if (listings.length > MANY) return { title, tone: colour, ...groupEntries(listings, reader) };
  const entries = listings.map((one) => ({ head: headOf(one, reader, part === 'delisted'), details: lines(one) }));
  return { title, tone: colour, entries, rest: 0 };
}

function headOf(one: DigestListing, reader: Reader, gone: boolean): Piece[] {
  return [...entryHead(one, reader, gone), ...(one.muted ? [` (${reader.say('digest.is-muted')})`] : [])];
}

/** Since when, how surely, and whose move it is. */
function openLines(one: DigestListing, { period }: Digest, { say, time }: Reader): Piece[][] {
  const span = spanText(Math.max(0, Date.parse(period.to) - Date.parse(one.since)), say);
  const since = [
    say('digest.since', { since: time(one.since), span }),
    ...(one.lastSeen === null ? [] : [say('digest.seen', { at: time(one.lastSeen) })]),
    ...(one.relapses > 0 ? [say('digest.back', { count: one.relapses })] : []),
    ...(one.cleanBefore === null && one.relapses === 0 ? [say('digest.never-clean')] : []),
  ];
  return [[since.join(say('digest.join'))], ...(one.move === null ? [] : [moveLine(one.move, period.to, say)])];
}

function moveLine(move: Move, now: string, say: Say): Piece[] {
  const comma = say('digest.join');
  const { actor, page, requestedAt, overdue, first } = move;
  if (requestedAt !== null) {
    const span = spanText(Math.max(0, Date.parse(now) - Date.parse(requestedAt)), say);
    return [{ bold: say(overdue ? 'digest.move.overdue' : 'digest.move.asked', { span }) }];
  }
  const before = first.map(({ list, label }) => `${comma}${say('digest.move.first', { list, label })}`).join('');
  return [{ bold: say(`digest.move.${actor}`) }, before, ...(page === null ? [] : [comma, { link: page }])];
}

function endedLines(one: DigestListing, { say, time }: Reader): Piece[][] {
  const until = one.until ?? one.since;
  const span = spanText(Math.max(0, Date.parse(until) - Date.parse(one.since)), say);
  return [
    [say('digest.ended', { until: time(until), span })],
    ...(one.endProven === false ? [[say('alert.unproven')]] : []),
  ];
}

function closedLines({ endedBy }: { endedBy: string }, { say }: Reader): Piece[][] {
  const id = `digest.closed.${endedBy}`;
  return isMessage(id) ? [[say(id)]] : [];
}

function recodedSection({ recoded }: Digest, reader: Reader): Section | null {
  if (recoded.length === 0) return null;
  const { say, time } = reader;
  const entries = recoded.slice(0, MANY).map(({ at, added, removed, listing }): Entry => {
    const labels = (some: string[]): string => some.map((label) => plain(label, 40)).join(say('alert.join'));
    const what = [
      ...(added.length > 0 ? [say('alert.added', { labels: labels(added) })] : []),
      ...(removed.length > 0 ? [say('alert.removed', { labels: labels(removed) })] : []),
    ];
    return {
      head: headOf(listing, reader, false),
      details: [[say('digest.recoded', { at: time(at), what: what.join(say('digest.join')) })]],
    };
  });
  return { title: say('digest.section.recoded'), tone: 'warn', entries, rest: recoded.length - entries.length };
}

function unseenSection({ unseen, period }: Digest, { say }: Reader): Section | null {
  if (unseen.length === 0) return null;
  const entries = unseen.map(({ listName, since, why }): Entry => {
    const because = say(why === null ? 'alert.unknown-why' : `why.${why}`);
    const line =
      since === null
        ? say('digest.unseen-never', { why: because })
        : say('digest.unseen', { span: spanText(Date.parse(period.to) - Date.parse(since), say), why: because });
    return { head: [{ bold: plain(listName, 60) }], details: [[line]] };
  });
  return { title: say('digest.section.unseen'), tone: 'warn', entries, rest: 0 };
}

function listsSection({ lists }: Digest, { say }: Reader): Section | null {
  if (lists.length === 0) return null;
  const entries = lists.slice(0, MANY).map(
    ({ listName, kind }): Entry => ({
      head: [{ bold: plain(listName, 60) }, say('alert.codes', { labels: say(`digest.list.${kind}`) })],
      details: [],
    }),
  );
  return { title: say('digest.section.lists'), tone: 'plain', entries, rest: lists.length - entries.length };
}

function mutedSection({ muted }: Digest, { say, time }: Reader): Section | null {
  if (muted.length === 0) return null;
  const entries = muted.map(({ target, list, until, untilDelisted, why }): Entry => {
    const open = say(untilDelisted ? 'digest.mute-delisted' : 'digest.mute-open');
    const what = [target, list].filter((one) => one !== null).join(say('alert.on'));
    const end = until === null ? open : say('digest.mute', { until: time(until) });
    return { head: [{ bold: what }, end], details: why === null ? [] : [[plain(why, 200)]] };
  });
  return { title: say('digest.section.muted'), tone: 'plain', entries, rest: 0 };
}

const BARS = '▁▂▃▄▅▆▇█';

/** How it goes; nothing where nothing ever was. */
function trendSection({ trend }: Digest, { say }: Reader): Section | null {
  const { openAtStart, openNow, open, listed, delisted, before } = trend;
  if (openAtStart + openNow + listed + delisted + before.listed + before.delisted === 0) return null;
  const most = Math.max(1, ...open);
  const bars = open.map((count) => BARS[Math.round((count / most) * (BARS.length - 1))]).join('');
  const flow = { listed, delisted, listedBefore: before.listed, delistedBefore: before.delisted };
  const details: Piece[][] = [
    [say('digest.trend-flow', flow)],
    ...(open.length > 2 ? [[say('digest.trend-days', { bars })]] : []),
  ];
  const head = [say('digest.trend', { before: openAtStart, now: openNow })];
  return { title: say('digest.section.trend'), tone: 'plain', entries: [{ head, details }], rest: 0 };
}
