import { readFileSync } from 'node:fs';
import { run } from '../src/cli/program.ts';
import { processWorld } from '../src/cli/world.ts';

/** Milliseconds for which the clock's file is not read again. */
const FRESH = 50;

/** The program as it is, but for its clock: ahead of the machine's by as many milliseconds as the file SOAK_CLOCK says. */
const file = process.env.SOAK_CLOCK ?? '';
const { world } = processWorld();
let ahead = 0;
let readAt = Number.NEGATIVE_INFINITY;

function now(): Date {
  if (performance.now() - readAt > FRESH) {
    ahead = Number(readFileSync(file, 'utf8'));
    readAt = performance.now();
  }
  return new Date(Date.now() + ahead);
}

process.exitCode = await run(process.argv.slice(2), { ...world, now });
