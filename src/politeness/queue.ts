import type { Leave, Rate } from '../scan/pacing.ts';
import type { Reply, Request, Unused } from './leases.ts';

/** What is asked for at once although fewer lookups wait: seconds of the rate, part of the day, lookups, at most. */
const SECONDS_AHEAD = 0.1;
const DAY_AHEAD = 0.01;
const MOST_AHEAD = 1000;
/** Milliseconds after its time that a turn lapses: turns saved up would be too many at once. */
const LAPSE = 1000;
/** Milliseconds that a day that is used up is taken to stay so. */
const SPENT_FOR = 60_000;

/** `at`: as of performance.now(); `hour`: in which it was counted. */
type Turn = { at: number; hour: number };
type Waiter = { go(turn: Turn): void; refuse(): void; fail(error: unknown): void };

/** Those that wait for a turn at one operator, closing controls first, and the turns that are there for them. */
export type Queue = {
  operator: string;
  /** A packet without a turn. */
  resent(): void;
  wait(purpose: 'lookup' | 'closing', signal?: AbortSignal): Promise<Leave>;
  /** When to ask for turns, as of performance.now(); Infinity: nobody waits for any. */
  hungryAt(): number;
  request(): Omit<Request, 'elsewhere'>;
  take(reply: Reply, nowMs: number): void;
  fail(error: unknown): void;
  /** What is left when nobody asks any more, below 0 where more was sent; null: there were never any turns. */
  unused(): Unused | null;
};

export function createQueue(operator: string, rate: Rate): Queue {
  const lookups = new Set<Waiter>();
  const closings = new Set<Waiter>();
  const turns: Turn[] = [];
  let unused: Unused | null = null;
  let resent = 0;
  let askAt = Number.NEGATIVE_INFINITY;
  let spentUntil = Number.NEGATIVE_INFINITY;

  const lose = ({ hour }: Turn): void => {
    if (unused?.hour === hour) unused = { hour, count: unused.count + 1 };
  };

  const nextTurn = (): Turn | undefined => {
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      if (rate.perSecond === null || turn.at > performance.now() - LAPSE) return turn;
      lose(turn);
    }
    return undefined;
  };

  const serve = (): void => {
    for (const waiting of [closings, lookups])
      for (const waiter of waiting) {
        const turn = nextTurn();
        if (turn === undefined) return;
        waiting.delete(waiter);
        waiter.go(turn);
      }
  };

  return {
    operator,
    resent() {
      resent += 1;
    },
    wait: (purpose, signal) =>
      new Promise<Leave>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (purpose === 'lookup' && turns.length === 0 && performance.now() < spentUntil) return resolve('budget');
        const waiting = purpose === 'lookup' ? lookups : closings;
        let turn: Turn | null = null;
        let timer: NodeJS.Timeout | undefined;
        const end = (act: () => void): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', stop);
          act();
        };
        const waiter: Waiter = {
          go(given) {
            turn = given;
            const ms = given.at - performance.now();
            if (ms <= 0) end(() => resolve('go'));
            else timer = setTimeout(() => end(() => resolve('go')), ms);
          },
          refuse: () => end(() => resolve('budget')),
          fail: (error) => end(() => reject(error)),
        };
        const stop = (): void => {
          waiting.delete(waiter);
          if (turn !== null) lose(turn);
          end(() => reject(signal?.reason));
        };
        signal?.addEventListener('abort', stop, { once: true });
        waiting.add(waiter);
        serve();
      }),
    hungryAt: () => (lookups.size + closings.size === 0 ? Number.POSITIVE_INFINITY : askAt),
    request() {
      const { perSecond, perDay } = rate;
      const ahead = Math.min(
        (perSecond ?? Number.POSITIVE_INFINITY) * SECONDS_AHEAD,
        (perDay ?? Number.POSITIVE_INFINITY) * DAY_AHEAD,
        MOST_AHEAD,
      );
      const wanted = { closings: closings.size, lookups: Math.max(lookups.size, Math.floor(ahead)) };
      const request = { operator, rate, resent, ...wanted };
      resent = 0;
      return request;
    },
    take({ waits, hour, again, spent }, nowMs) {
      if (unused?.hour !== hour) unused = { hour, count: 0 };
      turns.push(...waits.map((ms) => ({ at: nowMs + ms, hour })));
      askAt = nowMs + again;
      serve();
      if (!spent) return;
      spentUntil = nowMs + SPENT_FOR;
      for (const waiter of lookups) waiter.refuse();
      lookups.clear();
    },
    fail(error) {
      for (const waiting of [closings, lookups]) {
        for (const waiter of waiting) waiter.fail(error);
        waiting.clear();
      }
    },
    unused() {
      for (const turn of turns.splice(0)) lose(turn);
      return unused === null ? null : { hour: unused.hour, count: unused.count - resent };
    },
  };
}
