import type { List } from '../catalogue/list.ts';
import { selectLists } from '../catalogue/load.ts';
import { UserError } from '../errors.ts';
import type { ExitStatus } from '../exit.ts';
import { field } from '../output/csv.ts';
import { type ListedList, type ListState, renderList, renderLists } from '../output/list.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

export type ListsOptions = CommonOptions & { retired?: boolean };

/** The catalogue: an overview, or all that is known of the lists named. */
export async function showLists(wanted: string[], options: ListsOptions, world: World): Promise<void> {
  const format = formatOf(options.format, ['table', 'json', 'ndjson', 'csv']);
  const settings = await settingsOf(options, world);
  const lists = chosen(settings, wanted, options);
  const defaults = new Set(selectLists(settings.catalogue, 'default').map(({ id }) => id));
  const shown = lists.map((list): ListedList => ({ list, state: stateOf(settings, list, defaults) }));
  const rows = shown.map(({ list, state }) => ({ state, ...list }));
  if (format === 'json') return world.out(`${JSON.stringify({ version: 1, lists: rows }, null, 2)}\n`);
  if (format === 'ndjson') return world.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  if (format === 'csv') {
    const cells = rows.map((row) => [
      row.id,
      row.name,
      row.operator,
      row.zone,
      row.accepts.join(' '),
      row.polarity,
      row.impact,
      row.state,
    ]);
    const header = ['id', 'name', 'operator', 'zone', 'accepts', 'polarity', 'impact', 'state'];
    return world.out([header, ...cells].map((row) => `${row.map(field).join(',')}\r\n`).join(''));
  }
  const oneByOne = wanted.length > 0 && shown.length <= 5;
  if (oneByOne) return say(world, shown.map(renderList).join('\n'));
  say(world, renderLists(shown));
  const count = (state: ListState): number => shown.filter((one) => one.state === state).length;
  say(
    world,
    `\n${shown.length} lists: ${count('default')} asked by default, ${count('optional')} more with --lists all or by id, ${count('needs a key')} with an account key. Retired: ${settings.catalogue.lists.filter(({ retired }) => retired !== null).length} (lists --retired).\n`,
  );
}

function chosen(settings: Settings, wanted: string[], options: ListsOptions): List[] {
  const { catalogue } = settings;
  const spec = [...wanted, ...(options.lists === undefined ? [] : [options.lists])].join(',');
  if (spec !== '') {
    const ids = new Set(selectListsOrZones(settings, spec).map(({ id }) => id));
    return catalogue.lists.filter(({ id }) => ids.has(id));
  }
  return catalogue.lists.filter(({ retired }) => options.retired === true || retired === null);
}

function selectListsOrZones({ catalogue }: Settings, spec: string): List[] {
  return spec.split(',').flatMap((word) => {
    // Only looked at: one without its key may be named too.
    const list = catalogue.find(word.trim());
    return list === undefined ? selectLists(catalogue, word) : [list];
  });
}

function stateOf({ catalogue }: Settings, list: List, defaults: ReadonlySet<string>): ListState {
  if (list.retired !== null) return 'retired';
  if (!catalogue.usable(list)) return 'needs a key';
  return defaults.has(list.id) ? 'default' : 'optional';
}

/** Asks the controls of each list, and says by which path they answer. */
export async function testLists(wanted: string[], options: CommonOptions, world: World): Promise<ExitStatus> {
  if (wanted.length > 0 && options.lists !== undefined)
    throw new UserError('lists test: expected the lists either as arguments or as --lists');
  const { testControls } = await import('./controls.ts');
  return await testControls(wanted.length > 0 ? { ...options, lists: wanted.join(',') } : options, world);
}
