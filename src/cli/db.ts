import { once } from 'node:events';
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { exportDatabase } from '../db/export.ts';
import { withoutPassword } from '../db/failure.ts';
import { importDatabase } from '../db/import.ts';
import { UserError } from '../errors.ts';
import { withDatabase } from './database.ts';
import { type CommonOptions, settingsOf } from './options.ts';
import { streamOf } from './output.ts';
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
    if (file === undefined || file === '-') return void (await exportDatabase(db, streamOf(1)));
    // A second export must not destroy the first.
    const stream = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    await orFileError(file, once(stream, 'open'));
    try {
      const rows = await exportDatabase(db, stream);
      stream.end();
      await finished(stream);
      world.err(`${rows} rows written to ${file}.\n`);
    } catch (error) {
      rmSync(file, { force: true });
      throw fileError(file, error) ?? error;
    }
  });
}

/** Reads an export into an empty database. */
export async function importFrom(file: string, options: CommonOptions, world: World): Promise<void> {
  const { database } = await settingsOf(options, world);
  const stream = file === '-' ? process.stdin : createReadStream(file);
  if (stream !== process.stdin) await orFileError(file, once(stream, 'open'));
  await withDatabase(database, async (db) => {
    const rows = await orFileError(file, importDatabase(db, stream));
    world.out(`${rows} rows read into ${withoutPassword(database)}.\n`);
  });
}

async function orFileError<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fileError(file, error) ?? error;
  }
}

const fileMeanings: Record<string, string> = {
  EEXIST: 'is there already and is left as it is',
  ENOENT: 'no such file or folder',
  EISDIR: 'is a folder; expected a file',
  EIO: 'the disk cannot be read or written',
  ENOSPC: 'the disk is full: make room, or give a file on another one',
  EDQUOT: 'the disk quota is used up: make room, or give a file on another disk',
};

/** A failure of the file itself, as a message; null: something else failed, such as the connection to the server. */
function fileError(file: string, error: unknown): UserError | null {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const meaning = fileMeanings[code];
  if (syscall === 'open') return new UserError(`${file}: ${meaning ?? `cannot be opened (${code})`}`);
  const ofFile = meaning !== undefined && (syscall === 'read' || syscall === 'write');
  return ofFile ? new UserError(`${file}: ${meaning}`) : null;
}
