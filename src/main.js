#!/usr/bin/env node
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { nodeServes } from './node-version.js';

/**
 * The program in a checkout; that of the package is packed.ts. This is JavaScript, for Node would load its stripper of
 * types for a single file that is not kept, which takes longer than a whole check. What is imported from here on is
 * stripped and compiled once, then kept.
 */
if (nodeServes()) {
  if (process.argv[2] === 'check') setFlagsFromString('--no-parallel-scavenge'); // as in packed.ts
  module.enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/dnsblwatch`);
  const { start } = await import('./cli/start.ts');
  await start();
}
