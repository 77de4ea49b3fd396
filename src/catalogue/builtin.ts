import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { type Definitions, readLines } from './lines.ts';
import type { ListDefinition } from './list.ts';

/** One file per operator or group, each in the schema of the catalogue file; a test checks them against it. */
const FOLDER = join(import.meta.dirname, 'data');
/** All of them in the package, written by tools/build.ts: to read 200 lists takes a check of a few 8 ms. */
const LINES = 'lists.ndjson';

let opened: Definitions | undefined;

/** The built-in lists as written. Not checked here: that would cost each start the loading of the schema. */
export function builtin(): Definitions {
  opened ??= open();
  return opened;
}

function open(): Definitions {
  const files = readdirSync(FOLDER);
  if (files.includes(LINES)) return readLines(readFileSync(join(FOLDER, LINES)));
  const names = files.map((file) => basename(file, extname(file))).sort();
  const lists = names.flatMap((name) => {
    const file = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as { lists: ListDefinition[] };
    return file.lists;
  });
  const byId = new Map(lists.map((list) => [list.id, list]));
  return { ids: [...byId.keys()], read: (id) => byId.get(id) };
}

export function builtinDefinitions(): ListDefinition[] {
  const { ids, read } = builtin();
  return ids.flatMap((id) => read(id) ?? []);
}
