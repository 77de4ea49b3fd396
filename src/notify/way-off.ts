import type { List } from '../catalogue/list.ts';
import { type Advice, adviceFor, type OpenListing, type Step } from '../delisting/advice.ts';
import type { RequestRecord } from '../listing/removals.ts';
import { expand, parseTarget } from '../target.ts';
import type { Say } from '../text/say.ts';
import type { Piece } from './doc.ts';
import type { ListingFacts } from './notice.ts';

/** What messages know of a listing beside its facts. */
export type Known = {
  listOf(id: string): List | undefined;
  /** Open listings of the target, this one too. */
  openOf(target: string): readonly OpenListing[];
  /** When a listing that stays was last seen there. */
  lastSeen: ReadonlyMap<number, string>;
};

/** The way off the list, in the reader's language; null: the catalogue does not know the list. */
export function wayOff(
  listing: ListingFacts,
  { listOf, openOf }: Pick<Known, 'listOf' | 'openOf'>,
  now: Date,
  say: Say,
): Advice | null {
  const list = listOf(listing.list);
  const [target] = expand(parseTarget(listing.target, { allowSpecial: true }));
  if (list === undefined || target === undefined) return null;
  return adviceFor(list, target, listing.codes, openOf(listing.target), now, say);
}

/** What somebody has to know to act, in a few lines; `delist` says everything. */
export function stepLines(step: Step, say: Say): Piece[][] {
  if (step.sameAs !== null) return [[say('alert.same', { list: step.sameAs })]];
  const first = step.blockedBy.map(({ list, label }): Piece[] => [say('alert.first', { label, list })]);
  return [
    [say('alert.who', { who: step.who })],
    ...first,
    ...step.requires.map((what): Piece[] => [say('alert.needs', { what })]),
    ...(step.page === null ? [] : [[say('alert.page'), { link: step.page }]]),
    [say('alert.takes', { time: step.time })],
  ];
}

/** Open listings by target, with what was asked of their lists. */
export function openByTarget(
  lists: ReadonlyMap<string, List>,
  open: readonly ListingFacts[],
  requests: readonly RequestRecord[],
): (target: string) => OpenListing[] {
  const asked = Map.groupBy(requests, ({ target, list }) => `${target} ${list}`);
  const byTarget = Map.groupBy(open, ({ target }) => target);
  return (target) =>
    (byTarget.get(target) ?? []).flatMap((one): OpenListing[] => {
      const list = lists.get(one.list);
      if (list === undefined) return [];
      const removals = (asked.get(`${target} ${one.list}`) ?? []).map(({ label, requestedAt, note }) => ({
        ...{ label, requestedAt: new Date(requestedAt), withdrawnAt: null, note },
      }));
      const cleanBefore = one.cleanBefore === null ? null : new Date(one.cleanBefore);
      return [{ list, codes: one.codes, since: new Date(one.since), cleanBefore, reason: one.reason, removals }];
    });
}
