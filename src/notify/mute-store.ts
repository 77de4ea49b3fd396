import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Database } from '../db/open.ts';
import { listing, mute } from '../db/schema.ts';
import { UserError } from '../errors.ts';
import type { Handle } from '../listing/locks.ts';
import { rangeOf } from '../listing/ranges.ts';
import type { Mute } from './mutes.ts';

export type NewMute = Pick<Mute, 'range' | 'list' | 'until' | 'listing' | 'why'>;

/** Mutes that are on, or ended at or after `since`, the oldest first. */
export async function mutesSince(db: Handle, since: Date): Promise<Mute[]> {
  const rows = await db
    .select({ mute, over: listing.until })
    .from(mute)
    .leftJoin(listing, eq(mute.listingId, listing.id))
    .where(
      sql`coalesce(least(${mute.until}, ${mute.endedAt}, ${listing.until}), 'infinity') >= ${since.toISOString()}::timestamptz`,
    )
    .orderBy(asc(mute.id));
  return rows.map(
    ({ mute: { id, kind, lo, hi, domain, listId, createdAt, until, listingId, why, endedAt }, over }) => ({
      id,
      range: kind === null ? null : rangeOf({ kind, lo, hi, domain }),
      list: listId,
      createdAt: createdAt.toISOString(),
      until: until?.toISOString() ?? null,
      listing: listingId,
      why,
      endedAt: (endedAt ?? over)?.toISOString() ?? null,
    }),
  );
}

export async function addMute(db: Pick<Database, 'orm'>, given: NewMute, now: Date): Promise<number> {
  const { range, list, until, listing: listingId, why } = given;
  const [row] = await db.orm
    .insert(mute)
    .values({
      ...(range ?? {}),
      ...{ listId: list, listingId, createdAt: now, why },
      until: until === null ? null : new Date(until),
    })
    .returning({ id: mute.id });
  if (row === undefined) throw new Error('the mute was not stored');
  return row.id;
}

/** Ends mutes; from now on what they hid is told again. */
export async function endMutes(db: Pick<Database, 'orm'>, ids: readonly number[], now: Date): Promise<void> {
  await db.orm
    .update(mute)
    .set({ endedAt: now })
    .where(and(inArray(mute.id, [...ids]), isNull(mute.endedAt)));
}

/** The open listing that a mute may end with. */
export async function openListingId(db: Pick<Database, 'orm'>, target: string, list: string): Promise<number> {
  const [open] = await db.orm
    .select({ id: listing.id })
    .from(listing)
    .where(and(eq(listing.target, target), eq(listing.listId, list), isNull(listing.until)));
  if (open === undefined)
    throw new UserError(`${target} on ${list}: no open listing is recorded, so there is none to wait for; give a time`);
  return open.id;
}
