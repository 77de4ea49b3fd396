import type { List } from '../catalogue/list.ts';
import { isGood, type PathTest, testPaths } from '../doctor/paths.ts';
import { controlsOf } from '../doctor/render.ts';
import { type ExitStatus, FAILED } from '../exit.ts';
import { columns } from '../output/columns.ts';
import { withAsking } from './asking.ts';
import { type CommonOptions, formatOf, listsToAsk, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** Asks the controls of each list by each of its paths. */
export async function testControls(options: CommonOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, ['table', 'json']);
  const settings = await settingsOf(options, world);
  const lists = listsToAsk(settings, options.lists);
  const tests = await withAsking(settings, world, (asking) => testPaths(lists, asking));
  const works = (list: List): boolean => tests.some((test) => test.list === list.id && isGood(test.health));
  const failing = lists.filter((list) => list.retired === null && !works(list));
  if (format === 'json') world.out(`${JSON.stringify({ version: 1, tests }, null, 2)}\n`);
  else {
    const shown = settings.quiet ? tests.filter(({ list }) => failing.some(({ id }) => id === list)) : tests;
    if (shown.length > 0) world.out(renderTests(shown, settings));
  }
  return failing.length === 0 ? 0 : FAILED;
}

function renderTests(tests: PathTest[], { paint }: Settings): string {
  const rows = tests.map((test) => [
    test.list,
    test.path,
    isGood(test.health) ? paint.good(test.health) : paint.warn(test.health),
    test.server ?? '-',
    controlsOf(test) || '-',
    test.detail ?? '',
  ]);
  return columns([['LIST', 'PATH', 'HEALTH', 'SERVER', 'CONTROLS', ''], ...rows]);
}
