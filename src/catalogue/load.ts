import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { whyUnreadable } from '../unreadable.ts';
import { parseDocument } from '../yaml.ts';
import type { ListDefinition } from './list.ts';

export { buildCatalogue, builtinLists, type Catalogue } from './catalogue.ts';
export { selectLists } from './select.ts';

/** Reads a catalogue file, YAML or JSON. The schema is loaded only where there is one. */
export async function loadCatalogueFile(path: string): Promise<ListDefinition[]> {
  const text = readText(path);
  const { readDefinitions } = await import('./file.ts');
  return readDefinitions(path, await parseDocument(text, `catalogue ${path}`));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`catalogue ${path}: ${whyUnreadable(error)}; expected a catalogue file in YAML or JSON`);
  }
}
