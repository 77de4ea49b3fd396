import { type Command, Option } from 'commander';
import { ALLOW_SPECIAL } from '../common.ts';
import type { World } from '../world.ts';
import { collect, common, type Ended, recorded } from './options.ts';

/** Commands that look and tell what to do: they ask now, or read what is recorded. */

export function addCheck(program: Command, world: World, ended: Ended): void {
  common(program.command('check'))
    .description('look now: no database, no configuration needed')
    .argument('<target...>', 'addresses, prefixes, ranges, domains; - reads them from standard input')
    .option(ALLOW_SPECIAL.flags, ALLOW_SPECIAL.says)
    .action(async (targets: string[], options) => {
      const { check } = await import('../check.ts');
      ended(await check(targets, options, world));
    });
}

export function addLists(program: Command, world: World, ended: Ended): void {
  const lists = common(program.command('lists'))
    .description('the catalogue')
    .argument('[list...]', 'ids, former ids, zones or tags; without any, all')
    .option('--retired', 'those that are retired too')
    .action(async (wanted: string[], options) => {
      const { showLists } = await import('../lists.ts');
      await showLists(wanted, options, world);
    });
  common(lists.command('test'))
    .description('ask every control; say which path works')
    .argument('[list...]', 'ids, tags, default or all')
    .action(async (wanted: string[], _options, command: Command) => {
      const { testLists } = await import('../lists.ts');
      // `lists` has the same options and takes them, wherever they stand.
      ended(await testLists(wanted, command.optsWithGlobals(), world));
    });
}

export function addDoctor(program: Command, world: World): void {
  recorded(program.command('doctor'))
    .description('why can I not ask? one line and one fix for each problem')
    .action(async (options) => {
      const { doctor } = await import('../doctor.ts');
      await doctor(options, world);
    });
}

export function addDelist(delist: Command, world: World): void {
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
      const { showDelisting } = await import('../delist.ts');
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
        await (await import('../delist.ts'))[call](target, list, command.optsWithGlobals(), world);
      });
}

export function addAudit(program: Command, world: World, ended: Ended): void {
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
    .option('--notify', 'record it and tell the channels what changed since the last, as serve does')
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
      const { auditGiven } = await import('../audit.ts');
      ended(await auditGiven(targets, options, world));
    });
}

export function addExplain(program: Command, world: World): void {
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
      const { explain } = await import('../explain.ts');
      await explain(words, options, world);
    });
}
