import { addressText } from '../../address.ts';
import { pointOf } from '../../listing/ranges.ts';
import { plain } from '../../output/plain.ts';
import type { Entry, Section } from '../doc.ts';
import type { ListingFacts } from '../notice.ts';
import type { Reader } from '../reader.ts';

/** Lists, and networks of each, that are told of; the rest is counted. */
const LISTS = 20;
const NETWORKS = 5;

/** Very many listings, by list and network, the largest first. */
export function groupEntries(listings: readonly ListingFacts[], reader: Reader): Pick<Section, 'entries' | 'rest'> {
  const groups = [...Map.groupBy(listings, ({ list }) => list).values()].toSorted(
    (one, other) => other.length - one.length,
  );
  const told = groups.slice(0, LISTS);
  const rest = groups.slice(LISTS).reduce((sum, group) => sum + group.length, 0);
  return { entries: told.map((group) => groupEntry(group, reader)), rest };
}

function groupEntry(group: readonly ListingFacts[], { say, time, language }: Reader): Entry {
  const count = group.length;
  const earliest = group.reduce((least, { since }) => (since < least ? since : least), group[0]?.since ?? '');
  const networks = [...Map.groupBy(group, ({ target }) => networkOf(target))].toSorted(
    ([, one], [, other]) => other.length - one.length,
  );
  const where = networks
    .slice(0, NETWORKS)
    .map(([prefix, own]) => say('digest.group-where', { prefix, count: own.length.toLocaleString(language) }));
  const more = networks.slice(NETWORKS).reduce((sum, [, own]) => sum + own.length, 0);
  if (more > 0) where.push(say('doc.more', { count: more }));
  return {
    head: [{ bold: plain(group[0]?.listName ?? '', 60) }, `: ${say('digest.group', { count })}`],
    details: [[where.join(', ')], [say('digest.group-since', { since: time(earliest) })]],
  };
}

/** The /24 or /64 that an address lies in; a domain is its own. */
function networkOf(target: string): string {
  const { kind, value } = pointOf(target);
  if (kind === 'domain' || value === null) return target;
  const bits = kind === 'ipv4' ? 8n : 64n;
  return `${addressText(kind, (value >> bits) << bits)}/${kind === 'ipv4' ? 24 : 64}`;
}
