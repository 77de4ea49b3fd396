#!/usr/bin/env node
import module from 'node:module';
import path from 'node:path';
import { environment, placesOf } from './config.ts';

// Types are stripped and code is compiled once, then kept: half of the start of a check.
module.enableCompileCache(path.join(placesOf(environment()).cache, 'code'));

const { run } = await import('./cli/program.ts');
const { processWorld } = await import('./cli/world.ts');
process.exitCode = await run(process.argv.slice(2), processWorld());
