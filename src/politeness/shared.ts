import { setImmediate as turnOfLoop, setTimeout as wait } from 'node:timers/promises';
import type { Ledger } from '../scan/ledger.ts';
import {
  abreastOf,
  type ConfiguredLimits,
  type Gate,
  isFree,
  type Leave,
  type Pacing,
  rateOf,
} from '../scan/pacing.ts';
import type { Leases, Unused } from './leases.ts';
import { createQueue, type Queue } from './queue.ts';

/** Milliseconds between two questions to the database, so that many operators share one. */
const SPACING = 50;

export type SharedPacing = Pacing & {
  /** Gives back what is not used. To be called when nothing is asked any more, whatever became of it. */
  close(): Promise<void>;
};

export type SharedPacingOptions = {
  leases: Leases;
  /** What is asked without the database counts, and is told what is asked with it. */
  beside: Ledger;
  limits: ConfiguredLimits;
  now(): Date;
};

/**
 * Rate and day of an operator shared by all processes on a database. Turns are fetched for all operators together, some
 * at a time, so that a lookup costs no question to the database; a list without limits never asks for any.
 */
export function createSharedPacing({ leases, beside, limits, now }: SharedPacingOptions): SharedPacing {
  const queues = new Map<string, Queue>();
  let timer: NodeJS.Timeout | undefined;
  let fetching: Promise<void> | null = null;
  let closed = false;

  const fetch = async (): Promise<void> => {
    await turnOfLoop();
    const due = [...queues.values()].filter((queue) => queue.hungryAt() <= performance.now());
    if (due.length === 0) return;
    const replies = await leases.ask(
      due.map((queue) => ({ ...queue.request(), elsewhere: beside.used(queue.operator, now()) })),
    );
    for (const [at, queue] of due.entries()) {
      const reply = replies[at];
      if (reply !== undefined) queue.take(reply, performance.now());
    }
    await wait(SPACING);
  };

  /** One question at a time; the next when some queue has waited long enough. */
  const fetchWhenDue = (): void => {
    if (fetching !== null || closed) return;
    clearTimeout(timer);
    const next = Math.min(...[...queues.values()].map((queue) => queue.hungryAt()));
    if (next === Number.POSITIVE_INFINITY) return;
    const begin = (): void => {
      fetching = fetch()
        .catch((error: unknown) => {
          for (const queue of queues.values()) queue.fail(error);
        })
        .finally(() => {
          fetching = null;
          fetchWhenDue();
        });
    };
    const ms = next - performance.now();
    if (ms <= 0) begin();
    else timer = setTimeout(begin, ms);
  };

  return {
    gate(list): Gate {
      const rate = rateOf(list, limits);
      if (isFree(rate)) return { abreast: abreastOf(rate), free: true, take: async () => 'go', resent: () => {} };
      const name = JSON.stringify([list.operator, rate]);
      const queue = queues.get(name) ?? createQueue(list.operator, rate);
      queues.set(name, queue);
      return {
        abreast: abreastOf(rate),
        free: false,
        async take(purpose, signal): Promise<Leave> {
          const waiting = queue.wait(purpose, signal);
          fetchWhenDue();
          const leave = await waiting;
          if (leave === 'go') beside.add(list.operator, now(), 1);
          return leave;
        },
        resent() {
          queue.resent();
          beside.add(list.operator, now(), 1);
        },
      };
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await fetching;
      const left = new Map<string, Unused>();
      for (const queue of queues.values()) {
        const unused = queue.unused();
        if (unused === null) continue;
        const before = left.get(queue.operator);
        const count = before?.hour === unused.hour ? before.count + unused.count : unused.count;
        left.set(queue.operator, { hour: unused.hour, count });
      }
      // Where the database is gone, all of it stays counted: rather a lookup too few than one too many.
      if (left.size > 0) await leases.leave(left).catch(() => {});
    },
  };
}
