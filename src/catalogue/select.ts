import { UserError } from '../errors.ts';
import { type Catalogue, keyMissing } from './catalogue.ts';
import type { List } from './list.ts';

const AT_LEAST_MEDIUM = new Set(['medium', 'high']);

/**
 * The lists of a comma-separated selection of `default`, `all`, ids (former ids and zones too) and tags, each once, in
 * the catalogue's order. A retired list is given only to who names it, so that he is told.
 */
export function selectLists(catalogue: Catalogue, spec: string): List[] {
  const chosen = new Set<string>();
  const words = spec
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  if (words.length === 0) throw new UserError(`lists "${spec}": names none; expected default, all, ids or tags`);
  for (const word of words) for (const { id } of selectWord(catalogue, word)) chosen.add(id);
  return catalogue.inOrder(chosen);
}

function selectWord(catalogue: Catalogue, word: string): List[] {
  if (word === 'default') return defaultLists(catalogue);
  if (word === 'all') return catalogue.lists.filter(catalogue.usable);
  const named = catalogue.find(word);
  if (named !== undefined) {
    if (named.retired === null && !catalogue.usable(named)) throw new UserError(keyMissing(named));
    return [named];
  }
  const tagged = catalogue.lists.filter((list) => list.tags.includes(word));
  const usable = tagged.filter(catalogue.usable);
  const [first] = tagged;
  if (usable.length === 0 && first !== undefined && first.retired === null) throw new UserError(keyMissing(first));
  if (usable.length > 0) return usable;
  throw new UserError(
    `lists "${word}": no list and no tag of this name; expected default, all, an id or a tag (${nearest(catalogue, word)})`,
  );
}

/**
 * Those marked `default` and those of the user's own file; and the block lists that are free, need no registration and
 * are of at least medium impact and confidence, but for the parts of a list that is asked anyway (ZEN holds SBL).
 */
function defaultLists(catalogue: Catalogue): List[] {
  const wanted = catalogue.lists.filter((list) => catalogue.usable(list) && isDefault(catalogue, list));
  const parts = new Set(wanted.flatMap((list) => list.contains));
  return wanted.filter((list) => !parts.has(list.id) || isMarked(catalogue, list));
}

function isMarked(catalogue: Catalogue, list: List): boolean {
  return list.tags.includes('default') || catalogue.added.has(list.id);
}

function isDefault(catalogue: Catalogue, list: List): boolean {
  if (isMarked(catalogue, list)) return true;
  const open = (list.access.registration ?? 'none') === 'none' && !list.zone.includes('{key}');
  return list.polarity === 'block' && open && AT_LEAST_MEDIUM.has(list.impact) && AT_LEAST_MEDIUM.has(list.confidence);
}

/** The living ids that begin as the unknown word does. */
function nearest(catalogue: Catalogue, word: string): string {
  const similar = catalogue.lists
    .filter((list) => list.retired === null)
    .map((list) => ({ id: list.id, shared: sharedPrefix(list.id, word.toLowerCase()) }))
    .filter(({ shared }) => shared >= 3)
    .sort((a, b) => b.shared - a.shared)
    .slice(0, 5);
  return similar.length > 0 ? `similar: ${similar.map(({ id }) => id).join(', ')}` : 'see `dnsblwatch lists`';
}

function sharedPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
