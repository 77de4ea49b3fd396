import type { List } from '../catalogue/list.ts';
import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import { listedAt } from '../listing/at.ts';
import { changeHistory, type HistoryFilter, listingHistory } from '../listing/history.ts';
import { field } from '../output/csv.ts';
import { renderChanges, renderListings, renderThen } from '../output/history.ts';
import { expand, parseTarget, type TargetRange } from '../target.ts';
import { withDatabase } from './database.ts';
import { parseMoment } from './moment.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type HistoryOptions = CommonOptions & {
  list?: string[];
  since?: string;
  until?: string;
  at?: string;
  open?: boolean;
  changes?: boolean;
  evidence?: boolean;
};

const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** Listings, changes, or what was known at a moment. */
export async function history(word: string | undefined, options: HistoryOptions, world: World): Promise<void> {
  const format = formatOf(options.format, FORMATS);
  const settings = await settingsOf(options, world);
  const range = word === undefined ? undefined : parseTarget(word, { allowSpecial: true });
  if (options.evidence === true && options.changes !== true)
    throw new UserError('--evidence belongs to changes: expected --changes --evidence');
  const filter = filterOf(range, options, settings, world.now());
  await withDatabase(settings.database, async (db) => {
    const shown = { settings, format, world };
    if (options.at !== undefined) {
      const at = parseMoment(options.at, '--at', world.now());
      await showMoment(db, at, range, filter, shown);
    } else if (options.changes === true) await showChanges(db, filter, options.evidence === true, shown);
    else await showListings(db, filter, shown);
  });
}

function filterOf(
  range: TargetRange | undefined,
  options: HistoryOptions,
  settings: Settings,
  now: Date,
): HistoryFilter {
  const { list, since, until, open } = options;
  return {
    ...(range === undefined ? {} : { targets: [range] }),
    // A list that the catalogue no longer knows may still have a history.
    ...(list === undefined ? {} : { lists: list.map((id) => settings.catalogue.find(id)?.id ?? id) }),
    ...(since === undefined ? {} : { since: parseMoment(since, '--since', now) }),
    ...(until === undefined ? {} : { until: parseMoment(until, '--until', now) }),
    ...(open === true ? { open } : {}),
  };
}

type Shown = { settings: Settings; format: Format; world: World };

async function showListings(db: Database, filter: HistoryFilter, { settings, format, world }: Shown): Promise<void> {
  const listings = await listingHistory(db, filter);
  if (format !== 'table')
    return world.out(written(format, listings, (one) => one.codes.map(({ code }) => code).join(' ')));
  if (listings.length === 0) return world.err(`No listings recorded in ${withoutPassword(settings.database)}.\n`);
  world.out(renderListings(listings, namesIn(settings), settings.paint));
}

async function showChanges(
  db: Database,
  filter: HistoryFilter,
  evidence: boolean,
  { settings, format, world }: Shown,
): Promise<void> {
  const changes = await changeHistory(db, {
    ...filter,
    evidence: evidence || format === 'json' || format === 'ndjson',
  });
  if (format !== 'table') return world.out(written(format, changes, (one) => one.after.join(' ')));
  if (changes.length === 0) return world.err(`No changes recorded in ${withoutPassword(settings.database)}.\n`);
  world.out(renderChanges(changes, namesIn(settings), settings.paint));
}

async function showMoment(
  db: Database,
  at: Date,
  range: TargetRange | undefined,
  filter: HistoryFilter,
  { settings, format, world }: Shown,
): Promise<void> {
  if (range === undefined) {
    // Of all targets only what was listed: the rest would be every pair of target and list.
    return await showListings(db, { ...filter, since: at, until: at }, { settings, format, world });
  }
  const answers = [];
  for (const target of expand(range)) answers.push(...(await listedAt(db, target, at, filter.lists)));
  if (format !== 'table') return world.out(written(format, answers, ({ answer }) => answer));
  if (answers.length === 0) return world.err(`No list was ever asked in ${withoutPassword(settings.database)}.\n`);
  world.out(renderThen(answers, namesIn(settings), settings.paint));
}

function namesIn({ catalogue }: Settings): readonly List[] {
  return catalogue.lists;
}

type Row = { target: string; list: string };

function written<T extends Row>(
  format: Exclude<Format, 'table'>,
  rows: readonly T[],
  codes: (row: T) => string,
): string {
  if (format === 'json') return `${JSON.stringify(rows, null, 2)}\n`;
  if (format === 'ndjson') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const [first] = rows;
  if (first === undefined) return '';
  const flat = Object.keys(first).filter((key) => !['codes', 'evidence', 'removals', 'before', 'after'].includes(key));
  const lines = rows.map((row) => {
    const cells = row as Record<string, unknown>;
    return [...flat.map((key) => String(cells[key] ?? '')), codes(row)];
  });
  return [[...flat, 'codes'], ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join('');
}
