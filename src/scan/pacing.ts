import { setTimeout as wait } from 'node:timers/promises';
import type { Limits, List } from '../catalogue/list.ts';
import { isLoopback } from '../dns/resolvers.ts';
import type { Ledger } from './ledger.ts';

/** What an operator that publishes nothing is asked at most: lookups a second, at once, and in 24 hours. */
const UNPUBLISHED = { perSecond: 2, burst: 5, perDay: 50_000 };

/** Seconds of an operator's rate that one list may have waiting. */
const QUEUE = 5;

/**
 * - `go`: one packet may be sent now.
 * - `budget`: the operator's lookups of the last 24 hours are used up.
 */
export type Leave = 'go' | 'budget';

/** The gate in front of one list; all lists of an operator share what is behind it. */
export type Gate = {
  /** Waits for a turn. A `closing` control may overdraw the budget: without it the batch before it would be lost. */
  take(purpose: 'lookup' | 'closing', signal?: AbortSignal): Promise<Leave>;
  /** A packet was sent once more: it counts, and later ones wait for it. */
  resent(): void;
  /** Lookups that may wait for a turn side by side, so that none waits long: those of five seconds. */
  abreast: number;
  /** No limit and no ledger: nobody needs to ask for a turn. */
  free: boolean;
};

export type Pacing = { gate(list: List): Gate };

/** From the configuration, by operator or list id; `none` for all. Goes before what the catalogue says. */
export type ConfiguredLimits = 'none' | Readonly<Record<string, Limits | 'none'>>;

type PacingOptions = {
  ledger: Ledger;
  limits?: ConfiguredLimits;
  now?: () => Date;
};

/** Lookups a second, at once, and in 24 hours; null: no limit. */
export type Rate = { perSecond: number | null; burst: number; perDay: number | null };

/** The limits that hold for a list. Loopback servers are the user's own, so only what is written down counts there. */
export function rateOf(list: List, configured: ConfiguredLimits | undefined): Rate {
  const written =
    configured === 'none' ? 'none' : (configured?.[list.id] ?? configured?.[list.operator] ?? list.limits ?? null);
  if (written === 'none') return { perSecond: null, burst: 0, perDay: null };
  const own = list.servers.length > 0 && list.servers.every(isLoopback);
  return {
    perSecond: written?.perSecond ?? (own ? null : UNPUBLISHED.perSecond),
    burst: written?.perSecond === undefined ? UNPUBLISHED.burst : Math.max(1, Math.ceil(written.perSecond)),
    perDay: written?.perDay ?? (own ? null : UNPUBLISHED.perDay),
  };
}

/** Lookups of one list that may wait for a turn side by side. */
export function abreastOf({ perSecond }: Rate): number {
  return perSecond === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(perSecond * QUEUE));
}

/** Nothing is counted either. */
export const isFree = ({ perSecond, perDay }: Rate): boolean => perSecond === null && perDay === null;

/** A token bucket as its one number: the time (ms) at which it will be full again. */
class Bucket {
  #full = 0;

  /** Takes a token and says for how many milliseconds to wait until it is there. First come, first served. */
  take(perSecond: number, burst: number, nowMs: number): number {
    const interval = 1000 / perSecond;
    this.#full = Math.max(this.#full, nowMs) + interval;
    return Math.max(0, this.#full - nowMs - burst * interval);
  }
}

/**
 * Rate and daily budget, which belong to the operator: for all its zones, controls, TXT and retries included. The rate is
 * this process's alone; with a database src/politeness/shared.ts shares it with all others.
 */
export function createPacing({ ledger, limits, now = () => new Date() }: PacingOptions): Pacing {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (operator: string): Bucket => {
    const bucket = buckets.get(operator) ?? new Bucket();
    buckets.set(operator, bucket);
    return bucket;
  };

  return {
    gate(list) {
      const rate = rateOf(list, limits);
      const bucket = bucketOf(list.operator);
      return {
        abreast: abreastOf(rate),
        free: isFree(rate),
        async take(purpose, signal) {
          if (rate.perDay !== null) {
            const at = now();
            if (purpose === 'lookup' && ledger.used(list.operator, at) >= rate.perDay) return 'budget';
            ledger.add(list.operator, at, 1);
          }
          if (rate.perSecond !== null) {
            const ms = bucket.take(rate.perSecond, rate.burst, performance.now());
            if (ms > 0) await wait(ms, undefined, signal ? { signal } : {});
          }
          return 'go';
        },
        resent() {
          if (rate.perDay !== null) ledger.add(list.operator, now(), 1);
          if (rate.perSecond !== null) bucket.take(rate.perSecond, rate.burst, performance.now());
        },
      };
    },
  };
}
