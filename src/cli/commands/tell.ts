import { type Command, Option } from 'commander';
import type { World } from '../world.ts';
import { collect, type Ended, recorded } from './options.ts';

/** Commands about who is told what. */

export function addDigest(program: Command, world: World, ended: Ended): void {
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
      const { digest } = await import('../digest.ts');
      ended(await digest(options, world));
    });
}

export function addNotify(notify: Command, world: World, ended: Ended): void {
  notify.description('messages to the channels of the configuration');
  recorded(notify.command('test'))
    .description('send a test message')
    .argument('<channel>', 'its name in the configuration')
    .action(async (channel: string, options) => {
      const { testChannel } = await import('../notify.ts');
      await testChannel(channel, options, world);
    });
  recorded(notify.command('send'))
    .description('decide what is owed and send what is due; scan --notify does so too')
    .action(async (options) => {
      const { sendOwed } = await import('../notify.ts');
      ended(await sendOwed(options, world));
    });
  recorded(notify.command('list'))
    .description('messages that wait, and those that were given up')
    .option('--all', 'those that were sent too')
    .action(async (options) => {
      const { listMessages } = await import('../notify.ts');
      await listMessages(options, world);
    });
  recorded(notify.command('retry'))
    .description('try messages again that wait or were given up')
    .argument('[id...]', 'numbers of notify list; without any, all')
    .action(async (ids: string[], options) => {
      const { retryMessages } = await import('../notify.ts');
      ended(await retryMessages(ids, options, world));
    });
  recorded(notify.command('drill'))
    .description('take the test entry 127.0.0.2 through the real lists to every channel')
    .action(async (options) => {
      const { drill } = await import('../drill.ts');
      ended(await drill(options, world));
    });
}

export function addMute(mute: Command, world: World): void {
  recorded(mute)
    .description('no alerts about a target, a list, or a target on a list; every digest shows it')
    .argument('<what...>', 'TARGET, LIST or TARGET LIST')
    .option('--until <time>', '7d, a time, or delisted: until this listing is over. Default: until unmute')
    .option('--why <text>', 'for those who read the digest')
    .action(async (words: string[], options) => {
      const { addGivenMute } = await import('../mute.ts');
      await addGivenMute(words, options, world);
    });
  recorded(mute.command('list'))
    .description('what is muted')
    .action(async (_options, command: Command) => {
      const { listMutes } = await import('../mute.ts');
      // `mute` has the same options and takes them, wherever they stand.
      await listMutes(command.optsWithGlobals(), world);
    });
}

export function addUnmute(program: Command, world: World): void {
  recorded(program.command('unmute'))
    .description('alert again')
    .argument('<what...>', 'a number of mute list, or TARGET, LIST, TARGET LIST')
    .action(async (words: string[], options) => {
      const { unmute } = await import('../mute.ts');
      await unmute(words, options, world);
    });
}
