import { withoutPassword } from '../db/failure.ts';
import { parseDuration } from '../duration.ts';
import { UserError } from '../errors.ts';
import { addMute, endMutes, mutesSince, openListingId } from '../notify/mute-store.ts';
import { endOf, isOn, type Mute, mutedText, shownMute } from '../notify/mutes.ts';
import { columns } from '../output/columns.ts';
import { plain } from '../output/plain.ts';
import { quoted } from '../quoted.ts';
import { formatRange, parseTarget, type TargetRange } from '../target.ts';
import { minute } from '../text/minute.ts';
import { withDatabase } from './database.ts';
import { parseMoment } from './moment.ts';
import { type CommonOptions, formatOf, type Settings, settingsOf } from './options.ts';
import type { World } from './world.ts';

export type MuteOptions = CommonOptions & { until?: string; why?: string };

/** Tells nobody of a target, a list, or a target on a list, until a time or until it is delisted. */
export async function addGivenMute(words: readonly string[], options: MuteOptions, world: World): Promise<void> {
  const settings = await settingsOf(options, world);
  const { range, list } = subjectOf(words, settings);
  const now = world.now();
  await withDatabase(settings.database, async (db) => {
    const acknowledged = options.until === 'delisted';
    if (acknowledged && (range === null || list === null))
      throw new UserError('mute --until delisted: expected one target and the list that it is on');
    const listing =
      acknowledged && range !== null && list !== null ? await openListingId(db, formatRange(range), list) : null;
    const until = acknowledged || options.until === undefined ? null : untilOf(options.until, now);
    const id = await addMute(db, { range, list, until, listing, why: options.why ?? null }, now);
    const [made] = (await mutesSince(db.orm, now)).filter((mute) => mute.id === id);
    if (made !== undefined)
      world.out(
        `Muted: ${mutedText(made)} ${untilText(made)}. Every digest shows it; dnsblwatch unmute ${id} ends it.\n`,
      );
  });
}

export async function listMutes(options: CommonOptions, world: World): Promise<void> {
  const format = formatOf(options.format, ['table', 'json'] as const);
  const settings = await settingsOf(options, world);
  await withDatabase(settings.database, async (db) => {
    const mutes = await onNow(db, world);
    if (format === 'json') return world.out(`${JSON.stringify(mutes.map(shownMute), null, 2)}\n`);
    if (mutes.length === 0) return world.err(`Nothing is muted in ${withoutPassword(settings.database)}.\n`);
    const rows = mutes.map((mute) => [
      ...[String(mute.id), mutedText(mute), untilText(mute), minute(new Date(mute.createdAt))],
      plain(mute.why ?? ''),
    ]);
    world.out(columns([['ID', 'MUTED', 'UNTIL', 'SINCE', 'WHY'], ...rows]));
  });
}

/** Ends mutes by their number, or those of a target or list. */
export async function unmute(words: readonly string[], options: CommonOptions, world: World): Promise<void> {
  const settings = await settingsOf(options, world);
  await withDatabase(settings.database, async (db) => {
    const mutes = await onNow(db, world);
    const [first = ''] = words;
    const wanted = /^\d+$/.test(first) && words.length === 1 ? first : mutedText(subjectOf(words, settings));
    const ended = mutes.filter((mute) => String(mute.id) === wanted || mutedText(mute) === wanted);
    if (ended.length === 0)
      throw new UserError(`unmute ${words.join(' ')}: not muted; dnsblwatch mute list shows what is`);
    await endMutes(
      db,
      ended.map(({ id }) => id),
      world.now(),
    );
    for (const mute of ended) world.out(`No longer muted: ${mutedText(mute)}.\n`);
  });
}

async function onNow(db: Parameters<typeof addMute>[0], world: World): Promise<Mute[]> {
  const now = world.now();
  return (await mutesSince(db.orm, now)).filter((mute) => isOn(mute, now.toISOString()));
}

type Subject = { range: TargetRange | null; list: string | null };

/** A target, a list, or one of each; lists have names that no target has. */
function subjectOf(words: readonly string[], { catalogue }: Settings): Subject {
  const subject: Subject = { range: null, list: null };
  for (const word of words) {
    const list = catalogue.find(word);
    const range = list === undefined ? parseTarget(word, { allowSpecial: true }) : null;
    if (range?.kind === 'domain' && !range.domain.includes('.'))
      throw new UserError(`${quoted(word)}: expected a target, or the id of a list, as dnsblwatch lists shows it`);
    if (range === null ? subject.list !== null : subject.range !== null)
      throw new UserError(`${words.join(' ')}: expected one target, one list, or one of each`);
    if (list !== undefined) subject.list = list.id;
    else subject.range = range;
  }
  return subject;
}

function untilText(mute: Pick<Mute, 'until' | 'endedAt' | 'listing'>): string {
  if (mute.listing !== null) return 'until it is delisted';
  const end = endOf(mute);
  return end === null ? 'until it is ended' : `until ${minute(new Date(end))}`;
}

/** `7d` from now on, or a time as everywhere. */
function untilOf(text: string, now: Date): string {
  const span = parseDuration(text);
  const until = span === null ? parseMoment(text, '--until', now) : new Date(now.getTime() + span);
  if (until <= now)
    throw new UserError(`--until "${text}": expected a time to come, a duration such as 7d, or delisted`);
  return until.toISOString();
}
