import type { Sql, TransactionSql } from 'postgres';
import { lastDue } from './cron.ts';
import type { Schedule } from './schedules.ts';

/** One time that a schedule was due; its work starts `wait` milliseconds after it was claimed, the jitter. */
export type Tick = { schedule: string; due: Date; wait: number };

/** Hands the tick's work over, within the transaction that claims it: both or neither. */
export type HandOver = (tick: Tick, tx: TransactionSql) => Promise<void>;

/** Ticks further ahead than this were claimed by a clock that was wrong; they must not silence the right one. */
const AHEAD = 3_600_000;

/**
 * Claims a tick for this process and hands its work over. Of all processes on the database one gets `true`, whichever
 * comes first; none if a later tick was claimed already.
 */
export async function claimTick(
  sql: Sql,
  { name, jitter }: Pick<Schedule, 'name' | 'jitter'>,
  due: Date,
  now: Date,
  handOver: HandOver,
): Promise<boolean> {
  return await sql.begin(async (tx) => {
    const wait = Math.floor(Math.random() * jitter);
    const startsAt = new Date(now.getTime() + wait);
    const claimed = await tx`
      insert into tick (schedule, due, starts_at, claimed_at)
      select ${name}, ${due}, ${startsAt}, ${now}
      where not exists (
        select from tick where schedule = ${name} and due >= ${due} and due <= ${new Date(now.getTime() + AHEAD)}
      )
      on conflict do nothing
      returning 1`;
    if (claimed.length === 0) return false;
    await handOver({ schedule: name, due, wait }, tx);
    return true;
  });
}

/**
 * Makes up, once, for the times that passed while nobody ran. A new schedule scans or audits at once, so that whoever
 * sets it up sees something; all else waits for its hour. Returns the time made up for, if it was this process.
 */
export async function makeUp(sql: Sql, schedule: Schedule, now: Date, handOver: HandOver): Promise<Date | null> {
  const due = lastDue(schedule, now);
  const [last] = await sql<{ due: Date }[]>`
    select due from tick
    where schedule = ${schedule.name} and due <= ${new Date(now.getTime() + AHEAD)}
    order by due desc limit 1`;
  if (last !== undefined && last.due >= due) return null;
  if (last === undefined && schedule.does !== 'scan' && schedule.does !== 'audit') {
    await claimTick(sql, schedule, due, now, async () => {});
    return null;
  }
  const atOnce = last === undefined ? { ...schedule, jitter: 0 } : schedule;
  return (await claimTick(sql, atOnce, due, now, handOver)) ? due : null;
}

/** When the schedule was due before that; null: never. */
export async function dueBefore(sql: Sql, { name }: Pick<Schedule, 'name'>, due: Date): Promise<Date | null> {
  const [row] = await sql<{ due: Date }[]>`
    select due from tick where schedule = ${name} and due < ${due} order by due desc limit 1`;
  return row?.due ?? null;
}
