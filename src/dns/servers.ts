import type { Server } from './answer.ts';
import { splitServer } from './resolvers.ts';
import { NEW_ROUND_TRIP, type RoundTrip } from './rtt.ts';
import type { Peer } from './udp.ts';

/** What is known of one server, however it is asked. */
export type ServerState = Peer & {
  server: Server;
  roundTrip: RoundTrip;
  /** performance.now() of its last reply: one that answers others loses packets, and is not slow. */
  heardAt: number;
  /** Messages from it that were no replies to a query in flight. */
  dropped: number;
};

export type Servers = {
  of(server: Server): ServerState;
  /** Counts a message that was dropped against its sender, where that is one of ours. */
  noteDropped(from: { address: string; port: number }): void;
};

export function createServers(): Servers {
  const known = new Map<Server, ServerState>();
  return {
    of(server) {
      const state = known.get(server) ?? {
        ...splitServer(server),
        server,
        roundTrip: NEW_ROUND_TRIP,
        heardAt: 0,
        dropped: 0,
      };
      known.set(server, state);
      return state;
    },
    noteDropped({ address, port }) {
      const state = known.get(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
      if (state !== undefined) state.dropped += 1;
    },
  };
}
