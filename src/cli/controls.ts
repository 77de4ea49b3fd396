import type { List } from '../catalogue/list.ts';
import { systemServers } from '../dns/resolvers.ts';
import { openTransport } from '../dns/transport.ts';
import { isGood, type PathTest, testPaths } from '../doctor/paths.ts';
import { type ExitStatus, FAILED } from '../exit.ts';
import { columns } from '../output/columns.ts';
import { createPacing } from '../scan/pacing.ts';
import { stateLedger } from './ledger.ts';
import { type CommonOptions, formatOf, listsToAsk, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** Asks the controls of each list by each of its paths. */
export async function testControls(options: CommonOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, ['table', 'json']);
  const settings = await settingsOf(options, world);
  const lists = listsToAsk(settings, options.lists);
  const tests = await askControls(settings, lists, world);
  const works = (list: List): boolean => tests.some((test) => test.list === list.id && isGood(test.health));
  const failing = lists.filter((list) => list.retired === null && !works(list));
  if (format === 'json') world.out(`${JSON.stringify({ version: 1, tests }, null, 2)}\n`);
  else {
    const shown = settings.quiet ? tests.filter(({ list }) => failing.some(({ id }) => id === list)) : tests;
    if (shown.length > 0) world.out(renderTests(shown, settings));
  }
  return failing.length === 0 ? 0 : FAILED;
}

/** Asks with the transport, limits and ledger that `check` has. */
async function askControls(settings: Settings, lists: List[], world: World): Promise<PathTest[]> {
  const transport = openTransport();
  const ledger = stateLedger(settings.config.places.state);
  try {
    return await testPaths(lists, {
      zoneToAsk: settings.catalogue.zoneToAsk,
      ask: transport.ask,
      resolver: settings.resolver,
      systemServers: systemServers(),
      timeout: settings.timeout,
      pacing: createPacing({ ledger, limits: settings.config.limits }),
      now: world.now,
      signal: world.signal,
    });
  } finally {
    transport.close();
    ledger.close();
  }
}

function renderTests(tests: PathTest[], { paint }: Settings): string {
  const rows = tests.map(({ list, path, health, server, controls, detail }) => [
    list,
    path,
    isGood(health) ? paint.good(health) : paint.warn(health),
    server ?? '-',
    // The opening ones; those that close a batch say the same once more.
    [...new Set(controls.map(({ role, answered }) => `${role} ${answered}`))].join(', ') || '-',
    detail ?? '',
  ]);
  return columns([['LIST', 'PATH', 'HEALTH', 'SERVER', 'CONTROLS', ''], ...rows]);
}
