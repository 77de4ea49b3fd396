import { basename, join } from 'node:path';
import { keep, readKept } from '../kept-file.ts';
import type { ListDefinition } from './list.ts';

/** Catalogue files that were found in order, by their text: for the same text neither schema nor YAML is loaded again. */
export type Accepted = {
  /** What was read of it; null: not this text, or not yet. */
  find(file: string, text: string): ListDefinition[] | null;
  add(file: string, text: string, lists: ListDefinition[]): void;
};

type Kept = { program: string; text: string; lists: ListDefinition[] };

/** Of a file's name, as file systems have limits. */
const NAME = 100;

/** Kept in a folder. `program` tells one version of us from others, which may find fault with what this one took. */
export function acceptedIn(folder: string, program: string): Accepted {
  // Of two catalogue files with the same name and length, each is read anew after the other.
  const placeOf = (file: string, text: string): string => join(folder, `${text.length}-${basename(file).slice(-NAME)}`);
  return {
    find(file, text) {
      const kept = parsed(readKept(placeOf(file, text)));
      return kept !== null && kept.program === program && kept.text === text ? kept.lists : null;
    },
    add(file, text, lists) {
      const kept: Kept = { program, text, lists };
      keep(placeOf(file, text), JSON.stringify(kept));
    },
  };
}

function parsed(bytes: Buffer | null): Kept | null {
  try {
    return bytes === null ? null : (JSON.parse(bytes.toString('utf8')) as Kept);
  } catch {
    return null; // somebody's hand or a broken disk; it is written anew
  }
}
