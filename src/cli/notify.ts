import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import type { MessageState } from '../db/schema.ts';
import { UserError } from '../errors.ts';
import { FAILED } from '../exit.ts';
import { type Channel, DeliveryFailure } from '../notify/channels/channel.ts';
import { send } from '../notify/channels/send.ts';
import { collect, type Setup } from '../notify/collect.ts';
import { type Delivery, deliver, messages, retry, type ShownMessage } from '../notify/outbox.ts';
import { readerOf } from '../notify/reader.ts';
import { columns } from '../output/columns.ts';
import { plain } from '../output/plain.ts';
import { count } from '../output/table.ts';
import { minute } from '../text/minute.ts';
import { withDatabase } from './database.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** Channels and routes of the configuration; null: there is nobody to tell. */
export async function alertsSetup({ config, catalogue }: Settings): Promise<Setup | null> {
  const { channels, routes, alerting } = await config.notify();
  return channels.length === 0 ? null : { lists: catalogue.lists, channels, routes, alerting };
}

/** The same for a command that is of no use without channels. */
export async function notifySetup(settings: Settings): Promise<Setup> {
  const setup = await alertsSetup(settings);
  if (setup !== null) return setup;
  const { file, places } = settings.config;
  throw new UserError(
    `no channels in ${file ?? places.config}: expected channels: { NAME: { type: email, to: … } }; ` +
      'dnsblwatch config schema describes them',
  );
}

/** Decides what is owed now and sends what is due. Gives what became of each message. */
export async function tell(db: Database, setup: Setup, world: World, atOnce: boolean): Promise<Delivery[]> {
  await collect(db, setup, world.now(), { atOnce });
  const deliveries = await deliver(db, setup.channels, world.now(), world.signal);
  report(deliveries, world);
  return deliveries;
}

/** Says what was not sent, or not wholly. */
export function report(deliveries: readonly Delivery[], world: World): void {
  for (const { state, channel, title, said } of deliveries) {
    const text = said === null ? '' : `: ${plain(said)}`;
    if (state === 'sent' && said !== null) world.err(`${channel}: "${plain(title)}" sent, but${text.slice(1)}\n`);
    if (state === 'waiting') world.err(`${channel}: "${plain(title)}" not sent, to be tried again${text}\n`);
    if (state === 'dead')
      world.err(`${channel}: "${plain(title)}" refused${text}; dnsblwatch notify list, notify retry\n`);
  }
}

/** What cron calls beside scans: decides and sends. */
export async function sendOwed(options: CommonOptions, world: World): Promise<number> {
  const settings = await settingsOf(options, world);
  const setup = await notifySetup(settings);
  return await withDatabase(settings.database, async (db) => {
    const deliveries = await tell(db, setup, world, true);
    const sent = deliveries.filter(({ state }) => state === 'sent').length;
    if (!settings.quiet) world.out(`${count(sent, 'message')} sent.\n`);
    return deliveries.some(({ state }) => state === 'dead') ? FAILED : 0;
  });
}

/** Sends a test message to one channel, past the outbox. */
export async function testChannel(name: string, options: CommonOptions, world: World): Promise<void> {
  const { channels } = await notifySetup(await settingsOf(options, world));
  const channel = channels.find(({ id }) => id === name);
  if (channel === undefined)
    throw new UserError(`notify test "${name}": expected one of ${channels.map(({ id }) => id).join(', ')}`);
  const now = world.now();
  try {
    const said = await send(channel, testMessage(channel, now), { now, signal: world.signal });
    world.out(`Sent to ${name}${said === null ? '' : `, but ${said}`}.\n`);
  } catch (error) {
    if (!(error instanceof DeliveryFailure)) throw error;
    throw new UserError(`notify test ${name}: ${error.message}`);
  }
}

function testMessage(channel: Channel, now: Date) {
  const { say, language } = readerOf(channel.language, channel.timeZone);
  const summary = [[say('test.summary', { channel: channel.id })]];
  return {
    id: `test-${now.getTime()}`,
    kind: 'test' as const,
    at: now,
    doc: { language, title: say('test.title'), summary, sections: [], footer: [] },
    tone: 'plain' as const,
    threads: [],
    data: {},
  };
}

/** What waits and what was given up; with `all` what was sent too. */
export async function listMessages(options: CommonOptions & { all?: boolean }, world: World): Promise<void> {
  const format = formatOf(options.format, ['table', 'json'] as const);
  const settings = await settingsOf(options, world);
  const states: MessageState[] = options.all === true ? ['waiting', 'dead', 'sent'] : ['waiting', 'dead'];
  await withDatabase(settings.database, async (db) => {
    const shown = await messages(db, states);
    if (format === 'json') return world.out(`${JSON.stringify(shown, null, 2)}\n`);
    if (shown.length > 0) return world.out(renderMessages(shown));
    world.err(
      `No messages ${options.all === true ? '' : 'wait or are dead '}in ${withoutPassword(settings.database)}.\n`,
    );
  });
}

function renderMessages(shown: readonly ShownMessage[]): string {
  const rows = shown.map(({ id, channel, state, createdAt, dueAt, tries, title, said }) => [
    ...[
      String(id),
      channel,
      state,
      minute(new Date(createdAt)),
      dueAt === null ? '' : minute(new Date(dueAt)),
      String(tries),
    ],
    `${plain(title)}${said === null ? '' : ` (${plain(said)})`}`,
  ]);
  return columns([['ID', 'CHANNEL', 'STATE', 'MADE', 'NEXT TRY', 'TRIES', ''], ...rows]);
}

/** Tries messages again that wait or were given up: all, or these. */
export async function retryMessages(ids: readonly string[], options: CommonOptions, world: World): Promise<number> {
  const wanted = ids.map((id) => {
    if (!/^\d{1,15}$/.test(id))
      throw new UserError(`notify retry "${id}": expected a number of dnsblwatch notify list`);
    return Number(id);
  });
  const settings = await settingsOf(options, world);
  const setup = await notifySetup(settings);
  return await withDatabase(settings.database, async (db) => {
    await retry(db, wanted.length === 0 ? null : wanted, world.now());
    const deliveries = await tell(db, setup, world, false);
    world.out(`${count(deliveries.filter(({ state }) => state === 'sent').length, 'message')} sent.\n`);
    return deliveries.every(({ state }) => state === 'sent') ? 0 : FAILED;
  });
}
