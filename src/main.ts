#!/usr/bin/env node
import module from 'node:module';
import path from 'node:path';
import { environment, placesOf } from './places.ts';

// Types are stripped and code is compiled once, then kept: half of the start of a check.
module.enableCompileCache(path.join(placesOf(environment()).cache, 'code'));

await import('./cli/start.ts');
