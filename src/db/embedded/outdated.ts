import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pinnedMajor } from './binaries.ts';
import { dataOf, majorOf } from './folder.ts';
import { runningServer, stopServer } from './postmaster.ts';

/**
 * Data of an older PostgreSQL is copied, by a server of its own version, into new data of ours. Until the copy is whole
 * nothing of the old is touched, and the old is kept under another name.
 */

/** Whether the data is of an older PostgreSQL than the one we bring; not asked of a folder in use. */
export function isOutdated(folder: string): boolean {
  const ours = pinnedMajor();
  return (
    ours !== null && existsSync(dataOf(folder)) && runningServer(folder) === null && majorOf(dataOf(folder)) < ours
  );
}

/** The database folder inside the folder into which the data is copied. */
export function partOf(folder: string): string {
  return path.join(folder, 'new.carried');
}

/** Whole new data on its way to its place. */
function carriedIn(folder: string): string {
  return path.join(folder, 'carried');
}

/** Puts the finished copy in the place of the old data; returns where that is kept. No server runs on either. */
export function exchange(folder: string): string {
  renameSync(dataOf(partOf(folder)), carriedIn(folder));
  return finishExchange(folder);
}

function finishExchange(folder: string): string {
  const kept = freeName(path.join(folder, `postgres-${majorOf(dataOf(folder))}`));
  renameSync(dataOf(folder), kept);
  renameSync(carriedIn(folder), dataOf(folder));
  rmSync(partOf(folder), { recursive: true, force: true });
  return kept;
}

/** Under the folder's lock: what a killed command left half done is finished or taken away. */
export async function settle(folder: string): Promise<void> {
  if (existsSync(carriedIn(folder))) {
    if (existsSync(dataOf(folder))) finishExchange(folder);
    else renameSync(carriedIn(folder), dataOf(folder));
  }
  for (const name of readdirSync(folder)) {
    if (!name.startsWith('new.')) continue;
    const left = path.join(folder, name);
    if (runningServer(left) !== null) await stopServer(left);
    rmSync(left, { recursive: true, force: true });
  }
}

function freeName(wanted: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? wanted : `${wanted}.${number}`;
    if (!existsSync(name)) return name;
  }
}
