import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import { listedAt, type Then } from '../listing/at.ts';
import { changeHistory, type HistoryFilter, listingHistory } from '../listing/history.ts';
import { renderChanges, renderListings, renderThen } from '../output/history.ts';
import { changesCsv, listingsCsv, thenCsv } from '../output/history-csv.ts';
import { changesMarkdown, listingsMarkdown, thenMarkdown } from '../output/history-markdown.ts';
import { quoted } from '../quoted.ts';
import { expand, parseTarget, type TargetRange } from '../target.ts';
import { withDatabase } from './database.ts';
import { parseMoment } from './moment.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import { withOutcomes, withRequests } from './requests.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

export type HistoryOptions = CommonOptions & {
  list?: string[];
  since?: string;
  until?: string;
  at?: string;
  open?: boolean;
  changes?: boolean;
  evidence?: boolean;
  findings?: boolean;
};

const FORMATS = ['table', 'json', 'ndjson', 'csv', 'markdown'] as const;
type Format = (typeof FORMATS)[number];

/** Listings, changes, what was known at a moment, or what audits found. */
export async function history(word: string | undefined, options: HistoryOptions, world: World): Promise<void> {
  const format = formatOf(options.format, FORMATS);
  const settings = await settingsOf(options, world);
  const range = word === undefined ? undefined : parseTarget(word, { allowSpecial: true });
  checkOptions(options);
  const filter = filterOf(range, options, settings, world.now());
  if (options.findings === true) {
    const { showFindings } = await import('./history-findings.ts');
    return await showFindings({ ...filter, changes: options.changes === true }, options.format, settings, world);
  }
  await withDatabase(settings.database, async (db) => {
    const shown = { settings, format, world };
    if (options.at !== undefined) {
      const at = parseMoment(options.at, '--at', world.now());
      if (at > world.now()) throw new UserError(`--at "${options.at}": expected a time that is over`);
      await showMoment(db, at, range, filter, shown);
    } else if (options.changes === true) await showChanges(db, filter, options.evidence === true, shown);
    else await showListings(db, filter, shown);
  });
}

/** What does not go together would be passed over in silence. */
function checkOptions(options: HistoryOptions): void {
  if (options.evidence === true && options.changes !== true)
    throw new UserError('--evidence belongs to changes: expected --changes --evidence');
  const foreign = (['list', 'at', 'evidence'] as const).filter((name) => options[name] !== undefined);
  if (options.findings === true && foreign.length > 0)
    throw new UserError(`--findings is about audits: expected it without --${foreign.join(', --')}`);
  const others = (['since', 'until', 'open', 'changes'] as const).filter((name) => options[name] !== undefined);
  if (options.at !== undefined && others.length > 0)
    throw new UserError(`--at is one moment: expected it without --${others.join(', --')}`);
}

function filterOf(
  range: TargetRange | undefined,
  options: HistoryOptions,
  settings: Settings,
  now: Date,
): HistoryFilter {
  const { list, open } = options;
  const since = options.since === undefined ? undefined : parseMoment(options.since, '--since', now);
  const until = options.until === undefined ? undefined : parseMoment(options.until, '--until', now);
  if (since !== undefined && until !== undefined && since > until)
    throw new UserError(`--since "${options.since}" --until "${options.until}": expected the earlier time first`);
  return {
    ...(range === undefined ? {} : { targets: [range] }),
    // A list that the catalogue no longer knows may still have a history.
    ...(list === undefined ? {} : { lists: list.map((id) => settings.catalogue.find(id)?.id ?? id) }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(open === true ? { open } : {}),
  };
}

type Shown = { settings: Settings; format: Format; world: World };

async function showListings(db: Database, filter: HistoryFilter, { settings, format, world }: Shown): Promise<void> {
  const { lists } = settings.catalogue;
  const listings = withOutcomes(await listingHistory(db, filter), lists, world.now());
  show(
    world,
    format,
    written(format, listings, {
      csv: () => listingsCsv(listings),
      markdown: () => listingsMarkdown(listings, lists),
      table: () => (listings.length === 0 ? '' : renderListings(listings, lists, settings.paint)),
    }),
  );
  if (listings.length === 0) world.err(nothing('listings', filter, settings));
}

async function showChanges(
  db: Database,
  filter: HistoryFilter,
  evidence: boolean,
  { settings, format, world }: Shown,
): Promise<void> {
  const { lists } = settings.catalogue;
  const json = format === 'json' || format === 'ndjson';
  const changes = await withRequests(db, await changeHistory(db, { ...filter, evidence: evidence || json }));
  show(
    world,
    format,
    written(format, changes, {
      csv: () => changesCsv(changes, evidence),
      markdown: () => changesMarkdown(changes, lists),
      table: () => renderChanges(changes, lists, settings.paint),
    }),
  );
  if (changes.length === 0) world.err(nothing('changes', filter, settings));
}

async function showMoment(
  db: Database,
  at: Date,
  range: TargetRange | undefined,
  filter: HistoryFilter,
  shown: Shown,
): Promise<void> {
  // Of all targets only what was listed: the rest would be every pair of target and list.
  if (range === undefined) return await showListings(db, { ...filter, since: at, until: at }, shown);
  const { settings, format, world } = shown;
  const { lists } = settings.catalogue;
  const answers: Then[] = [];
  for (const target of expand(range)) answers.push(...(await listedAt(db, target, at, filter.lists)));
  show(
    world,
    format,
    written(format, answers, {
      csv: () => thenCsv(answers),
      markdown: () => thenMarkdown(answers, lists),
      table: () => (answers.length === 0 ? '' : renderThen(answers, lists, settings.paint)),
    }),
  );
  if (answers.length === 0) world.err(`No list was ever asked in ${withoutPassword(settings.database)}.\n`);
}

/** Nothing found is no proof that nothing is there, where only a part was looked at. */
function nothing(what: string, filter: HistoryFilter, { database, catalogue }: Settings): string {
  const { targets, lists, since, until, open } = filter;
  const partly = [targets, lists, since, until, open].some((part) => part !== undefined);
  const strange = (lists ?? []).filter((id) => catalogue.find(id) === undefined);
  const unknown = strange.length === 0 ? '' : ` The catalogue has no list ${strange.map(quoted).join(' or ')}.`;
  return `No ${what} ${partly ? 'that fit are ' : ''}recorded in ${withoutPassword(database)}.${unknown}\n`;
}

function show(world: World, format: Format, text: string): void {
  if (format === 'table') say(world, text);
  else world.out(text);
}

function written(
  format: Format,
  rows: readonly object[],
  otherwise: Record<'csv' | 'markdown' | 'table', () => string>,
): string {
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  if (format === 'ndjson') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return otherwise[format]();
}
