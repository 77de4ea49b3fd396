import { FAILED } from '../exit.ts';
import { check } from './check.ts';
import { endOf } from './end.ts';
import { readCheck } from './plain-check.ts';
import { processWorld } from './world.ts';

/** The package: which one it is, and what it does after a plain check that did not fail. */
type Packed = { program: string; onChecked(): void };

/** Runs the command that the process was given. */
export async function start(packed?: Packed): Promise<void> {
  const args = process.argv.slice(2);
  const { world, isWritten } = processWorld(packed?.program);
  const plain = readCheck(args);
  if (plain === null) {
    const { run } = await import('./program.ts');
    process.exitCode = await run(args, world);
    return;
  }
  const status = await endOf(check(plain.targets, plain.options, world), world);
  if (status !== FAILED) packed?.onChecked();
  process.exitCode = status;
  // To take Node apart piece by piece would take as long as ten lists.
  if (isWritten()) process.exit();
}
