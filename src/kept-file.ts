import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What spares work at the next start, in the cache folder; without it all is as it is, and takes longer. */

/** null: not kept yet, or in a folder that is not ours to read. */
export function readKept(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

/** Written in one piece or not at all, whatever happens meanwhile; only its owner reads it. */
export function keep(file: string, content: Buffer | string): void {
  const unfinished = `${file}.${process.pid}`;
  const open = create(unfinished);
  if (open === null) return;
  try {
    writeFileSync(open, content);
    fsyncSync(open);
    renameSync(unfinished, file);
  } catch {
    rmSync(unfinished, { force: true });
  } finally {
    closeSync(open);
  }
}

function create(file: string): number | null {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, 'wx', 0o600);
  } catch {
    return null;
  }
}
