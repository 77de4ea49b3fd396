import { FAILED } from '../exit.ts';
import { check } from './check.ts';
import { endOf } from './end.ts';
import { readCheck } from './plain-check.ts';
import { processWorld } from './world.ts';

/** Runs the command that the process was given; `onChecked` is called after a plain check that did not fail. */
export async function start(onChecked?: () => void): Promise<void> {
  const args = process.argv.slice(2);
  const { world, isWritten } = processWorld();
  const plain = readCheck(args);
  if (plain === null) {
    const { run } = await import('./program.ts');
    process.exitCode = await run(args, world);
    return;
  }
  const status = await endOf(check(plain.targets, plain.options, world), world);
  if (status !== FAILED) onChecked?.();
  process.exitCode = status;
  // To take Node apart piece by piece would take as long as ten lists.
  if (isWritten()) process.exit();
}
