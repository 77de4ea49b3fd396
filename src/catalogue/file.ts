import * as v from 'valibot';
import { UserError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { faultsIn, faultText } from '../schema-fault.ts';
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
  const outside = faultsIn(fileSchema, data).map((fault) => faultText(fault));
  if (outside.length > 0) throw mistakes(file, outside);
  const { lists } = v.parse(fileSchema, data);
  const inside = lists.flatMap((list, index) => mistakesIn(list).map((text) => `list ${nameOf(list, index)}: ${text}`));
  if (inside.length > 0) throw mistakes(file, inside);
  const definitions = lists.map((list) => v.parse(listSchema, list) as ListDefinition);
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

function mistakesIn(list: Record<string, unknown>): string[] {
  const faults = faultsIn(listSchema, list);
  return faults.length > 0 ? faults.map((fault) => faultText(fault)) : controlMistakes(list as ListDefinition);
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
