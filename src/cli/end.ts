import { UserError } from '../errors.ts';
import { FAILED } from '../exit.ts';
import type { World } from './world.ts';

/** What the shell knows a process by that was ended by SIGINT. */
const INTERRUPTED = 130;

/** The exit status of a command, which has said what is wrong if it failed. */
export async function endOf(command: Promise<number>, world: Pick<World, 'err' | 'signal'>): Promise<number> {
  try {
    return await command;
  } catch (error) {
    if (world.signal.aborted) return INTERRUPTED;
    world.err(`${messageOf(error)}\n`);
    return FAILED;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof UserError) return `dnsblwatch: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
