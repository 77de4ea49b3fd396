import type { List } from '../catalogue/list.ts';
import type { Then } from '../listing/at.ts';
import { minute } from '../text/minute.ts';
import { renderChange } from './changes.ts';
import { NO_PAINT } from './colour.ts';
import {
  evidenceFacts,
  inOrder,
  listingCells,
  type ShownChange,
  type ShownListing,
  thenCells,
  whatWasAsked,
} from './history.ts';
import { escaped, markdownTable } from './markdown.ts';
import { nameOf } from './table.ts';

/** Intervals for a ticket or a wiki, and below them what was asked of the lists. */
export function listingsMarkdown(listings: readonly ShownListing[], lists: readonly List[]): string {
  const table = markdownTable(
    ['target', 'list', 'since', 'until', 'codes', ''],
    listings.map((one) => listingCells(one, lists, NO_PAINT)),
  );
  const removals = listings.flatMap((one) =>
    one.removals.map(
      (removal) => `- ${one.target} on ${escaped(nameOf(lists, one.list))}: ${escaped(whatWasAsked(removal))}\n`,
    ),
  );
  return removals.length === 0 ? table : `${table}\n${removals.join('')}`;
}

/** Changes in order, what each rests on below it. */
export function changesMarkdown(changes: readonly ShownChange[], lists: readonly List[]): string {
  const items = changes.map((one) => {
    const said = renderChange(one, lists, NO_PAINT).trim().replace(/ {2,}/g, ' ');
    const facts = one.evidence.flatMap((evidence) => [
      `scan ${evidence.scan}, ${evidence.at}`,
      ...evidenceFacts(evidence).map(([name, value]) => `${name} ${value}`),
    ]);
    return [`- ${minute(one.at)} ${escaped(said)}`, ...facts.map((fact) => `  - ${escaped(fact)}`), ''].join('\n');
  });
  return items.join('');
}

export function thenMarkdown(answers: readonly Then[], lists: readonly List[]): string {
  return markdownTable(
    ['target', 'list', 'answer', ''],
    inOrder(answers).map((one) => thenCells(one, lists, NO_PAINT)),
  );
}
