import type { ListDefinition } from './list.ts';

/** Lists by id, in the order of the catalogue; each is read when it is asked for. */
export type Definitions = { ids: readonly string[]; read(id: string): ListDefinition | undefined };

/** By id: from which byte to which, counted from the end of the first line. */
type Places = Record<string, [from: number, to: number]>;

/** Many definitions as a file of which few are read: where each lies in the first line, then one a line. */
export function writeLines(definitions: readonly ListDefinition[]): string {
  const places: Places = {};
  let lines = '';
  for (const definition of definitions) {
    const from = Buffer.byteLength(lines);
    lines += `${JSON.stringify(definition)}\n`;
    places[definition.id] = [from, Buffer.byteLength(lines)];
  }
  return `${JSON.stringify(places)}\n${lines}`;
}

export function readLines(file: Buffer): Definitions {
  const start = file.indexOf('\n') + 1;
  const places = JSON.parse(file.toString('utf8', 0, start)) as Places;
  return {
    ids: Object.keys(places),
    read(id) {
      if (!Object.hasOwn(places, id)) return undefined;
      const [from, to] = places[id] ?? [0, 0];
      return JSON.parse(file.toString('utf8', start + from, start + to)) as ListDefinition;
    },
  };
}
