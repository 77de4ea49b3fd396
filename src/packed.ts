#!/usr/bin/env node
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { nodeServes } from './node-version.js';
import { codeFolder } from './places.ts';

type Start = typeof import('./cli/start.ts');

/** Of start.js, put in by tools/build.ts. */
declare const START_DIGEST: string;

/**
 * The program of the package. It loads start.js by itself, to keep the code of the functions that a check has called:
 * Node's compile cache knows those alone that are compiled with the file, which leaves a tenth of a check to be
 * compiled at each start.
 */
if (nodeServes()) {
  const file = join(import.meta.dirname, 'start.js');
  // V8 itself refuses what another version of it has made, but takes any source of the same length for the same.
  const kept = join(codeFolder(), `start-${START_DIGEST}-${process.version}-${process.arch}`);
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData: codeIn(kept) });
  const loaded = { exports: {} as Start };
  script.runInThisContext()(loaded, createRequire(file), load, dirname(file), file);
  void loaded.exports.start(() => {
    if (script.cachedDataRejected !== false) keep(kept, script.createCachedData());
  });
}

/** In a script of node:vm `import()` is experimental, and says so: tools/build.ts has put `load()` there. */
function load(chunk: string): Promise<unknown> {
  enableCompileCache(codeFolder()); // once more is no matter
  return import(chunk);
}

function codeIn(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // the first check, or a folder that is not ours to read
  }
}

/** In one piece or not at all, whatever happens meanwhile: V8 would trust half of it. */
function keep(file: string, code: Buffer): void {
  const unfinished = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const open = openSync(unfinished, 'wx', 0o600);
    try {
      writeFileSync(open, code);
      fsyncSync(open);
    } finally {
      closeSync(open);
    }
    renameSync(unfinished, file);
  } catch {
    rmSync(unfinished, { force: true }); // a start without it takes longer, and that is all
  }
}
