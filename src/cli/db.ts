import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { withoutPassword } from '../db/failure.ts';
import { exportDatabase, importDatabase } from '../db/transfer.ts';
import { UserError } from '../errors.ts';
import { withDatabase } from './database.ts';
import { type CommonOptions, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** Opening a database brings its schema up to date. */
export async function migrateDatabase(options: CommonOptions, world: World): Promise<void> {
  const { database } = await settingsOf(options, world);
  await withDatabase(database, () => {});
  world.out(`${withoutPassword(database)}: up to date.\n`);
}

/** Writes everything to a file, or to standard output without one. */
export async function exportTo(file: string | undefined, options: CommonOptions, world: World): Promise<void> {
  const { database } = await settingsOf(options, world);
  await withDatabase(database, async (db) => {
    if (file === undefined || file === '-') return void (await exportDatabase(db, process.stdout));
    // A second export must not destroy the first.
    const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    await opened(stream, file);
    const rows = await exportDatabase(db, stream);
    stream.end();
    await once(stream, 'finish');
    world.err(`${rows} rows written to ${file}.\n`);
  });
}

/** Reads an export into an empty database. */
export async function importFrom(file: string, options: CommonOptions, world: World): Promise<void> {
  const { database } = await settingsOf(options, world);
  const stream = file === '-' ? process.stdin : createReadStream(file);
  if (stream !== process.stdin) await opened(stream, file);
  await withDatabase(database, async (db) => {
    const rows = await importDatabase(db, stream);
    world.out(`${rows} rows read into ${withoutPassword(database)}.\n`);
  });
}

async function opened(stream: NodeJS.EventEmitter, file: string): Promise<void> {
  try {
    await once(stream, 'open');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UserError(`${file}: is there already and is left as it is`);
    throw new UserError(`${file}: ${code === 'ENOENT' ? 'no such file or folder' : `cannot be opened (${code})`}`);
  }
}
