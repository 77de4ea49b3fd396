import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { type MessageState, outbox } from '../db/schema.ts';
import { UserError } from '../errors.ts';
import type { Handle, Transaction } from '../listing/locks.ts';
import { type Channel, DeliveryFailure, type Outgoing } from './channels/channel.ts';
import { send } from './channels/send.ts';

/** What is to be sent, as it is stored: everything but where to. */
export type Message = Pick<Outgoing, 'kind' | 'doc' | 'tone' | 'threads' | 'data'>;

/** Puts a message in the box; it goes out with the next `deliver`. */
export async function enqueue(db: Handle, channel: string, message: Message, now: Date): Promise<number> {
  const [row] = await db
    .insert(outbox)
    .values({
      ...{ channel, message, kind: message.kind, title: message.doc.title },
      ...{ state: 'waiting' as const, createdAt: now, dueAt: now, giveUpAt: givenUpFrom(now) },
    })
    .returning({ id: outbox.id });
  if (row === undefined) throw new Error('the message was not stored');
  return row.id;
}

/** What became of a message that was tried. `said`: of a failure, or what was remarked. */
export type Delivery = { id: number; channel: string; title: string; state: MessageState; said: string | null };

/** Temporary failures are tried again for so long, then the message is dead. */
const GIVEN_UP_AFTER = 3 * 86_400_000;
const FIRST_WAIT = 60_000;
const LONGEST_WAIT = 3_600_000;

const givenUpFrom = (now: Date): Date => new Date(now.getTime() + GIVEN_UP_AFTER);

/**
 * Sends what is due, one message after the other, and gives what became of each. Any number of processes may do so at
 * once: a message is locked while it is sent, so no other sends it, and a process that is killed leaves it to the others.
 * Killed between the sending and the noting, it is sent again, with the same id.
 */
export async function deliver(
  db: Pick<Database, 'orm'>,
  channels: readonly Channel[],
  now: Date,
  signal?: AbortSignal,
): Promise<Delivery[]> {
  const byId = new Map(channels.map((channel) => [channel.id, channel]));
  const deliveries: Delivery[] = [];
  while (signal?.aborted !== true) {
    const delivery = await db.orm.transaction((tx) => deliverOne(tx, byId, now, signal));
    if (delivery === null) break;
    deliveries.push(delivery);
  }
  return deliveries;
}

async function deliverOne(
  tx: Transaction,
  channels: ReadonlyMap<string, Channel>,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<Delivery | null> {
  const [row] = await tx
    .select()
    .from(outbox)
    .where(and(eq(outbox.state, 'waiting'), sql`${outbox.dueAt} <= ${now.toISOString()}::timestamptz`))
    .orderBy(asc(outbox.dueAt), asc(outbox.id))
    .limit(1)
    .for('update', { skipLocked: true });
  if (row === undefined) return null;
  const { id, channel, title, message } = row;
  // A server that ends idle transactions would lose that it was sent, again and again.
  await tx.execute(sql`set local idle_in_transaction_session_timeout = 0`);
  try {
    if (message === null) throw new DeliveryFailure('nothing is left of the message', { permanent: true });
    const outgoing: Outgoing = { ...message, id: `${message.kind}-${id}`, at: row.createdAt };
    const to = channels.get(channel);
    if (to === undefined) throw new DeliveryFailure('no such channel in the configuration', { permanent: true });
    const said = await send(to, outgoing, { now, ...(signal === undefined ? {} : { signal }) });
    await tx
      .update(outbox)
      .set({ state: 'sent', message: null, sentAt: now, said, tries: row.tries + 1 })
      .where(eq(outbox.id, id));
    return { id, channel, title, state: 'sent', said };
  } catch (error) {
    if (!(error instanceof DeliveryFailure)) throw error;
    const dead = error.permanent || now >= row.giveUpAt;
    const state = dead ? 'dead' : 'waiting';
    const wait = Math.min(LONGEST_WAIT, Math.max(FIRST_WAIT * 2 ** Math.min(row.tries, 10), error.retryAfter ?? 0));
    const dueAt = new Date(now.getTime() + wait);
    await tx
      .update(outbox)
      .set({ state, said: error.message, tries: row.tries + 1, dueAt })
      .where(eq(outbox.id, id));
    if (!dead) await holdBack(tx, channel, dueAt);
    return { id, channel, title, state, said: error.message };
  }
}

/** What fails for one message fails for the others of its channel: they wait with it, and hours are not spent on time-outs. */
async function holdBack(tx: Transaction, channel: string, until: Date): Promise<void> {
  const others = tx
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.state, 'waiting'), eq(outbox.channel, channel)))
    .for('update', { skipLocked: true });
  await tx
    .update(outbox)
    .set({ dueAt: sql`greatest(${outbox.dueAt}, ${until.toISOString()}::timestamptz)` })
    .where(inArray(outbox.id, others));
}

/** A message as it is shown. Times in ISO 8601. */
export type ShownMessage = Delivery & {
  kind: Message['kind'];
  createdAt: string;
  dueAt: string | null;
  sentAt: string | null;
  tries: number;
};

/** Messages of these states, the latest last. */
export async function messages(db: Pick<Database, 'orm'>, states: readonly MessageState[]): Promise<ShownMessage[]> {
  const rows = await db.orm
    .select()
    .from(outbox)
    .where(inArray(outbox.state, [...states]))
    .orderBy(asc(outbox.id));
  return rows.map(({ id, channel, title, state, said, kind, createdAt, dueAt, sentAt, tries }) => ({
    ...{ id, kind, channel, title, state, said, tries },
    createdAt: createdAt.toISOString(),
    dueAt: state === 'waiting' ? dueAt.toISOString() : null,
    sentAt: sentAt?.toISOString() ?? null,
  }));
}

/** Makes messages that wait or are dead due now; all of them, or these. Gives their number. */
export async function retry(db: Pick<Database, 'orm'>, ids: readonly number[] | null, now: Date): Promise<number> {
  const rows = await db.orm
    .update(outbox)
    .set({ state: 'waiting', dueAt: now, giveUpAt: givenUpFrom(now), tries: 0 })
    .where(and(inArray(outbox.state, ['waiting', 'dead']), ids === null ? undefined : inArray(outbox.id, [...ids])))
    .returning({ id: outbox.id });
  const missing = ids?.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined)
    throw new UserError(`message ${missing}: expected one that waits or is dead; dnsblwatch notify list shows them`);
  return rows.length;
}
