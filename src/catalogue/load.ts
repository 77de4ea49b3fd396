import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { whyUnreadable } from '../unreadable.ts';
import { parseDocument } from '../yaml.ts';
import type { Accepted } from './accepted.ts';
import type { ListDefinition } from './list.ts';

export { buildCatalogue, builtinLists, type Catalogue } from './catalogue.ts';
export { selectLists } from './select.ts';

/** Reads a catalogue file, YAML or JSON. The schema is loaded only where there is one that is not known yet. */
export async function loadCatalogueFile(path: string, accepted?: Accepted): Promise<ListDefinition[]> {
  const text = readText(path);
  const known = accepted?.find(path, text) ?? null;
  if (known !== null) return known;
  const { readDefinitions } = await import('./file.ts');
  const lists = readDefinitions(path, await parseDocument(text, `catalogue ${path}`));
  accepted?.add(path, text, lists);
  return lists;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`catalogue ${path}: ${whyUnreadable(error)}; expected a catalogue file in YAML or JSON`);
  }
}
