import { addressText } from '../../address.ts';
import { pointOf } from '../../listing/ranges.ts';
import { plain } from '../../output/plain.ts';
import type { Say } from '../../text/say.ts';
import type { Entry, Piece, Section } from '../doc.ts';
import type { Reader } from '../reader.ts';
import type { DigestListing, Move } from './digest.ts';

/** Lists, and networks of each, that are told of; the rest is counted. */
const LISTS = 20;
const NETWORKS = 5;

/** Very many listings, by list and network, the largest first. */
export function groupEntries(listings: readonly DigestListing[], reader: Reader): Pick<Section, 'entries' | 'rest'> {
  const groups = [...Map.groupBy(listings, ({ list }) => list).values()].toSorted(
    (one, other) => other.length - one.length,
  );
  const told = groups.slice(0, LISTS);
  const rest = groups.slice(LISTS).reduce((sum, group) => sum + group.length, 0);
  return { entries: told.map((group) => groupEntry(group, reader)), rest };
}

function groupEntry(group: readonly DigestListing[], { say, time, language }: Reader): Entry {
  const count = group.length;
  const earliest = group.reduce((least, { since }) => (since < least ? since : least), group[0]?.since ?? '');
  const networks = [...Map.groupBy(group, ({ target }) => networkOf(target))].toSorted(
    ([, one], [, other]) => other.length - one.length,
  );
  const where = networks
    .slice(0, NETWORKS)
    .map(([prefix, own]) => say('digest.group-where', { prefix, count: own.length.toLocaleString(language) }));
  const more = networks.slice(NETWORKS).reduce((sum, [, own]) => sum + own.length, 0);
  if (more > 0) where.push(say('digest.group-elsewhere', { count: more }));
  return {
    head: [
      { bold: plain(group[0]?.listName ?? '', 60) },
      say('alert.codes', { labels: say('digest.group', { count }) }),
    ],
    details: [
      [where.join(say('alert.join'))],
      [say('digest.group-since', { since: time(earliest) })],
      ...movesLine(group, say),
    ],
  };
}

/** Whose move it is, the most listings first; nothing of those that ended. */
function movesLine(group: readonly DigestListing[], say: Say): Piece[][] {
  const moves = group.flatMap(({ move }) => (move === null ? [] : [moveText(move, say)]));
  const counts = [...Map.groupBy(moves, (text) => text)].toSorted(([, one], [, other]) => other.length - one.length);
  if (counts.length === 0) return [];
  const [[only] = ['']] = counts;
  const all = counts.map(([move, { length: count }]) => say('digest.group-move', { move, count }));
  return [[{ bold: counts.length === 1 && moves.length === group.length ? only : all.join(say('digest.join')) }]];
}

function moveText({ actor, requestedAt, overdue }: Move, say: Say): string {
  if (requestedAt === null) return say(`digest.move.${actor}`);
  return say(overdue ? 'digest.group-overdue' : 'digest.group-asked');
}

/** The /24 or /64 that an address lies in; a domain is its own. */
function networkOf(target: string): string {
  const { kind, value } = pointOf(target);
  if (kind === 'domain' || value === null) return target;
  const bits = kind === 'ipv4' ? 8n : 64n;
  return `${addressText(kind, (value >> bits) << bits)}/${kind === 'ipv4' ? 24 : 64}`;
}
