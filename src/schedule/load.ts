import type { List, TargetKind } from '../catalogue/list.ts';
import { HOURS_KEPT } from '../scan/ledger.ts';
import type { Rate } from '../scan/pacing.ts';
import { countOf, type TargetRange } from '../target.ts';
import { dueAfter } from './cron.ts';
import type { Schedule } from './schedules.ts';

/** What a schedule asks each time it is due. */
export type Round = {
  schedule: Schedule;
  lists: readonly List[];
  /** How many targets of each kind. */
  targets: Readonly<Record<TargetKind, number>>;
};

export type RateOf = (list: List) => Pick<Rate, 'perSecond' | 'perDay'>;

/** What all schedules together ask one operator. */
export type Load = {
  operator: string;
  /** What the strictest of its lists allows: rate and day are the operator's, whichever of its lists is asked. */
  perSecond: number | null;
  perDay: number | null;
  shares: Share[];
  /** The most lookups of any day as the ledger counts it: 24 whole hours and the one under way. */
  busiest: number;
  /** The schedule that is due again before it is through; null: none. */
  late: Schedule | null;
};

/** What one schedule has of a load. */
export type Share = {
  round: Round;
  lists: number;
  /** Of one round: lookups, those of them that count against a day, and seconds at the operator's rate. */
  lookups: number;
  counted: number;
  seconds: number;
  /** Rounds in the busiest day, those that are in it in part included as such. */
  times: number;
  /** Milliseconds between two times it is due, at least. */
  every: number;
};

/** Controls of a server before and after each batch, and what a batch has at most, as `serve` asks. */
export const CONTROLS = 5;
const BATCH = 2000;
/** Seconds after which a batch is closed. */
const BATCH_SECONDS = 480;
/** Lookups that are sent again or followed by one for the text, per lookup. */
export const REPEATED = 0.05;

const HOUR = 3_600_000;
/** Hours that the ledger counts as a day. */
export const DAY_HOURS = HOURS_KEPT + 1;
/** Hours that are looked ahead: a month has all of a cron expression. */
const AHEAD = 32 * 24;
/** Enough of a schedule that is due often: so many times, over two days of the ledger. Times are slow to find. */
const TIMES = 60;
const TWO_DAYS = 2 * DAY_HOURS * HOUR;

/** What schedules ask each operator, by the hour from that of `now` on, asked at its rate one after the other. Pure. */
export function loadsOf(rounds: readonly Round[], rateOf: RateOf, now: Date): Load[] {
  const due = new Map(rounds.map((round) => [round, wholeOnes(round.schedule, timesOf(round.schedule, now))]));
  const asked = rounds.flatMap((round) =>
    round.lists
      .filter(({ retired }) => retired === null)
      .map((list) => ({ round, list, ...lookupsOf(list, round, rateOf) })),
  );
  return [...Map.groupBy(asked, ({ list }) => list.operator)].map(([operator, all]) => {
    const shares = [...Map.groupBy(all, ({ round }) => round)].map(([round, parts]): Share => {
      const sum = (of: 'lookups' | 'counted' | 'seconds'): number => parts.reduce((total, part) => total + part[of], 0);
      const of = { lists: parts.length, lookups: sum('lookups'), counted: sum('counted'), seconds: sum('seconds') };
      return { round, ...of, times: 0, every: shortest(due.get(round) ?? []) };
    });
    const rates = all.map(({ list }) => rateOf(list));
    const least = (of: 'perSecond' | 'perDay'): number | null =>
      rates.reduce<number | null>((low, { [of]: one }) => (one === null ? low : Math.min(low ?? one, one)), null);
    return {
      operator,
      perSecond: least('perSecond'),
      perDay: least('perDay'),
      ...askedInTurn(shares, due, now.getTime() - (now.getTime() % HOUR)),
    };
  });
}

/** Has an operator asked for its shares one after the other, each due at its times. */
function askedInTurn(
  shares: readonly Share[],
  due: ReadonlyMap<Round, readonly number[]>,
  start: number,
): Pick<Load, 'shares' | 'busiest' | 'late'> {
  const jobs = shares
    .flatMap((share) => (due.get(share.round) ?? []).map((at, place, all) => ({ share, at, again: all[place + 1] })))
    .sort((one, other) => one.at - other.at);
  const hours = new Map(shares.map((share) => [share, new Float64Array(AHEAD + HOURS_KEPT)]));
  let free = start;
  let late: Schedule | null = null;
  for (const { share, at, again } of jobs) {
    const from = Math.max(at, free);
    free = from + share.seconds * 1000;
    if (again !== undefined && free > again) late ??= share.round.schedule;
    spread(hours.get(share), share.counted, from - start, free - start);
  }
  const total = new Float64Array(AHEAD + HOURS_KEPT);
  for (const own of hours.values())
    for (const [hour, lookups] of own.entries()) total[hour] = (total[hour] ?? 0) + lookups;
  const days = Array.from({ length: AHEAD }, (_, hour) => inDay(total, hour));
  const busiest = Math.max(...days);
  const when = days.indexOf(busiest);
  return {
    late,
    busiest,
    shares: shares.map((share) => {
      const own = inDay(hours.get(share) ?? total, when);
      return { ...share, times: share.counted === 0 ? 0 : own / share.counted };
    }),
  };
}

/** Adds lookups asked evenly between two times, in milliseconds after the first hour began. */
function spread(hours: Float64Array | undefined, lookups: number, from: number, to: number): void {
  if (hours === undefined) return;
  const first = Math.floor(from / HOUR);
  for (let hour = first; hour === first || hour * HOUR < to; hour += 1) {
    if (hour >= hours.length) return;
    const part = to === from ? 1 : (Math.min(to, (hour + 1) * HOUR) - Math.max(from, hour * HOUR)) / (to - from);
    hours[hour] = (hours[hour] ?? 0) + lookups * part;
  }
}

function inDay(hours: Float64Array, last: number): number {
  return hours.subarray(Math.max(0, last - HOURS_KEPT), last + 1).reduce((sum, lookups) => sum + lookups, 0);
}

/** Milliseconds between the two times that are closest. */
export function shortest(times: readonly number[]): number {
  return Math.min(...times.slice(1).map((at, place) => at - (times[place] ?? at)));
}

/** When a schedule is due in the time that is looked ahead, or in enough of it. */
function timesOf(schedule: Schedule, now: Date): number[] {
  const start = now.getTime();
  const enough = Math.max(TWO_DAYS, 2 * (schedule.quiet ?? 0));
  const times: number[] = [];
  for (const due of dueAfter(schedule, now)) {
    const at = due.getTime();
    if (at > start + AHEAD * HOUR || (times.length >= TIMES && at > start + enough)) break;
    times.push(at);
  }
  return times;
}

/** Of the times of a schedule those at which it asks about quiet targets too; see quiet.ts. */
function wholeOnes({ quiet }: Schedule, times: readonly number[]): readonly number[] {
  if (quiet === null) return times;
  let last = Number.NEGATIVE_INFINITY;
  return times.filter((at, place) => {
    // Whether the last one is whole is for a next one to say.
    const whole = place === 0 || (times[place + 1] ?? last) - last > quiet;
    if (whole) last = at;
    return whole;
  });
}

function lookupsOf(list: List, { targets }: Round, rateOf: RateOf): Pick<Share, 'lookups' | 'counted' | 'seconds'> {
  const { perSecond, perDay } = rateOf(list);
  const lookups = lookupsIn(list, targets, perSecond);
  return { lookups, counted: perDay === null ? 0 : lookups, seconds: perSecond === null ? 0 : lookups / perSecond };
}

/** What a round asks of a list, controls and repeats included. */
export function lookupsIn(
  { accepts, asks }: Pick<List, 'accepts' | 'asks'>,
  targets: Round['targets'],
  perSecond: number | null,
): number {
  const batch = Math.min(BATCH, perSecond === null ? BATCH : Math.ceil(perSecond * BATCH_SECONDS));
  return accepts.reduce((sum, kind) => {
    const names = targets[kind] * (kind === 'domain' && asks === 'both' ? 2 : 1);
    return sum + names + Math.round(names * REPEATED) + CONTROLS * Math.ceil(names / batch);
  }, 0);
}

/** How many there are of each kind. */
export function countKinds(ranges: Iterable<TargetRange>): Record<TargetKind, number> {
  const counts = { ipv4: 0, ipv6: 0, domain: 0 };
  for (const range of ranges) counts[range.kind] += Number(countOf(range));
  return counts;
}
