import type { List, TargetKind } from '../catalogue/list.ts';
import { dueBetween } from './cron.ts';
import type { Schedule } from './schedules.ts';

/** What a schedule asks each time it is due. */
export type Round = {
  schedule: Schedule;
  lists: readonly List[];
  /** How many targets of each kind. */
  targets: Readonly<Record<TargetKind, number>>;
};

/** What an operator allows; null: no limit. */
export type Allowance = { perSecond: number | null; perDay: number | null };

/** Controls and texts that come with a round of one list, roughly; each batch has its own. */
const CONTROLS = 5;
const LOOKUPS_BETWEEN_CONTROLS = 2000;
const DAY = 86_400_000;

/**
 * Schedules that would ask an operator more in a day than it allows, or that are due again before a round can be
 * through at its rate: one sentence each, with the sum and the ways out. Pure; `now` is where the next day begins.
 */
export function overloads(rounds: readonly Round[], allowanceOf: (list: List) => Allowance, now: Date): string[] {
  const operators = Map.groupBy(
    rounds.flatMap((round) => round.lists.map((list) => ({ round, list }))).filter(({ list }) => list.retired === null),
    ({ list }) => list.operator,
  );
  return [...operators].flatMap(([operator, asked]) => {
    const [first] = asked;
    if (first === undefined) return [];
    const allowed = allowanceOf(first.list);
    const perRound = [...Map.groupBy(asked, ({ round }) => round)].map(([round, parts]) => ({
      round,
      lists: parts.length,
      lookups: parts.reduce((sum, { list }) => sum + lookupsOf(list, round), 0),
      times: timesADay(round.schedule, now),
    }));
    return [tooManyADay(operator, perRound, allowed), ...tooSlow(operator, perRound, allowed)].filter(
      (sentence) => sentence !== null,
    );
  });
}

type Asked = { round: Round; lists: number; lookups: number; times: number };

function tooManyADay(operator: string, asked: readonly Asked[], { perDay }: Allowance): string | null {
  const total = asked.reduce((sum, { lookups, times }) => sum + lookups * times, 0);
  if (perDay === null || total <= perDay) return null;
  const terms = asked.map(
    ({ round, lists, lookups, times }) =>
      `${round.schedule.name}: ${number(lookups)} lookups (${number(targetsOf(round))} targets, ` +
      `${lists} ${lists === 1 ? 'list' : 'lists'}, controls) × ${times} a day`,
  );
  const sum = `${terms.join(' + ')} = ${number(total)} a day`;
  return `${operator} allows ${number(perDay)} lookups a day, and the schedules ask ${sum}. ${WAYS_OUT}`;
}

function tooSlow(operator: string, asked: readonly Asked[], { perSecond }: Allowance): string[] {
  if (perSecond === null) return [];
  return asked.flatMap(({ round, lookups, times }) => {
    const hours = lookups / perSecond / 3600;
    const between = 24 / Math.max(1, times);
    if (hours <= between) return [];
    return [
      `${operator} allows ${perSecond} lookups a second, so ${round.schedule.name} takes ${hours.toFixed(1)} hours for its ` +
        `${number(lookups)} lookups, and is due every ${between.toFixed(1)} hours. ${WAYS_OUT}`,
    ];
  });
}

const WAYS_OUT =
  'Ways out: a longer interval; fewer targets (tags) or lists in that schedule; an account key of your own; ' +
  'a copy of the zone on your own rbldnsd (servers:).';

function lookupsOf({ accepts, asks }: List, round: Round): number {
  const names = accepts.reduce(
    (sum, kind) => sum + round.targets[kind] * (kind === 'domain' && asks === 'both' ? 2 : 1),
    0,
  );
  return names === 0 ? 0 : names + CONTROLS * Math.ceil(names / LOOKUPS_BETWEEN_CONTROLS);
}

function targetsOf({ targets }: Round): number {
  return targets.ipv4 + targets.ipv6 + targets.domain;
}

function timesADay(schedule: Schedule, now: Date): number {
  return dueBetween(schedule, now, new Date(now.getTime() + DAY)).length;
}

const number = (value: number): string => Math.round(value).toLocaleString('en');
