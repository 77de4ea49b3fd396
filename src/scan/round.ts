import type { List } from '../catalogue/list.ts';
import type { Ask, Server } from '../dns/answer.ts';
import type { AskMany } from '../dns/bulk.ts';
import { findNameServers } from '../dns/nameservers.ts';
import type { Target } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { createChannel } from './channel.ts';
import { createOperators } from './operators.ts';
import type { Pacing } from './pacing.ts';
import { passList } from './pass.ts';
import { type FindNameServers, type ResolverSetting, watchPort } from './path.ts';
import type { Batch, ListReport } from './verdict.ts';

export type RoundEvent = { type: 'batch'; batch: Batch } | { type: 'list'; report: ListReport };

export const batchesIn = (events: readonly RoundEvent[]): Batch[] =>
  events.flatMap((event) => (event.type === 'batch' ? event.batch : []));

export type RoundInput = {
  lists: List[];
  /** The zone with the account key filled in. */
  zoneToAsk(list: List): string;
  targets: Targets;
  ask: Ask;
  /** For lists without limits; without it, everything is asked one by one. */
  askMany?: AskMany;
  resolver: ResolverSetting;
  /** Asked for only where a list is not asked at servers of its own. */
  systemServers(): Server[];
  /** Milliseconds that a lookup may take over all its tries; an opening, over all paths. */
  timeout: number;
  pacing: Pacing;
  now(): Date;
  signal?: AbortSignal;
  /** Aborted to end early: batches under way are closed with their controls and come, and nothing else is asked. */
  windDown?: AbortSignal;
  /** Whether to ask for the text of a listing. */
  txt(list: List, target: Target, codes: string[]): boolean;
  /** `list|kind` of the listed controls of RFC 5782 that were seen to answer. */
  seenControls: ReadonlySet<string>;
  /** Positions done before, to go on after a stop: [from, to) each. */
  covered?(list: List): [number, number][];
  /** Targets of a batch at most. */
  batchSize: number;
  /** The listing is open already, so no part of a burst. */
  known?(list: List, target: Target): boolean;
  /** Operators that answered in the scan before. */
  workedBefore?: ReadonlySet<string>;
  findNameServers?: FindNameServers;
};

/** The part of a round that the machine and the settings decide. */
export type Means = Pick<
  RoundInput,
  'zoneToAsk' | 'ask' | 'askMany' | 'resolver' | 'systemServers' | 'timeout' | 'pacing' | 'now' | 'signal'
>;

/** As gatherRound, one event at a time. */
export async function* runRound(input: RoundInput): AsyncGenerator<RoundEvent, void, undefined> {
  for await (const events of gatherRound(input)) yield* events;
}

/**
 * Asks all lists at once about all targets of their kinds. Batches come as they are done, those together that came while
 * the ones before were dealt with, a list's report after its last; leaving the loop or aborting `signal` stops
 * everything that is under way.
 */
export async function* gatherRound(input: RoundInput): AsyncGenerator<RoundEvent[], void, undefined> {
  const channel = createChannel<RoundEvent>();
  const stop = new AbortController();
  // In place of AbortSignal.any, which looks at all its sources whenever a lookup asks whether it is aborted.
  const abort = (): void => stop.abort(input.signal?.reason);
  input.signal?.addEventListener('abort', abort);
  if (input.signal?.aborted) abort();
  const { signal } = stop;
  const operators = createOperators(input.workedBefore);
  let systemServers: Server[] | undefined;
  const around = {
    resolver: input.resolver,
    systemServers: () => (systemServers ??= input.systemServers()),
    findNameServers: input.findNameServers ?? findNameServers,
    port: watchPort(),
  };

  const pass = async (list: List): Promise<void> => {
    const line = {
      list,
      zone: list.retired === null ? input.zoneToAsk(list) : list.zone,
      gate: input.pacing.gate(list),
      operator: operators.of(list),
      ask: input.ask,
      askMany: input.askMany ?? null,
      timeout: input.timeout,
      now: input.now,
      signal,
      windDown: input.windDown,
    };
    const plan = {
      line,
      around,
      targets: input.targets,
      covered: input.covered?.(list) ?? [],
      batchSize: input.batchSize,
      seen: (kind: Target['kind']) => input.seenControls.has(`${list.id}|${kind}`),
      txt: (target: Target, codes: string[]) => input.txt(list, target, codes),
      known: (target: Target) => input.known?.(list, target) ?? false,
      ourOutage: () => operators.ourOutage(signal),
    };
    const report = await passList(plan, (batch) => channel.put({ type: 'batch', batch }));
    if (report !== null) await channel.put({ type: 'list', report });
  };

  const fail = (error: unknown): void => {
    stop.abort(error);
    channel.end(error);
  };
  const passes = Promise.all(input.lists.map((list) => pass(list).catch(fail))).then(() => channel.end());
  try {
    yield* channel.values();
    input.signal?.throwIfAborted();
  } finally {
    input.signal?.removeEventListener('abort', abort);
    stop.abort();
    channel.close();
    await passes;
  }
}
