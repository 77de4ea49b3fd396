import { type Command, Option } from 'commander';
import { COMMON } from '../common.ts';
import type { World } from '../world.ts';

/** Takes the exit status of a command that has one of its own. */
export type Ended = (status: number) => void;
/** Sets a command up: its options, its help, and what it calls, which is loaded only then. */
export type Add = (program: Command, world: World, ended: Ended) => void;

/** Adds the options of commands that use the database. */
export function recorded(command: Command): Command {
  return common(command).option('--database <where>', 'postgres:// address, or the folder of the private PostgreSQL');
}

/** Adds the options that every command has. */
export function common(command: Command): Command {
  for (const { flags, says, many } of COMMON) {
    const option = new Option(flags, says);
    command.addOption(many ? option.argParser(collect) : option);
  }
  return command;
}

export function collect(file: string, before: string[] | undefined): string[] {
  return [...(before ?? []), file];
}
