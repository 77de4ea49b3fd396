import type { Server } from './answer.ts';
import type { Bulk } from './bulk.ts';
import { type Bundle, openBundle, type Receive } from './bundle.ts';
import { type Asker, type BulkLane, createFlights } from './flights.ts';
import { createLane } from './lane.ts';
import type { Watch } from './libc.ts';
import { random16 } from './random.ts';
import type { ServerState, Servers } from './servers.ts';

/** Questions of a list from which on sockets that take many at once are worth their loading, some 40 ms. */
const BATCHED_FROM = 500;

/** The ways to all servers that are asked in bulk. */
export type Lanes = {
  /** For a list of about so many questions; its sockets are opened, and `onOpen` is called. */
  to(server: Server, questions: number): BulkLane<Bulk>;
  all(): BulkLane<Bulk>[];
  /** Reads what has arrived at sockets that are drained. @returns whether there are any */
  drain(): boolean;
  /** Until something has arrived at one of these, or so many ms. */
  arrival(timeout: number): Promise<void>;
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
  let watch: Watch | null = null;
  let closed = false;

  async function open(lane: BulkLane<Bulk>, batched: boolean): Promise<void> {
    const { state } = lane;
    const ofLane = (socket: number, message: Buffer): void => receive(lane, socket, message);
    const bundle = (batched ? await openWatched(state, ofLane) : null) ?? (await openBundle(state, ofLane));
    if (closed) bundle?.close();
    else lane.bundle = bundle;
    lane.unreachable = lane.bundle === null;
    onOpen();
  }

  async function openWatched(state: ServerState, ofLane: Receive): Promise<Bundle | null> {
    const [{ openBatched }, { loadLibc }] = await Promise.all([import('./batched.ts'), import('./libc.ts')]);
    const libc = await loadLibc();
    if (libc === null || closed) return null;
    watch ??= libc.watch();
    if (watch === null) return null;
    return await openBatched(state, ofLane, libc, watch);
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
    arrival: async (timeout) => await watch?.wait(timeout),
    overflowed: () => [...lanes.values()].reduce((sum, { bundle }) => sum + (bundle?.overflowed() ?? 0), 0),
    close() {
      closed = true;
      watch?.close();
      for (const lane of lanes.values()) {
        lane.bundle?.close();
        lane.bundle = null;
        lane.unreachable = true;
      }
    },
  };
}
