import * as v from 'valibot';
import { UserError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { faultText, readBy } from '../schema-fault.ts';
import type { ListDefinition } from './list.ts';
import { isFlat } from './resolve.ts';
import { CONTROLS, listSchema } from './schema.ts';

const LIST = 'a list with at least id, zone and accepts';
const fileSchema = v.strictObject(
  { lists: v.array(v.record(v.string(), v.unknown(), LIST), 'an array of lists') },
  'lists: followed by the lists',
);

/**
 * The lists of a catalogue file, checked. Every fault is thrown, each on a line of its own as
 * `catalogue FILE: list "ID": PATH: got VALUE; expected WHAT`.
 */
export function readDefinitions(file: string, data: unknown): ListDefinition[] {
  const outside = readBy(fileSchema, data);
  if (outside.faults !== null)
    throw mistakes(
      file,
      outside.faults.map((fault) => faultText(fault)),
    );
  const inside = outside.value.lists.map(readList);
  const wrong = inside.flatMap(({ mistakes }) => mistakes);
  if (wrong.length > 0) throw mistakes(file, wrong);
  const definitions = inside.flatMap(({ definition }) => definition ?? []);
  const ids = definitions.map(({ id }) => id);
  const twice = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  if (twice.size > 0)
    throw mistakes(
      file,
      [...twice].map((id) => `list "${id}": id: given twice; expected each id once`),
    );
  return definitions;
}

function mistakes(file: string, texts: string[]): UserError {
  return new UserError(texts.map((text) => `catalogue ${file}: ${text}`).join('\n'));
}

function nameOf({ id }: Record<string, unknown>, index: number): string {
  return typeof id === 'string' ? quoted(id) : `${index + 1}`;
}

function readList(
  list: Record<string, unknown>,
  index: number,
): { definition: ListDefinition | null; mistakes: string[] } {
  const named = (text: string): string => `list ${nameOf(list, index)}: ${text}`;
  const read = readBy(listSchema, list);
  if (read.faults !== null) return { definition: null, mistakes: read.faults.map((fault) => named(faultText(fault))) };
  const definition = read.value as ListDefinition;
  return { definition, mistakes: controlMistakes(definition).map(named) };
}

/** What no field can be found wrong for by itself. */
function controlMistakes({ control, accepts }: ListDefinition): string[] {
  if (control === undefined || !isFlat(control)) return [];
  const [kind, ...others] = accepts;
  const kinds = accepts.join(', ');
  if (others.length > 0)
    return [`control: got ${quoted(control)}; expected controls by kind (${kinds}), for the list takes several`];
  return kind === undefined || v.is(CONTROLS[kind], control)
    ? []
    : [`control: got ${quoted(control)}; expected controls of the kinds that the list takes (${kinds})`];
}
