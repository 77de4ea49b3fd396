import { Command, CommanderError } from 'commander';
import { FAILED } from '../exit.ts';
import { version } from '../version.ts';
import { addAudit, addCheck, addDelist, addDoctor, addExplain, addLists } from './commands/look.ts';
import type { Add, Ended } from './commands/options.ts';
import { addConfig, addDatabase, addDemo, addServe } from './commands/run.ts';
import { addDigest, addMute, addNotify, addUnmute } from './commands/tell.ts';
import { addHistory, addScan, addScans, addTargets } from './commands/watch.ts';
import { endOf } from './end.ts';
import { examplesOf } from './examples.ts';
import type { World } from './world.ts';

/** Runs a command line, without node and script, and gives the exit status. */
export async function run(args: string[], world: World): Promise<number> {
  let status = 0;
  const program = createProgram(args[0], world, (result) => {
    status = result;
  });
  const parsed = program.parseAsync(args, { from: 'user' }).then(
    () => status,
    (error: unknown) => {
      if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : FAILED;
      throw error;
    },
  );
  return endOf(parsed, world);
}

const COMMANDS = new Map<string, Add>([
  ['check', addCheck],
  ['targets', (program, world, ended) => addTargets(program.command('targets'), world, ended)],
  ['scan', addScan],
  ['scans', addScans],
  ['history', addHistory],
  ['delist', (program, world) => addDelist(program.command('delist'), world)],
  ['audit', addAudit],
  ['explain', (program, world) => addExplain(program, world)],
  ['digest', addDigest],
  ['notify', (program, world, ended) => addNotify(program.command('notify'), world, ended)],
  ['mute', (program, world) => addMute(program.command('mute'), world)],
  ['unmute', addUnmute],
  ['lists', addLists],
  ['doctor', addDoctor],
  ['serve', (program, world) => addServe(program, world, 'serve')],
  ['worker', (program, world) => addServe(program, world, 'worker')],
  ['demo', addDemo],
  ['db', (program, world) => addDatabase(program.command('db'), world)],
  ['config', (program, world) => addConfig(program.command('config'), world)],
]);

/** Only the command that is wanted is set up: all of them take as long as a check. Without one, all, for the help. */
function createProgram(wanted: string | undefined, world: World, ended: Ended): Command {
  const program = new Command('dnsblwatch')
    .description('Am I listed? Since when, and how do I get off?')
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      world.out(`${version()}\n`);
      throw new CommanderError(0, 'version', '');
    })
    .configureOutput({ writeOut: world.out, writeErr: world.err })
    .exitOverride();
  const add = COMMANDS.get(wanted ?? '');
  for (const one of add === undefined ? COMMANDS.values() : [add]) one(program, world, ended);
  for (const command of program.commands) command.addHelpText('after', () => examplesOf(command.name()));
  sayWhereHelpIs(program, program.name());
  return program;
}

function sayWhereHelpIs(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help shows ${command.commands.length > 0 ? 'the commands' : 'how'})`);
  for (const one of command.commands) sayWhereHelpIs(one, `${words} ${one.name()}`);
}
