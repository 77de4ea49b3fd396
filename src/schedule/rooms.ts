import { dueBetween } from './cron.ts';
import { DAY_HOURS, type Load, shortest } from './load.ts';
import type { Schedule } from './schedules.ts';

/** Lookups that one adaptive scan may ask of an operator. */
export type RoomOf = (operator: string) => number;
export type Rooms = { followUp: RoomOf; lively: RoomOf };

/** The part of the time between two adaptive scans that one may take of an operator's. */
const SHARE = 1 / 4;
/** More than a follow-up ever needs (followup.ts) is left to scans of what is lively. */
const FOLLOW_UP = 1000;

/**
 * What the scans leave of each operator's limits, divided among the adaptive scans of a day: these never make a schedule
 * too much, however many targets are listed.
 */
export function roomsOf(loads: readonly Load[], schedules: readonly Schedule[], now: Date): Rooms {
  const until = new Date(now.getTime() + DAY_HOURS * 3_600_000);
  const timesOf = (some: readonly Schedule[]): number[][] =>
    some.map((schedule) => dueBetween(schedule, now, until).map(Number));
  const followUps = timesOf(schedules.filter(({ does }) => does === 'follow-up'));
  const lively = timesOf(schedules.filter(({ quiet }) => quiet !== null));
  const seconds = Math.min(...[...followUps, ...lively].map(shortest)) / 1000;
  const [followed, scanned] = [followUps.flat().length, lively.flat().length];
  const rooms = new Map(
    loads.map(({ operator, perDay, perSecond, busiest }) => {
      const left = perDay === null ? Number.POSITIVE_INFINITY : Math.max(0, perDay - busiest);
      const each = left / Math.max(1, followed + scanned);
      const ofFollowUp = scanned === 0 ? each : Math.min(each, FOLLOW_UP);
      const ofLively = perDay === null ? left : (left - followed * ofFollowUp) / Math.max(1, scanned);
      const ofRate = perSecond === null ? Number.POSITIVE_INFINITY : perSecond * seconds * SHARE;
      return [operator, { followUp: Math.min(ofFollowUp, ofRate), lively: Math.min(ofLively, ofRate) }];
    }),
  );
  return {
    followUp: (operator) => rooms.get(operator)?.followUp ?? 0,
    lively: (operator) => rooms.get(operator)?.lively ?? 0,
  };
}
