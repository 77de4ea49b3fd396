#!/usr/bin/env node
import module from 'node:module';
import { nodeServes } from './node-version.ts';
import { codeFolder } from './places.ts';

/** The program in a checkout; that of the package is packed.ts. */
if (nodeServes()) {
  // Types are stripped and code is compiled once, then kept: half of the start of a check.
  module.enableCompileCache(codeFolder());
  void import('./cli/start.ts').then(({ start }) => start());
}
