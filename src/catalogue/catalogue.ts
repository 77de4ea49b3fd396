import { UserError } from '../errors.ts';
import { builtin } from './builtin.ts';
import type { List, ListDefinition } from './list.ts';
import { resolveList } from './resolve.ts';

export type Catalogue = {
  readonly lists: List[];
  /** Ids of the lists that the user's catalogue file adds to the built-in ones. */
  added: ReadonlySet<string>;
  find(idOrFormerOrZone: string): List | undefined;
  /** The lists of these ids in the order of the catalogue. */
  inOrder(ids: ReadonlySet<string>): List[];
  /** Not retired, and its key is known if it needs one. */
  usable(list: List): boolean;
  /** The zone with the account key in it: for the question only, never for output. Throws without a key. */
  zoneToAsk(list: List): string;
};

const KEY_MARK = '{key}';

/** The built-in catalogue, retired lists included. */
export function builtinLists(): List[] {
  return buildCatalogue([], {}).lists;
}

/**
 * The built-in lists, with the user's added, or laid over those of the same id (each field given replaces the built-in
 * one). `keys` are account keys by list id or by operator; `placeOfKey` says where one stands, for messages.
 */
export function buildCatalogue(
  extra: readonly ListDefinition[],
  keys: Record<string, string>,
  placeOfKey = (name: string): string => `keys.${name}`,
): Catalogue {
  const { ids, added, all, withId, named } = together(extra);
  if (Object.keys(keys).length > 0) checkKeys(all(), keys, placeOfKey);
  const keyOf = (list: List): string | undefined => keys[list.id] ?? keys[list.operator];
  return {
    get lists() {
      return all();
    },
    added,
    find(text) {
      const name = text.toLowerCase().replace(/\.$/, '');
      return withId(name) ?? named(name);
    },
    inOrder: (chosen) => ids.filter((id) => chosen.has(id)).flatMap((id) => withId(id) ?? []),
    usable: (list) => list.retired === null && (!list.zone.includes(KEY_MARK) || keyOf(list) !== undefined),
    zoneToAsk(list) {
      if (!list.zone.includes(KEY_MARK)) return list.zone;
      const key = keyOf(list);
      if (key === undefined) throw new UserError(keyMissing(list));
      return list.zone.replace(KEY_MARK, key);
    },
  };
}

/** The built-in lists and the user's; a list is read when it is asked for, and all when one is asked for by its zone. */
function together(extra: readonly ListDefinition[]): {
  ids: readonly string[];
  added: ReadonlySet<string>;
  all(): List[];
  withId(id: string): List | undefined;
  named(name: string): List | undefined;
} {
  const { ids: builtinIds, read } = builtin();
  const given = new Map<string, ListDefinition>();
  for (const definition of extra)
    given.set(definition.id, { ...(given.get(definition.id) ?? read(definition.id)), ...definition });
  const ids = [...new Set([...builtinIds, ...given.keys()])];

  const resolved = new Map<string, List>();
  const withId = (id: string): List | undefined => {
    const definition = resolved.has(id) ? undefined : (given.get(id) ?? read(id));
    if (definition !== undefined) resolved.set(id, resolveList(definition));
    return resolved.get(id);
  };
  let lists: List[] | undefined;
  const all = (): List[] => {
    lists ??= ids.flatMap((id) => withId(id) ?? []);
    return lists;
  };
  let index: Map<string, List> | undefined;
  const named = (name: string): List | undefined => {
    index ??= indexOf(all());
    return index.get(name);
  };
  return { ids, added: new Set(ids.slice(builtinIds.length)), all, withId, named };
}

/** What to say to a user who names a keyed list without having its key. */
export function keyMissing(list: List): string {
  return `list "${list.id}": ${list.zone} needs an account key; expected one under keys.${list.operator} or keys.${list.id} in the configuration`;
}

/** By id first, then by former id, then by zone: a name of the living wins over one of the dead. */
function indexOf(lists: List[]): Map<string, List> {
  const index = new Map<string, List>();
  const add = (name: string, list: List): void => {
    const known = index.get(name);
    if (known === undefined || (known.retired !== null && list.retired === null && known.id !== name))
      index.set(name, list);
  };
  for (const list of lists) add(list.id, list);
  for (const list of lists) for (const former of list.formerly) add(former.toLowerCase(), list);
  for (const list of lists) add(list.zone, list);
  return index;
}

/** A key is part of a name that is asked: one label. Neither message holds the key. */
function checkKeys(lists: List[], keys: Record<string, string>, placeOf: (name: string) => string): void {
  const keyed = lists.filter((list) => list.retired === null && list.zone.includes(KEY_MARK));
  const known = new Set(keyed.flatMap((list) => [list.id, list.operator]));
  for (const [name, key] of Object.entries(keys)) {
    if (!known.has(name)) {
      const expected = [...new Set(keyed.map((list) => list.operator))].sort().join(', ');
      throw new UserError(
        `${placeOf(name)}: no list or operator of this name takes a key; expected one of ${expected}, or a list's id`,
      );
    }
    if (!/^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(key)) {
      throw new UserError(`${placeOf(name)}: not a key; expected 1 to 63 letters, digits, hyphens or underscores`);
    }
  }
}
