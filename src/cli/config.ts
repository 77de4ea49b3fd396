import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { builtinDefinitions } from '../catalogue/builtin.ts';
import { readDefinitions } from '../catalogue/file.ts';
import { withoutPassword } from '../db/failure.ts';
import { located, UserError } from '../errors.ts';
import { count } from '../output/table.ts';
import { placesOf } from '../places.ts';
import { countOf } from '../target.ts';
import { configTargets } from './configured.ts';
import { type CommonOptions, listsToAsk, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** Reads everything a command would read, and the built-in catalogue as strictly; what is wrong is thrown. */
export async function checkConfig(options: CommonOptions, world: World): Promise<void> {
  readDefinitions('built-in', { lists: builtinDefinitions() });
  const settings = await settingsOf(options, world);
  const { config, catalogue } = settings;
  const lists = listsToAsk(settings, options.lists);
  const targets = configTargets(settings);
  checkLimits(settings);
  const { channels } = await config.notify();
  const { schedules } = await config.serve();
  for (const { name, lists } of schedules)
    if (lists !== null) located(`configuration ${config.file}: schedules.${name}`, () => listsToAsk(settings, lists));
  world.out(
    [
      `configuration: ${config.file ?? `none (looked for ${config.places.config})`}`,
      `database: ${withoutPassword(settings.database)}`,
      `catalogue: ${count(catalogue.lists.length, 'list')}, ${lists.length} to be asked`,
      ...(targets === null ? [] : [`targets: ${targets.reduce((sum, { range }) => sum + countOf(range), 0n)}`]),
      `channels: ${channels.map(({ id, type }) => `${id} (${type})`).join(', ') || 'none'}`,
      `keys: ${Object.keys(config.keys).sort().join(', ') || 'none'}`,
      'All in order.',
      '',
    ].join('\n'),
  );
}

/** A limit under a name that nothing has would look as if it worked. */
function checkLimits({ config, catalogue }: Settings): void {
  if (config.limits === 'none') return;
  const known = new Set(catalogue.lists.flatMap(({ id, operator }) => [id, operator]));
  const unknown = Object.keys(config.limits).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const texts = unknown.map(
    (name) =>
      `${config.placeOf(`limits.${name}`)}: no list or operator of this name; expected one that \`dnsblwatch lists --format csv\` shows`,
  );
  throw new UserError(texts.join('\n'));
}

/** Prints the JSON schema of a file that we read or of what we write. */
export async function printSchema(what: string, world: World): Promise<void> {
  const { jsonSchemaOf, SCHEMA_NAMES } = await import('../config/json-schema.ts');
  const known = SCHEMA_NAMES.find((name) => name === what);
  if (known === undefined) throw new UserError(`config schema "${what}": expected ${SCHEMA_NAMES.join(', ')}`);
  world.out(`${JSON.stringify(jsonSchemaOf(known), null, 2)}\n`);
}

const BEGINNING = `# dnsblwatch configuration. Every key and its default: dnsblwatch config schema

# database: postgres://dnsblwatch@db.example.org/dnsblwatch   # default: a private PostgreSQL in the data folder
# lists: default                 # ids and tags, comma-separated; default; all
# resolver: auto                 # auto, direct, system or an address such as 192.0.2.53
# timeout: 5s
# keys:                          # account keys; secret. Or in the environment: DNSBLWATCH_KEY_SPAMHAUS_DQS=…
#   spamhaus-dqs: your-key
# targets:                       # tracked beside those added by command; taken out here, they are tracked no longer
#   - 192.0.2.25
#   - { target: 198.51.100.0/28, label: outbound, tags: [customer-a] }
#   - file: targets.csv
# confirm:
#   listed: 1                    # verdicts that make a listing
#   delisted: 2                  # proven cleans that end one
#   spacing: 5m
# limits:                        # by operator or list; goes before what the catalogue says
#   example: { perSecond: 5, perDay: 80000 }
# retention: { coverage: 30d, evidence: 365d }   # in full for so long; listings and changes always
# catalogue: my-lists.yaml
# schedules:                     # of serve; these four are there without being named, off leaves one out
#   scan: "17 */6 * * *"         # or { cron, timeZone, tags, lists, quiet, jitter }
#   follow-up: "47 * * * *"      # what is listed, on the lists that say so
#   audit: "43 4 * * *"          # domains, and addresses tracked one by one; { cron, connect: false } asks DNS alone
#   digest: "0 7 * * *"
# channels:                      # who is told; secrets also as DNSBLWATCH_CHANNEL_<NAME>_<KEY> in the environment
#   ops: { type: email, to: ops@example.org, server: "smtp://mail.example.org:587" }
# routes:                        # default: every channel gets everything
#   - { to: ops, tags: [mail], impact: medium, severity: low }
# alerts: { window: 5m, blind: 24h, reminders: [1d, 3d, 7d] }
# serve: { listen: "127.0.0.1:9153" }   # metrics and health; off: none
# source: default                # name of the address that lists see us at
`;

/** Writes a configuration to begin with; never over one that is there. */
export function initConfig(file: string | undefined, world: World): void {
  const where = path.resolve(file ?? placesOf(world.env).config);
  if (existsSync(where)) throw new UserError(`config init: ${where} is there already and is left as it is`);
  try {
    mkdirSync(path.dirname(where), { recursive: true });
    // It may come to hold account keys.
    writeFileSync(where, BEGINNING, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new UserError(`config init: ${where} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  world.out(`${where}\n`);
}
