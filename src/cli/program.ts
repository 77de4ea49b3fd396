import { Command, CommanderError, Option } from 'commander';
import { FAILED } from '../exit.ts';
import { version } from '../version.ts';
import { ALLOW_SPECIAL, COMMON } from './common.ts';
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

type Ended = (status: number) => void;
type Add = (program: Command, world: World, ended: Ended) => void;

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
    .exitOverride()
    .showHelpAfterError('(dnsblwatch --help shows the commands)');
  const add = COMMANDS.get(wanted ?? '');
  for (const one of add === undefined ? COMMANDS.values() : [add]) one(program, world, ended);
  for (const command of program.commands) command.addHelpText('after', () => examplesOf(command.name()));
  return program;
}

function addCheck(program: Command, world: World, ended: Ended): void {
  common(program.command('check'))
    .description('look now: no database, no configuration needed')
    .argument('<target...>', 'addresses, prefixes, ranges, domains; - reads them from standard input')
    .option(ALLOW_SPECIAL.flags, ALLOW_SPECIAL.says)
    .action(async (targets: string[], options) => {
      const { check } = await import('./check.ts');
      ended(await check(targets, options, world));
    });
}

function addScan(program: Command, world: World, ended: Ended): void {
  recorded(program.command('scan'))
    .description('one recorded scan: prints what changed. For cron or by hand')
    .argument('[target...]', 'tracked targets; without any, all')
    .addOption(new Option('--tag <tag>', 'targets with this tag only; may be repeated').argParser(collect))
    .option('--all', 'print what is clean too')
    .option('--notify', 'tell the channels of the configuration what is new, as serve does')
    .action(async (targets: string[], options) => {
      const { scan } = await import('./scan.ts');
      ended(await scan(targets, options, world));
    });
}

function addScans(program: Command, world: World): void {
  recorded(program.command('scans').description('the scans so far').command('list', { isDefault: true }))
    .description('the latest scans, and how far those under way are')
    .option('--limit <number>', 'how many; default: 20')
    .action(async (options) => {
      const { listScans } = await import('./scans.ts');
      await listScans(options, world);
    });
}

function addHistory(program: Command, world: World): void {
  recorded(program.command('history'))
    .description('listings; changes; what was known at a moment')
    .argument('[target]', 'an address, a prefix or a domain')
    .addOption(new Option('--list <id>', 'of this list only; may be repeated').argParser(collect))
    .option('--since <time>', '2026-11-24T07:00Z, a day, or 24h for so long ago')
    .option('--until <time>', 'the same')
    .option('--at <time>', 'what was listed then, and had it been checked?')
    .option('--open', 'what is still listed')
    .option('--changes', 'each change instead of intervals')
    .option('--evidence', 'with --changes: what was asked and answered')
    .action(async (target: string | undefined, options) => {
      const { history } = await import('./history.ts');
      await history(target, options, world);
    });
}

function addDoctor(program: Command, world: World): void {
  recorded(program.command('doctor'))
    .description('why can I not ask? one line and one fix for each problem')
    .action(async (options) => {
      const { doctor } = await import('./doctor.ts');
      await doctor(options, world);
    });
}

function addServe(program: Command, world: World, role: 'serve' | 'worker'): void {
  const says = {
    serve: 'scan on schedule, send alerts and digests, until it is stopped',
    worker: 'take part in the scans of a serve on the same database',
  };
  recorded(program.command(role))
    .description(says[role])
    .option('--log <how>', 'json or pretty; default: pretty on a terminal')
    .option('--verbose', 'log each part of a scan')
    .action(async (options) => {
      const { serve } = await import('./serve.ts');
      await serve(role, options, world);
    });
}

function addDemo(program: Command, world: World, ended: Ended): void {
  program
    .command('demo')
    .description('the whole story offline, against simulated lists')
    .option('--no-color', 'no colours')
    .action(async (options) => {
      const { demo } = await import('./demo.ts');
      ended(await demo(options, world));
    });
}

function addTargets(targets: Command, world: World, ended: Ended): void {
  targets.description('what is tracked');
  const tag = (): Option => new Option('--tag <tag>', 'tag; may be repeated').argParser(collect);
  recorded(targets.command('add'))
    .argument('<target...>', 'addresses, prefixes, ranges, domains; - reads them from standard input')
    .option('--label <text>', 'a name for people')
    .addOption(tag())
    .option('--owner <name>', 'whose it is')
    .option(ALLOW_SPECIAL.flags, ALLOW_SPECIAL.says)
    .action(async (words: string[], options) => {
      const { addGiven } = await import('./targets.ts');
      await addGiven(words, options, world);
    });
  recorded(targets.command('remove'))
    .argument('<target...>', 'what is no longer watched; of a range it leaves the rest')
    .action(async (words: string[], options) => {
      const { removeGiven } = await import('./targets.ts');
      await removeGiven(words, options, world);
    });
  recorded(targets.command('list'))
    .addOption(tag())
    .option('--owner <name>', 'whose')
    .action(async (options) => {
      const { listTracked } = await import('./targets.ts');
      await listTracked(options, world);
    });
  recorded(targets.command('discover'))
    .description('find the addresses that send for a domain, by its MX and SPF records')
    .argument('<domain>')
    .option('--add', 'track them')
    .addOption(tag())
    .option('--owner <name>', 'whose they are')
    .action(async (domain: string, options) => {
      const { discoverTargets } = await import('./discover.ts');
      ended(await discoverTargets(domain, options, world));
    });
  recorded(targets.command('import'))
    .argument('<file>', 'one target a line, or CSV with the columns target, label, tags, owner')
    .option('--replace', 'track these and nothing else')
    .option(ALLOW_SPECIAL.flags, ALLOW_SPECIAL.says)
    .action(async (file: string, options) => {
      const { importFile } = await import('./targets.ts');
      await importFile(file, options, world);
    });
}

function addLists(program: Command, world: World, ended: Ended): void {
  const lists = common(program.command('lists'))
    .description('the catalogue')
    .argument('[list...]', 'ids, former ids, zones or tags; without any, all')
    .option('--retired', 'those that are retired too')
    .action(async (wanted: string[], options) => {
      const { showLists } = await import('./lists.ts');
      await showLists(wanted, options, world);
    });
  common(lists.command('test'))
    .description('ask every control; say which path works')
    .argument('[list...]', 'ids, tags, default or all')
    .action(async (wanted: string[], _options, command: Command) => {
      const { testLists } = await import('./lists.ts');
      // `lists` has the same options and takes them, wherever they stand.
      ended(await testLists(wanted, command.optsWithGlobals(), world));
    });
}

function addDelist(delist: Command, world: World): void {
  recorded(delist)
    .description('the way off each list that a target is on')
    .argument('<target>', 'an address or a domain')
    .argument('[list]', 'id or zone; without it, every list')
    .addOption(
      new Option('--domain <domain>', 'it sends for this domain: audit both now; may be repeated').argParser(collect),
    )
    .option('--helo <name>', 'what the server calls itself when it sends: audit it now')
    .option('--no-audit', 'no audit where none is on record')
    .option('--no-connect', 'an audit of DNS alone')
    .action(async (target: string, list: string | undefined, options) => {
      const { showDelisting } = await import('./delist.ts');
      await showDelisting(target, list, options, world);
    });
  for (const [name, says, call] of [
    ['requested', 'note that a removal was asked for; later scans judge it', 'noteRequested'],
    ['withdrawn', 'note that the request was taken back', 'noteWithdrawn'],
  ] as const)
    recorded(delist.command(name))
      .description(says)
      .argument('<target>', 'an address or a domain')
      .argument('<list>', 'id or zone')
      .option('--note <text>', 'ticket number, whom you asked')
      .option('--label <label>', 'one code of the listing only, such as CSS')
      .action(async (target: string, list: string, _options, command: Command) => {
        // `delist` has the same options and takes them, wherever they stand.
        await (await import('./delist.ts'))[call](target, list, command.optsWithGlobals(), world);
      });
}

function addAudit(program: Command, world: World, ended: Ended): void {
  const repeated = (flags: string, says: string): Option => new Option(flags, says).argParser(collect);
  recorded(program.command('audit'))
    .description('is everything in order that operators look at before they delist?')
    .argument('<target...>', 'domains, and the addresses that send for them')
    .option('--helo <name>', 'what the server calls itself when it sends')
    .addOption(
      repeated('--dkim-selector <selector>', 'selector that signs, or its name under _domainkey; may be repeated'),
    )
    .option(
      '--message <file>',
      'a message that was sent, to read selectors, HELO and alignment from; - for standard input',
    )
    .addOption(
      repeated('--own-domain <domain>', 'another domain of yours, where reverse names may lie; may be repeated'),
    )
    .option('--allow-special', 'take private, loopback and documentation addresses too')
    .addOption(repeated('--port <port=other>', 'ask another port, such as 25=2525; may be repeated'))
    .option('--no-connect', 'ask DNS alone: no connection to any server')
    .option('--patience <ms>', 'what a mail server gets for each reply; default: 35000, for slow ones greet late')
    .option('--open-relay', 'try whether the named addresses, your own, relay for strangers; nothing is sent')
    .option('--relay-recipient <address>', 'the stranger that --open-relay tries; default: relay-test@example.com')
    .option('--neighbourhood', 'count the listed addresses of the /24 too, within the limits of the list')
    .option('--history', 'no audit: what changed between those on record')
    .option('--record', 'record the findings, tracked or not')
    .option('--no-record', 'record nothing; default: what is tracked')
    .option('--ca <file>', 'certificates to trust beside the usual ones (PEM)')
    .addHelpText(
      'after',
      `
Examples:
  dnsblwatch audit example.org 192.0.2.25 --helo mail.example.org --dkim-selector mail
  dnsblwatch audit example.org --message sent.eml --format json`,
    )
    .action(async (targets: string[], options) => {
      const { auditGiven } = await import('./audit.ts');
      ended(await auditGiven(targets, options, world));
    });
}

function addExplain(program: Command, world: World): void {
  common(program.command('explain'))
    .description('what an SMTP refusal means, which list or provider it quotes, and what to do')
    .argument('<reply...>', 'the reply, a bounce or a line of the log; - for standard input')
    .addHelpText(
      'after',
      `
Example:
  dnsblwatch explain "550 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org"`,
    )
    .action(async (words: string[], options) => {
      const { explain } = await import('./explain.ts');
      await explain(words, options, world);
    });
}

function addDigest(program: Command, world: World, ended: Ended): void {
  recorded(program.command('digest'))
    .description('what came, what went, what is still listed and whose move it is, what could not be seen')
    .option('--period <duration>', 'how long back; default: 24h')
    .addOption(new Option('--tag <tag>', 'targets with this tag only; may be repeated').argParser(collect))
    .option('--send', 'to every channel that gets digests, in its language and about its targets')
    .option('--language <language>', 'en or zh-CN')
    .option('--time-zone <zone>', 'how times are written, such as Europe/Berlin; default: UTC')
    .addHelpText(
      'after',
      '\nFormats: table, html, markdown, json\n\nExample:\n  dnsblwatch digest --tag acme --period 30d --format html > acme.html',
    )
    .action(async (options) => {
      const { digest } = await import('./digest.ts');
      ended(await digest(options, world));
    });
}

function addNotify(notify: Command, world: World, ended: Ended): void {
  notify.description('messages to the channels of the configuration');
  recorded(notify.command('test'))
    .description('send a test message')
    .argument('<channel>', 'its name in the configuration')
    .action(async (channel: string, options) => {
      const { testChannel } = await import('./notify.ts');
      await testChannel(channel, options, world);
    });
  recorded(notify.command('send'))
    .description('decide what is owed and send what is due; scan --notify does so too')
    .action(async (options) => {
      const { sendOwed } = await import('./notify.ts');
      ended(await sendOwed(options, world));
    });
  recorded(notify.command('list'))
    .description('messages that wait, and those that were given up')
    .option('--all', 'those that were sent too')
    .action(async (options) => {
      const { listMessages } = await import('./notify.ts');
      await listMessages(options, world);
    });
  recorded(notify.command('retry'))
    .description('try messages again that wait or were given up')
    .argument('[id...]', 'numbers of notify list; without any, all')
    .action(async (ids: string[], options) => {
      const { retryMessages } = await import('./notify.ts');
      ended(await retryMessages(ids, options, world));
    });
  recorded(notify.command('drill'))
    .description('take the test entry 127.0.0.2 through the real lists to every channel')
    .action(async (options) => {
      const { drill } = await import('./drill.ts');
      ended(await drill(options, world));
    });
}

function addMute(mute: Command, world: World): void {
  recorded(mute)
    .description('no alerts about a target, a list, or a target on a list; every digest shows it')
    .argument('<what...>', 'TARGET, LIST or TARGET LIST')
    .option('--until <time>', '7d, a time, or delisted: until this listing is over. Default: until unmute')
    .option('--why <text>', 'for those who read the digest')
    .action(async (words: string[], options) => {
      const { addGivenMute } = await import('./mute.ts');
      await addGivenMute(words, options, world);
    });
  recorded(mute.command('list'))
    .description('what is muted')
    .action(async (_options, command: Command) => {
      const { listMutes } = await import('./mute.ts');
      // `mute` has the same options and takes them, wherever they stand.
      await listMutes(command.optsWithGlobals(), world);
    });
}

function addUnmute(program: Command, world: World): void {
  recorded(program.command('unmute'))
    .description('alert again')
    .argument('<what...>', 'a number of mute list, or TARGET, LIST, TARGET LIST')
    .action(async (words: string[], options) => {
      const { unmute } = await import('./mute.ts');
      await unmute(words, options, world);
    });
}

function addDatabase(db: Command, world: World): void {
  db.description('the database');
  recorded(db.command('migrate'))
    .description('bring the schema up to date; every command does so too')
    .action(async (options) => {
      const { migrateDatabase } = await import('./db.ts');
      await migrateDatabase(options, world);
    });
  recorded(db.command('export'))
    .description('write everything to a file')
    .argument('[file]', 'default: standard output')
    .action(async (file: string | undefined, options) => {
      const { exportTo } = await import('./db.ts');
      await exportTo(file, options, world);
    });
  recorded(db.command('import'))
    .description('read an export into an empty database')
    .argument('<file>', '- for standard input')
    .action(async (file: string, options) => {
      const { importFrom } = await import('./db.ts');
      await importFrom(file, options, world);
    });
}

function addConfig(config: Command, world: World): void {
  config.description('the configuration file');
  recorded(config.command('check'))
    .description('read configuration and catalogue files and say what is wrong')
    .action(async (options) => {
      const { checkConfig } = await import('./config.ts');
      await checkConfig(options, world);
    });
  config
    .command('schema')
    .description('JSON schema of a file or of the output')
    .argument('[what]', 'config, catalogue or output', 'config')
    .action(async (what: string) => {
      const { printSchema } = await import('./config.ts');
      await printSchema(what, world);
    });
  config
    .command('init')
    .description('write a configuration file to begin with')
    .argument('[file]', 'where; default: the place it is looked for')
    .action(async (file: string | undefined) => {
      const { initConfig } = await import('./config.ts');
      initConfig(file, world);
    });
}

/** Adds the options of commands that use the database. */
function recorded(command: Command): Command {
  return common(command).option('--database <where>', 'postgres:// address, or the folder of the private PostgreSQL');
}

/** Adds the options that every command has. */
function common(command: Command): Command {
  for (const { flags, says, many } of COMMON) {
    const option = new Option(flags, says);
    command.addOption(many ? option.argParser(collect) : option);
  }
  return command;
}

function collect(file: string, before: string[] | undefined): string[] {
  return [...(before ?? []), file];
}
