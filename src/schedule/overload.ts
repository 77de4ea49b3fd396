import { type Load, loadsOf, type RateOf, type Round, type Share } from './load.ts';

/**
 * Schedules that would ask an operator more in a day than it allows, or that are due again before a round can be
 * through at its rate: one sentence each, with the sum and the ways out. Pure; `now` is where the next day begins.
 * Adaptive scans are no part of it: they take what the others leave (rooms.ts).
 */
export function overloads(rounds: readonly Round[], rateOf: RateOf, now: Date): string[] {
  return loadsOf(rounds, rateOf, now).flatMap((load) => [...tooMany(load), ...tooSlow(load)]);
}

function tooMany({ operator, perDay, shares, busiest }: Load): string[] {
  if (perDay === null || busiest <= perDay) return [];
  const terms = shares.filter(({ times }) => times > 0).map((share) => `${asked(share)} × ${number(share.times)}`);
  return [
    `${operator} allows ${number(perDay)} lookups a day, and the schedules ask ${terms.join(' + ')} = ` +
      `${number(Math.ceil(busiest))} in one, counted by the whole hour. ${WAYS_OUT}`,
  ];
}

function asked({ round: { schedule, targets }, lookups, lists }: Share): string {
  const all = targets.ipv4 + targets.ipv6 + targets.domain;
  const of = `${number(all)} targets, ${lists} ${lists === 1 ? 'list' : 'lists'}, controls and repeats`;
  return `${schedule.name}: ${number(lookups)} lookups (${of})`;
}

function tooSlow({ operator, perSecond, shares, late }: Load): string[] {
  if (late === null || perSecond === null) return [];
  const takes = shares
    .filter(({ seconds }) => seconds > 0)
    .map(
      ({ round, lookups, seconds, every }) =>
        `${round.schedule.name} takes ${hours(seconds * 1000)} for its ${number(lookups)} lookups and is due every ${hours(every)}`,
    );
  return [
    `${operator} allows ${perSecond} lookups a second: ${takes.join('; ')}. ` +
      `So ${late.name} is due again before it is through. ${WAYS_OUT}`,
  ];
}

const WAYS_OUT =
  'Ways out: a longer interval, or a longer one for what is quiet (quiet: 24h); fewer targets (tags) or lists in that schedule; an account key of your own; ' +
  'a copy of the zone on your own rbldnsd (servers:).';

const hours = (ms: number): string => `${number(ms / 3_600_000)} hours`;
const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 1 });
