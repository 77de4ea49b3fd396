import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { parseDuration } from '../duration.ts';
import { UserError } from '../errors.ts';
import { FAILED } from '../exit.ts';
import { tagsSince } from '../listing/tracked.ts';
import type { Digest } from '../notify/digest/digest.ts';
import { digestDoc } from '../notify/digest/doc.ts';
import { readDigest } from '../notify/digest/read.ts';
import { enqueueDigests } from '../notify/digest/send.ts';
import { deliver } from '../notify/outbox.ts';
import { readerOf } from '../notify/reader.ts';
import { writeHtml } from '../notify/render/html.ts';
import { MARKDOWN, TEXT, writeMarkup } from '../notify/render/markup.ts';
import { count } from '../output/table.ts';
import { LANGUAGES } from '../text/say.ts';
import { isTimeZone } from '../time-zone.ts';
import { withDatabase } from './database.ts';
import { notifySetup, report } from './notify.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type DigestOptions = CommonOptions & {
  period?: string;
  tag?: string[];
  send?: boolean;
  language?: string;
  timeZone?: string;
};

const FORMATS = ['table', 'html', 'markdown', 'json'] as const;

/** The report of a period, printed, or sent to every channel that gets one. */
export async function digest(options: DigestOptions, world: World): Promise<number> {
  const format = formatOf(options.format, FORMATS);
  const span = spanOf(options.period ?? '24h');
  const reader = readerOf(formatLanguage(options.language), zoneOf(options.timeZone ?? 'UTC'));
  const settings = await settingsOf(options, world);
  if (options.send === true) return await sendDigests(span, options, settings, world);
  return await withDatabase(settings.database, async (db) => {
    const now = world.now();
    const period = { from: new Date(now.getTime() - span), to: now };
    await checkTags(db, options.tag ?? [], period.from, withoutPassword(settings.database));
    const read = await readDigest(db, settings.catalogue.lists, { period, tags: options.tag ?? null });
    world.out(written(read, format, reader));
    return 0;
  });
}

/** Of a tag that no target has a digest would say that nothing is listed. */
async function checkTags(db: Database, tags: readonly string[], since: Date, where: string): Promise<void> {
  if (tags.length === 0) return;
  const known = await tagsSince(db, since);
  const strange = tags.filter((tag) => !known.has(tag));
  if (strange.length > 0)
    throw new UserError(
      `no target tagged ${strange.join(' or ')} in ${where} in this time; dnsblwatch targets list shows the tags`,
    );
}

function written(read: Digest, format: (typeof FORMATS)[number], reader: ReturnType<typeof readerOf>): string {
  if (format === 'json') return `${JSON.stringify(read, null, 2)}\n`;
  const doc = digestDoc(read, reader);
  if (format === 'html') return writeHtml(doc);
  return `${writeMarkup(doc, format === 'markdown' ? MARKDOWN : TEXT)}\n`;
}

async function sendDigests(span: number, options: DigestOptions, settings: Settings, world: World): Promise<number> {
  const given = Object.entries({
    '--tag': options.tag,
    '--format': options.format,
    '--language': options.language,
    '--time-zone': options.timeZone,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length > 0)
    throw new UserError(
      `digest --send ${given.join(' ')}: every channel has its own, by its routes and its settings; expected --send without`,
    );
  const setup = await notifySetup(settings);
  return await withDatabase(settings.database, async (db) => {
    const now = world.now();
    const made = await enqueueDigests(db, setup, { span, name: `by hand ${now.toISOString()}` }, now);
    const deliveries = await deliver(db, setup.channels, now, world.signal);
    report(deliveries, world);
    if (!settings.quiet) world.out(`${count(made, 'digest')} made.\n`);
    return deliveries.some(({ state }) => state === 'dead') ? FAILED : 0;
  });
}

function spanOf(text: string): number {
  const span = parseDuration(text);
  if (span === null || span < 60_000) throw new UserError(`--period "${text}": expected a duration such as 24h or 30d`);
  return span;
}

function formatLanguage(text: string | undefined): (typeof LANGUAGES)[number] {
  const known = LANGUAGES.find((language) => language === (text ?? 'en'));
  if (known === undefined) throw new UserError(`--language "${text}": expected ${LANGUAGES.join(' or ')}`);
  return known;
}

function zoneOf(text: string): string {
  if (!isTimeZone(text)) throw new UserError(`--time-zone "${text}": expected a time zone such as Europe/Berlin`);
  return text;
}
