import type { List } from '../catalogue/list.ts';
import { buildCatalogue, type Catalogue, loadCatalogueFile } from '../catalogue/load.ts';
import { selectLists } from '../catalogue/select.ts';
import { type Config, loadConfig, parseResolver } from '../config.ts';
import type { Server } from '../dns/answer.ts';
import { systemServers } from '../dns/resolvers.ts';
import { located, UserError } from '../errors.ts';
import { type Paint, paintFor } from '../output/colour.ts';
import type { ResolverSetting } from '../scan/path.ts';
import type { World } from './world.ts';

/** Options that every command has. */
export type CommonOptions = {
  config?: string;
  database?: string;
  catalogue?: string[];
  lists?: string;
  resolver?: string;
  timeout?: string;
  format?: string;
  quiet?: boolean;
  /** commander makes `--no-color` of this. */
  color?: boolean;
};

export type Settings = {
  config: Config;
  database: string;
  catalogue: Catalogue;
  resolver: ResolverSetting;
  timeout: number;
  paint: Paint;
  quiet: boolean;
};

/** Options go before the environment, the environment before the file. */
export async function settingsOf(options: CommonOptions, world: World): Promise<Settings> {
  const config = await loadConfig({ file: options.config, env: world.env });
  const files = [...config.catalogue, ...(options.catalogue ?? [])];
  const extra = [];
  for (const file of files) extra.push(...(await loadCatalogueFile(file, world.accepted)));
  return {
    config,
    database: options.database ?? config.database,
    catalogue: buildCatalogue(extra, config.keys, (name) => config.placeOf(`keys.${name}`)),
    resolver: options.resolver === undefined ? config.resolver : parseResolver(options.resolver),
    timeout: options.timeout === undefined ? config.timeout : millisecondsOf('--timeout', options.timeout),
    paint: paintOf(options, world),
    quiet: options.quiet === true,
  };
}

function paintOf(options: CommonOptions, world: World): Paint {
  return paintFor({
    terminal: world.outIsTerminal,
    noColor: options.color === false || Boolean(world.env.NO_COLOR),
  });
}

export function millisecondsOf(option: string, text: string): number {
  const milliseconds = Number(text);
  if (!/^\d+$/.test(text) || milliseconds < 1 || milliseconds > 600_000)
    throw new UserError(`${option} "${text}": expected milliseconds from 1 to 600000`);
  return milliseconds;
}

/** The lists to ask: those of `--lists`, else of the configuration. */
export function listsToAsk({ catalogue, config }: Settings, spec: string | undefined): List[] {
  if (spec !== undefined) return selectLists(catalogue, spec);
  return located(config.placeOf('lists'), () => selectLists(catalogue, config.lists));
}

export function formatOf<Format extends string>(given: string | undefined, known: readonly Format[]): Format {
  const [first] = known;
  const format = given === undefined ? first : known.find((one) => one === given);
  if (format === undefined) throw new UserError(`--format "${given}": expected ${known.join(', ')}`);
  return format;
}

/** The recursive resolvers to ask: the one given, else the machine's. */
export function resolversOf({ resolver }: Settings): [Server, ...Server[]] {
  const [first, ...others] = typeof resolver === 'string' ? systemServers() : [resolver.host];
  if (first === undefined) throw new UserError('no resolver: expected a nameserver in /etc/resolv.conf, or --resolver');
  return [first, ...others];
}
