import type { Command } from 'commander';
import type { World } from '../world.ts';
import { type Ended, recorded } from './options.ts';

/** Commands that run the product and look after it. */

export function addServe(program: Command, world: World, role: 'serve' | 'worker'): void {
  const says = {
    serve: 'scan on schedule, send alerts and digests, until it is stopped',
    worker: 'take part in the scans of a serve on the same database',
  };
  recorded(program.command(role))
    .description(says[role])
    .option('--log <how>', 'json or pretty; default: pretty on a terminal')
    .option('--verbose', 'log each part of a scan')
    .action(async (options) => {
      const { serve } = await import('../serve.ts');
      await serve(role, options, world);
    });
}

export function addDemo(program: Command, world: World, ended: Ended): void {
  program
    .command('demo')
    .description('the whole story offline, against simulated lists')
    .option('--no-color', 'no colours')
    .action(async (options) => {
      const { demo } = await import('../demo.ts');
      ended(await demo(options, world));
    });
}

export function addDatabase(db: Command, world: World): void {
  db.description('the database');
  recorded(db.command('migrate'))
    .description('bring the schema up to date; every command does so too')
    .action(async (options) => {
      const { migrateDatabase } = await import('../db.ts');
      await migrateDatabase(options, world);
    });
  recorded(db.command('export'))
    .description('write everything to a file')
    .argument('[file]', 'default: standard output')
    .action(async (file: string | undefined, options) => {
      const { exportTo } = await import('../db.ts');
      await exportTo(file, options, world);
    });
  recorded(db.command('import'))
    .description('read an export into an empty database')
    .argument('<file>', '- for standard input')
    .action(async (file: string, options) => {
      const { importFrom } = await import('../db.ts');
      await importFrom(file, options, world);
    });
}

export function addConfig(config: Command, world: World): void {
  config.description('the configuration file');
  recorded(config.command('check'))
    .description('read configuration and catalogue files and say what is wrong')
    .action(async (options) => {
      const { checkConfig } = await import('../config.ts');
      await checkConfig(options, world);
    });
  config
    .command('schema')
    .description('JSON schema of a file, or of what a command prints with --format json')
    .argument(
      '[what]',
      'config, catalogue; output (of check and scan), history, history-changes, history-at, delist, audit, digest, scans, lists',
      'config',
    )
    .action(async (what: string) => {
      const { printSchema } = await import('../config.ts');
      await printSchema(what, world);
    });
  config
    .command('init')
    .description('write a configuration file to begin with')
    .argument('[file]', 'where; default: the place it is looked for')
    .action(async (file: string | undefined) => {
      const { initConfig } = await import('../config.ts');
      initConfig(file, world);
    });
}
