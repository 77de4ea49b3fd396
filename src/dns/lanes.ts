import type { Server } from './answer.ts';
import type { Bulk } from './bulk.ts';
import { type Bundle, openBundle } from './bundle.ts';
import { type Asker, type BulkLane, createFlights } from './flights.ts';
import { createLane } from './lane.ts';
import { random16 } from './random.ts';
import type { Servers } from './servers.ts';

/** Questions of a list from which on sockets that take many at once are worth their loading, some 40 ms. */
const BATCHED_FROM = 500;

/** The ways to all servers that are asked in bulk. */
export type Lanes = {
  /** For a list of about so many questions; its sockets are opened, and `onOpen` is called. */
  to(server: Server, questions: number): BulkLane<Bulk>;
  all(): BulkLane<Bulk>[];
  /** Reads what has arrived at sockets that can be drained. @returns whether there are any */
  drain(): boolean;
  /** Replies so far for which the kernel had no room. */
  overflowed(): number;
  close(): void;
};

export function createLanes({
  servers,
  batchedFrom = BATCHED_FROM,
  receive,
  onOpen,
}: {
  servers: Servers;
  /** In place of BATCHED_FROM. */
  batchedFrom: number | undefined;
  receive(lane: BulkLane<Bulk>, socket: number, message: Buffer): void;
  onOpen(): void;
}): Lanes {
  const lanes = new Map<string, BulkLane<Bulk>>();
  let closed = false;

  async function open(lane: BulkLane<Bulk>, batched: boolean): Promise<void> {
    const bundle = await openSockets(lane, batched, (socket, message) => receive(lane, socket, message));
    if (closed) bundle?.close();
    else lane.bundle = bundle;
    lane.unreachable = lane.bundle === null;
    onOpen();
  }

  return {
    to(server, questions) {
      const batched = questions >= batchedFrom;
      const key = `${server} ${batched}`;
      const known = lanes.get(key);
      if (known !== undefined) return known;
      const lane = { ...createLane<Asker<Bulk>>(servers.of(server)), flights: createFlights<Bulk>(random16) };
      lanes.set(key, lane);
      void open(lane, batched);
      return lane;
    },
    all: () => [...lanes.values()],
    drain() {
      let batched = false;
      for (const { bundle } of lanes.values()) {
        if (!bundle?.batched) continue;
        batched = true;
        bundle.drain();
      }
      return batched;
    },
    overflowed: () => [...lanes.values()].reduce((sum, { bundle }) => sum + (bundle?.overflowed() ?? 0), 0),
    close() {
      closed = true;
      for (const lane of lanes.values()) {
        lane.bundle?.close();
        lane.bundle = null;
        lane.unreachable = true;
      }
    },
  };
}

async function openSockets(
  { state }: BulkLane<Bulk>,
  batched: boolean,
  receive: (socket: number, message: Buffer) => void,
): Promise<Bundle | null> {
  if (batched) {
    const { openBatched } = await import('./batched.ts');
    const bundle = await openBatched(state, receive);
    if (bundle !== null) return bundle;
  }
  return openBundle(state, receive);
}
