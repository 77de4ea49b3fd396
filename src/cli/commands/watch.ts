import { type Command, Option } from 'commander';
import { ALLOW_SPECIAL } from '../common.ts';
import type { World } from '../world.ts';
import { collect, type Ended, recorded } from './options.ts';

/** Commands about what is tracked and recorded. */

export function addTargets(targets: Command, world: World, ended: Ended): void {
  targets.description('what is watched: add, remove, list, import, discover');
  const tag = (): Option => new Option('--tag <tag>', 'tag; may be repeated').argParser(collect);
  recorded(targets.command('add'))
    .description('track these; named again, their label, tags and owner are changed')
    .argument('<target...>', 'addresses, prefixes, ranges, domains; - reads them from standard input')
    .option('--label <text>', 'a name for people')
    .addOption(tag())
    .option('--owner <name>', 'whose it is')
    .option(ALLOW_SPECIAL.flags, ALLOW_SPECIAL.says)
    .action(async (words: string[], options) => {
      const { addGiven } = await import('../targets.ts');
      await addGiven(words, options, world);
    });
  recorded(targets.command('remove'))
    .description('track them no longer; what is recorded of them stays')
    .argument('<target...>', 'what is no longer watched; of a range it leaves the rest')
    .action(async (words: string[], options) => {
      const { removeGiven } = await import('../targets.ts');
      await removeGiven(words, options, world);
    });
  recorded(targets.command('list'))
    .description('what is tracked')
    .addOption(tag())
    .option('--owner <name>', 'whose')
    .action(async (options) => {
      const { listTracked } = await import('../targets.ts');
      await listTracked(options, world);
    });
  recorded(targets.command('discover'))
    .description('find the addresses that send for a domain, by its MX and SPF records')
    .argument('<domain>')
    .option('--add', 'track them')
    .addOption(tag())
    .option('--owner <name>', 'whose they are')
    .action(async (domain: string, options) => {
      const { discoverTargets } = await import('../discover.ts');
      ended(await discoverTargets(domain, options, world));
    });
  recorded(targets.command('import'))
    .description('track what a file names')
    .argument('<file>', 'one target a line, or CSV with the columns target, label, tags, owner')
    .option('--replace', 'track these and nothing else')
    .option(ALLOW_SPECIAL.flags, ALLOW_SPECIAL.says)
    .action(async (file: string, options) => {
      const { importFile } = await import('../targets.ts');
      await importFile(file, options, world);
    });
}

export function addScan(program: Command, world: World, ended: Ended): void {
  recorded(program.command('scan'))
    .description('one recorded scan: prints what changed. For cron or by hand')
    .argument('[target...]', 'tracked targets; without any, all')
    .addOption(new Option('--tag <tag>', 'targets with this tag only; may be repeated').argParser(collect))
    .option('--all', 'print what is clean too')
    .option('--notify', 'tell the channels of the configuration what is new, as serve does')
    .action(async (targets: string[], options) => {
      const { scan } = await import('../scan.ts');
      ended(await scan(targets, options, world));
    });
}

export function addScans(program: Command, world: World): void {
  recorded(program.command('scans').description('the scans so far').command('list', { isDefault: true }))
    .description('the latest scans, and how far those under way are')
    .option('--limit <number>', 'how many; default: 20')
    .action(async (options) => {
      const { listScans } = await import('../scans.ts');
      await listScans(options, world);
    });
}

export function addHistory(program: Command, world: World): void {
  recorded(program.command('history'))
    .description('listings; changes; what was known at a moment; what audits found')
    .argument('[target]', 'an address, a prefix or a domain')
    .addOption(new Option('--list <id>', 'of this list only; may be repeated').argParser(collect))
    .option('--since <time>', '2026-11-24T07:00Z, a day, or 24h for so long ago')
    .option('--until <time>', 'the same')
    .option('--at <time>', 'what was listed then, and had it been checked?')
    .option('--open', 'what is still listed')
    .option('--changes', 'each change instead of intervals')
    .option('--evidence', 'with --changes: what was asked and answered')
    .option('--findings', 'what audits found; with --open: what is not in order')
    .action(async (target: string | undefined, options) => {
      const { history } = await import('../history.ts');
      await history(target, options, world);
    });
}
