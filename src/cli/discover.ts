import { resolverLookup } from '../dns/lookup.ts';
import { openTransport } from '../dns/transport.ts';
import { UserError } from '../errors.ts';
import { type ExitStatus, FAILED } from '../exit.ts';
import { addTargets } from '../listing/tracked.ts';
import { columns } from '../output/columns.ts';
import { plain } from '../output/plain.ts';
import { formatRange, parseTarget } from '../target.ts';
import { type Discovery, discover } from '../targets/discover.ts';
import { withDatabase } from './database.ts';
import { type CommonOptions, formatOf, resolversOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type DiscoverOptions = CommonOptions & { add?: boolean; tag?: string[]; owner?: string };

/** Finds what sends for a domain; with `--add` tracks it. */
export async function discoverTargets(word: string, options: DiscoverOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, ['table', 'json']);
  const settings = await settingsOf(options, world);
  const range = parseTarget(word, { allowSpecial: true });
  if (range.kind !== 'domain') throw new UserError(`targets discover "${word}": expected a domain`);
  const discovery = await askFor(range.domain, settings, world);
  const rows = discovery.found.map(({ range: found, via }) => ({ target: formatRange(found), via }));
  if (format === 'json') world.out(`${JSON.stringify({ version: 1, ...discovery, found: rows }, null, 2)}\n`);
  else world.out(rendered(discovery, rows));
  if (options.add === true && discovery.found.length > 0) await track(discovery, options, settings, world);
  return discovery.found.length === 0 && discovery.problems.length > 0 ? FAILED : 0;
}

async function askFor(domain: string, settings: Settings, world: World): Promise<Discovery> {
  const transport = openTransport();
  const options = { deadline: settings.timeout, signal: world.signal };
  try {
    return await discover(domain, resolverLookup(transport.ask, resolversOf(settings), options));
  } finally {
    transport.close();
  }
}

function rendered(
  { domain, notTaken, problems }: Discovery,
  rows: readonly { target: string; via: string[] }[],
): string {
  const parts = [
    rows.length === 0
      ? `No address found for ${domain}.\n`
      : columns(rows.map(({ target, via }) => [target, plain(via.join('; '))])),
    notTaken.length === 0
      ? ''
      : `Not taken:\n${columns(notTaken.map(({ what, why, via }) => [`  ${plain(what)}`, plain(why), plain(via)]))}`,
    problems.length === 0 ? '' : `Incomplete:\n${problems.map((problem) => `  ${plain(problem)}\n`).join('')}`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

async function track(
  { found }: Discovery,
  { tag, owner }: DiscoverOptions,
  { database }: Settings,
  world: World,
): Promise<void> {
  await withDatabase(database, async (db) => {
    const notes = { ...(tag === undefined ? {} : { tags: tag }), ...(owner === undefined ? {} : { owner }) };
    const { added } = await addTargets(
      db,
      found.map(({ range }) => ({ range, ...notes })),
      world.now(),
    );
    world.out(`\n${added} added.\n`);
  });
}
