import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ListDefinition } from './list.ts';

/** One file per operator or group, each in the schema of the catalogue file; a test checks them against it. */
const FOLDER = join(import.meta.dirname, 'data');
const SUFFIX = '.json';

let definitions: ListDefinition[] | undefined;

/** The built-in lists as written. Not checked here: that would cost each start the loading of the schema. */
export function builtinDefinitions(): ListDefinition[] {
  definitions ??= readFolder();
  return definitions;
}

function readFolder(): ListDefinition[] {
  const names = readdirSync(FOLDER).map((file) => basename(file, SUFFIX));
  return names.sort().flatMap((name) => {
    const file = JSON.parse(readFileSync(join(FOLDER, name + SUFFIX), 'utf8')) as { lists: ListDefinition[] };
    return file.lists;
  });
}
