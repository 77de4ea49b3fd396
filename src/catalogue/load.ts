import { readFileSync } from 'node:fs';
import { UserError } from '../errors.ts';
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
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EACCES'
          ? 'no permission to read it'
          : code === 'EISDIR'
            ? 'it is a folder'
            : code;
    throw new UserError(`catalogue ${path}: ${why}; expected a catalogue file in YAML or JSON`);
  }
}
