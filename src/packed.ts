#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { createRequire, enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { keep, readKept } from './kept-file.ts';
import { nodeServes } from './node-version.js';
import { codeFolder } from './places.ts';

type Start = typeof import('./cli/start.ts');

/** Of all the code, put in by tools/build.ts. */
declare const DIGEST: string;

/**
 * The program of the package. It loads start.js by itself, to keep the code of the functions that a check has called:
 * Node's compile cache knows those alone that are compiled with the file, which leaves a tenth of a check to be
 * compiled at each start.
 */
if (nodeServes()) {
  const isCheck = process.argv[2] === 'check';
  // To wake other threads for a megabyte of garbage takes longer than to collect it: a seventh of a check.
  if (isCheck) setFlagsFromString('--no-parallel-scavenge');
  const file = join(import.meta.dirname, 'start.js');
  // V8 itself refuses what another version of it has made, or other flags, but takes any source of the same length for the same.
  const kept = join(codeFolder(), `start-${DIGEST}-${process.version}-${process.arch}`);
  const cachedData = isCheck ? (readKept(kept) ?? undefined) : undefined;
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, cachedData });
  const loaded = { exports: {} as Start };
  script.runInThisContext()(loaded, createRequire(file), importChunk, dirname(file), file);
  void loaded.exports.start({
    program: DIGEST,
    onChecked() {
      if (script.cachedDataRejected !== false) keep(kept, script.createCachedData());
    },
  });
}

/** In a script of node:vm `import()` is experimental, and says so: tools/build.ts has put `importChunk()` there. */
function importChunk(chunk: string): Promise<unknown> {
  enableCompileCache(codeFolder()); // once more is no matter
  return import(chunk);
}
