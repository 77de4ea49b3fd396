#!/usr/bin/env node
import module from 'node:module';
import path from 'node:path';
import { environment, placesOf } from './places.ts';

/** As package.json has it under `engines`, which npm only warns of. */
const LEAST = [22, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  // Nothing newer is loaded before: an old Node would stumble over it.
  process.stderr.write(`dnsblwatch: needs Node >= ${LEAST.join('.')}, this is ${process.versions.node}\n`);
  process.exitCode = 3;
} else {
  // Types are stripped and code is compiled once, then kept: half of the start of a check.
  module.enableCompileCache(path.join(placesOf(environment()).cache, 'code'));
  void import('./cli/start.ts');
}
