#!/usr/bin/env node
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
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
  module.enableCompileCache(codeFolder());
  const file = path.join(import.meta.dirname, 'start.js');
  // V8 itself refuses what another version of it has made, but takes any source of the same length for the same.
  const kept = path.join(codeFolder(), `start-${START_DIGEST}-${process.version}-${process.arch}`);
  const source = `(function (module, require, load, __dirname, __filename) {${readFileSync(file, 'latin1')}\n})`;
  const script = new vm.Script(source, {
    filename: file,
    cachedData: codeIn(kept),
  });
  // In a script of node:vm `import()` is experimental, and says so: tools/build.ts has put `load()` there.
  const load = (chunk: string): Promise<unknown> => import(chunk);
  const loaded = { exports: {} as Start };
  script.runInThisContext()(loaded, createRequire(file), load, path.dirname(file), file);
  void loaded.exports.start(() => {
    if (script.cachedDataRejected !== false) keep(kept, script.createCachedData());
  });
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
    mkdirSync(path.dirname(file), { recursive: true });
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
