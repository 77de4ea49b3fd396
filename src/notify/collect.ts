import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { chunks } from '../db/rows.ts';
import { change, notice, recipient } from '../db/schema.ts';
import { seenOf } from '../listing/history.ts';
import { lockNotify, type Transaction } from '../listing/locks.ts';
import { openRequests } from '../listing/removals.ts';
import { alertMessage } from './alert.ts';
import type { Channel } from './channels/channel.ts';
import { readFacts } from './facts.ts';
import { routedFinding } from './findings.ts';
import type { ListingFacts, Notice } from './notice.ts';
import { enqueue } from './outbox.ts';
import { owed, owedAtFirst } from './owed.ts';
import { readerOf } from './reader.ts';
import { type Alerting, isFor, type Route, type Routed } from './routes.ts';
import { type Known, openByTarget } from './way-off.ts';

/** What deciding needs of catalogue and configuration. */
export type Setup = {
  lists: readonly List[];
  channels: readonly Channel[];
  routes: readonly Route[];
  alerting: Alerting;
};

/**
 * Decides what is owed to whom and puts it in the outbox, all or nothing: killed at any moment, the next call finds the
 * same. News wait for the window, so that what happens together is told together; `atOnce` ends it. Gives the number of
 * messages made.
 */
export async function collect(
  db: Pick<Database, 'orm'>,
  { lists, channels, routes, alerting }: Setup,
  now: Date,
  { atOnce = false }: { atOnce?: boolean } = {},
): Promise<number> {
  const told = channels.filter(({ gets }) => gets.includes('alerts'));
  if (told.length === 0) return 0;
  const upTo = await lastChange(db);
  return await db.orm.transaction(async (tx) => {
    await lockNotify(tx);
    const cursors = await cursorsOf(tx, told);
    const cursor = Math.min(upTo, ...cursors.values().map((one) => one?.cursor ?? upTo));
    const facts = await readFacts(tx, lists, { cursor, upTo }, now);
    const known = await knownFrom(tx, lists, facts.open);
    let made = 0;
    for (const channel of told) {
      const standing = cursors.get(channel.id) ?? null;
      const notices = standing === null ? owedAtFirst(facts, now) : owed(facts, standing, alerting, now);
      await storeNotices(
        tx,
        channel.id,
        notices.filter((one) => isFor(channel.id, routes, routedOf(one))),
        now,
      );
      await moveCursor(tx, channel.id, upTo, now);
      if (await compose(tx, channel, known, atOnce ? 0 : alerting.window, now)) made += 1;
    }
    return made;
  });
}

/**
 * The last change that is there for good. Ids are given before they are committed, so a lower one may still be on its way:
 * the lock waits for those, and is let go at once.
 */
async function lastChange(db: Pick<Database, 'orm'>): Promise<number> {
  return await db.orm.transaction(async (tx) => {
    await tx.execute(sql`lock table ${change} in share mode`);
    const [row] = await tx.select({ last: sql<string>`coalesce(max(${change.id}), 0)` }).from(change);
    return Number(row?.last ?? 0);
  });
}

type Cursor = { since: string; cursor: number };

/** null: was never told anything. */
async function cursorsOf(tx: Transaction, channels: readonly Channel[]): Promise<Map<string, Cursor | null>> {
  const ids = channels.map(({ id }) => id);
  const rows = await tx.select().from(recipient).where(inArray(recipient.channel, ids));
  const found = new Map(rows.map(({ channel, since, cursor }) => [channel, { since: since.toISOString(), cursor }]));
  return new Map(ids.map((id) => [id, found.get(id) ?? null]));
}

/** Never back: another process may have gone further meanwhile. */
async function moveCursor(tx: Transaction, channel: string, cursor: number, now: Date): Promise<void> {
  await tx
    .insert(recipient)
    .values({ channel, since: now, cursor })
    .onConflictDoUpdate({
      target: recipient.channel,
      set: { cursor: sql`greatest(${recipient.cursor}, excluded.cursor)` },
    });
}

async function storeNotices(tx: Transaction, channel: string, notices: readonly Notice[], now: Date): Promise<void> {
  const rows = notices.map((about) => ({ channel, key: about.key, about, createdAt: now }));
  for (const some of chunks(rows)) await tx.insert(notice).values(some).onConflictDoNothing();
}

/** Makes one message of all that waits, if the first of it has waited long enough. */
async function compose(
  tx: Transaction,
  channel: Channel,
  known: Omit<Known, 'lastSeen'>,
  window: number,
  now: Date,
): Promise<boolean> {
  const waiting = await tx
    .select()
    .from(notice)
    .where(and(eq(notice.channel, channel.id), isNull(notice.messageId)))
    .orderBy(asc(notice.id));
  const [first] = waiting;
  if (first === undefined || now.getTime() - first.createdAt.getTime() < window) return false;
  const notices = waiting.flatMap(({ about }) => (about === null ? [] : [about]));
  const reader = readerOf(channel.language, channel.timeZone);
  const message = alertMessage(notices, reader, { ...known, lastSeen: await lastSeenOf(tx, notices) }, now);
  const messageId = await enqueue(tx, channel.id, message, now);
  for (const some of chunks(waiting.map(({ id }) => id)))
    await tx.update(notice).set({ messageId, about: null }).where(inArray(notice.id, some));
  return true;
}

/** When what is said to be still listed was seen there last, by listing. */
async function lastSeenOf(tx: Transaction, notices: readonly Notice[]): Promise<Map<number, string>> {
  const staying = notices.flatMap((one) =>
    one.reason === 'still-listed' || one.reason === 'mute-ended' || one.reason === 'removal-overdue'
      ? [one.listing]
      : [],
  );
  const intervals = staying.map(({ target, list, since }) => ({
    ...{ target, listId: list, since: new Date(since), until: null },
  }));
  const seen = await seenOf(tx, intervals);
  return new Map(staying.map(({ id }, index) => [id, seen[index] ?? '']));
}

function routedOf(one: Notice): Routed {
  if ('listing' in one) return one.listing;
  if ('finding' in one) return routedFinding(one.finding);
  // What a list or our own network fails to tell is as grave as what it would tell.
  return { tags: null, impact: 'list' in one ? one.list.impact : 'high', severity: 'high' };
}

async function knownFrom(
  tx: Transaction,
  lists: readonly List[],
  open: readonly ListingFacts[],
): Promise<Omit<Known, 'lastSeen'>> {
  const byId = new Map(lists.map((list) => [list.id, list]));
  const requests = await openRequests({ orm: tx }, [...byId.keys()]);
  return { listOf: (id) => byId.get(id), openOf: openByTarget(byId, open, requests) };
}
