import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import type { Given } from '../listing/segments.ts';
import { addTargets, type Edited, removeTargets, replaceTargets, trackedTargets } from '../listing/tracked.ts';
import { columns } from '../output/columns.ts';
import { field } from '../output/csv.ts';
import { plain } from '../output/plain.ts';
import { countOf, formatRange } from '../target.ts';
import { checkNotes, readTargetFile } from '../targets/read-file.ts';
import { configTargets, namedInConfig, yetToFollow } from './configured.ts';
import { withDatabase } from './database.ts';
import { givenTargets } from './given.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type NoteOptions = CommonOptions & { label?: string; tag?: string[]; owner?: string; allowSpecial?: boolean };

export async function addGiven(words: string[], options: NoteOptions, world: World): Promise<void> {
  const ranges = await givenTargets(words, world, options.allowSpecial === true);
  const { label, tag, owner } = options;
  checkNotes({ label: label ?? null, tags: tag ?? [], owner: owner ?? null });
  const given = ranges.map(
    (range): Given => ({
      range,
      ...(label === undefined ? {} : { label }),
      ...(tag === undefined ? {} : { tags: tag }),
      ...(owner === undefined ? {} : { owner }),
    }),
  );
  await withTracked(options, world, async (db) => {
    const edited = await addTargets(db, given, world.now());
    world.out(said(edited));
  });
}

export async function removeGiven(words: string[], options: CommonOptions, world: World): Promise<void> {
  const ranges = await givenTargets(words, world, true);
  await withTracked(options, world, async (db, settings) => {
    const named = namedInConfig(ranges, configTargets(settings) ?? []);
    if (named !== null)
      throw new UserError(
        `${named}: named under \`targets\` in ${settings.config.file}; take it out there, and the next scan ends it`,
      );
    const edited = await removeTargets(db, ranges, world.now());
    if (edited.removed === 0n)
      throw new UserError(`none of these is tracked in ${withoutPassword(settings.database)}: ${words.join(' ')}`);
    world.out(said(edited));
  });
}

export type ImportOptions = CommonOptions & { replace?: boolean; allowSpecial?: boolean };

/** Tracks what a file names; with `--replace` that and nothing else. */
export async function importFile(file: string, options: ImportOptions, world: World): Promise<void> {
  const entries = readTargetFile(file, { allowSpecial: options.allowSpecial === true });
  await withTracked(options, world, async (db) => {
    const edited = options.replace
      ? await replaceTargets(
          db,
          entries.map(({ range, label, tags, owner }) => ({ range, label, tags, owner })),
          world.now(),
        )
      : await addTargets(
          db,
          entries.map(({ range, label, tags, owner }) => ({
            range,
            ...(label === null ? {} : { label }),
            ...(tags.length === 0 ? {} : { tags }),
            ...(owner === null ? {} : { owner }),
          })),
          world.now(),
        );
    world.out(said(edited));
  });
}

export type ListOptions = CommonOptions & { tag?: string[]; owner?: string };

export async function listTracked(options: ListOptions, world: World): Promise<void> {
  const format = formatOf(options.format, ['table', 'json', 'ndjson', 'csv']);
  await withTracked(options, world, async (db, settings) => {
    const tracked = await trackedTargets(db, {
      ...(options.tag === undefined ? {} : { tags: options.tag }),
      ...(options.owner === undefined ? {} : { owner: options.owner }),
    });
    const rows = tracked.map(({ range, label, tags, owner, origin, trackedFrom }) => ({
      target: formatRange(range),
      label,
      tags,
      owner,
      origin,
      trackedFrom: trackedFrom.toISOString(),
    }));
    if (format === 'json') return world.out(`${JSON.stringify(rows, null, 2)}\n`);
    if (format === 'ndjson') return world.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    if (format === 'csv') {
      const header = ['target', 'label', 'tags', 'owner'];
      const lines = rows.map((row) => [row.target, row.label ?? '', row.tags.join(' '), row.owner ?? '']);
      return world.out([header, ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join(''));
    }
    const given = configTargets(settings);
    const yet = given === null ? null : yetToFollow(await trackedTargets(db), given);
    if (yet !== null) world.err(`${settings.config.file} names ${yet}: the next scan follows it.\n`);
    if (rows.length === 0) return world.err(`No targets in ${withoutPassword(settings.database)}.\n`);
    const configured = rows.some(({ origin }) => origin === 'config');
    const lines = rows.map((row) => [
      row.target,
      plain(row.label ?? ''),
      plain(row.tags.join(' ')),
      plain(row.owner ?? ''),
      ...(configured ? [row.origin === 'config' ? 'configuration' : 'command'] : []),
      row.trackedFrom.slice(0, 10),
    ]);
    world.out(columns([['TARGET', 'LABEL', 'TAGS', 'OWNER', ...(configured ? ['NAMED BY'] : []), 'SINCE'], ...lines]));
    world.out(`\n${targets(tracked.reduce((sum, { range }) => sum + countOf(range), 0n))}.\n`);
  });
}

function said({ added, removed, opened, closed }: Edited): string {
  const parts = [
    ...(added > 0n ? [`${targets(added)} added`] : []),
    ...(removed > 0n ? [`${targets(removed)} removed`] : []),
  ];
  const notes = opened > 0 ? 'Notes changed' : 'Nothing to change';
  const closing =
    closed.length === 0 ? '' : ` ${closed.length === 1 ? '1 listing' : `${closed.length} listings`} closed with them.`;
  return `${parts.length > 0 ? parts.join(', ') : notes}.${closing}\n`;
}

function targets(count: bigint): string {
  return `${count} target${count === 1n ? '' : 's'}`;
}

async function withTracked(
  options: CommonOptions,
  world: World,
  use: (db: Database, settings: Settings) => Promise<void> | void,
): Promise<void> {
  const settings = await settingsOf(options, world);
  await withDatabase(settings.database, (db) => use(db, settings));
}
