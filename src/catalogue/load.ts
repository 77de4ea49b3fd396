import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import type { ListDefinition } from './list.ts';

export { buildCatalogue, builtinLists, type Catalogue } from './catalogue.ts';
export { selectLists } from './select.ts';

/** Reads a catalogue file, JSON or YAML. The parser of YAML and the schema are loaded only where they are needed. */
export async function loadCatalogueFile(path: string): Promise<ListDefinition[]> {
  const text = await readText(path);
  const { readDefinitions } = await import('./file.ts');
  return readDefinitions(path, await parse(path, text));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
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

async function parse(path: string, text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/^\s*[{[]/.test(text) && path.endsWith('.json')) {
      throw new UserError(`catalogue ${path}: not JSON: ${messageOf(error)}`);
    }
  }
  const { CORE_SCHEMA, load } = await import('js-yaml');
  try {
    return load(text, { schema: CORE_SCHEMA });
  } catch (error) {
    throw new UserError(`catalogue ${path}: not YAML: ${messageOf(error).split('\n')[0]}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
