import type { BulkType } from './bulk.ts';
import type { Lane } from './lane.ts';
import { LONGEST_QUERY } from './query.ts';
import type { Timed } from './wheel.ts';

/** Whoever has many questions for one server. */
export type Asker<Bulk> = {
  bulk: Bulk;
  /** The end of its queries, by type. */
  suffixes: Record<BulkType, Buffer>;
  lane: BulkLane<Bulk>;
  /** The lane's server, among those of `bulk`. */
  place: number;
  /** Questions not answered yet. */
  open: number;
  stopped: boolean;
};

/** With the questions on their way, of all its askers. */
export type BulkLane<Bulk> = Lane<Asker<Bulk>> & { flights: Flights<Bulk> };

/** A question on its way. Used again for another one when it is answered: at such a rate each object counts. */
export type Flight<Bulk> = Timed & {
  asker: Asker<Bulk>;
  token: number;
  type: BulkType;
  socket: number;
  id: number;
  /** The first `length` bytes of this are the query. */
  query: Buffer;
  length: number;
  /** In performance.now(). */
  startedAt: number;
  endsAt: number;
  sentAt: number;
  tries: number;
  /** Counts in its lane's `flying`. */
  counted: boolean;
};

/** Those on their way to one server, by their id: a Map would leave a chain of discarded tables behind. */
export type Flights<Bulk> = {
  /** Its id is random, and no other has it. */
  take(asker: Asker<Bulk>): Flight<Bulk>;
  get(id: number): Flight<Bulk> | undefined;
  /** It is read until the next `take`. */
  giveBack(flight: Flight<Bulk>): void;
  all(): Flight<Bulk>[];
};

export function createFlights<Bulk>(random16: () => number): Flights<Bulk> {
  /** By id, the place in `flights` plus one. */
  const placeOf = new Uint16Array(0x10000);
  const flights: Flight<Bulk>[] = [];
  const free: number[] = [];
  return {
    take(asker) {
      let id = random16();
      while (placeOf[id] !== 0) id = random16();
      const place = free.pop() ?? flights.length;
      const flight = flights[place] ?? createFlight(asker);
      flights[place] = flight;
      placeOf[id] = place + 1;
      flight.id = id;
      flight.asker = asker;
      flight.tries = 0;
      return flight;
    },
    get(id) {
      const place = placeOf[id] ?? 0;
      return place === 0 ? undefined : flights[place - 1];
    },
    giveBack({ id }) {
      const place = placeOf[id] ?? 0;
      if (place === 0) return;
      placeOf[id] = 0;
      free.push(place - 1);
    },
    all: () => flights.filter(({ id }, place) => placeOf[id] === place + 1),
  };
}

function createFlight<Bulk>(asker: Asker<Bulk>): Flight<Bulk> {
  return {
    due: 0,
    before: null,
    after: null,
    asker,
    token: 0,
    type: 'A',
    socket: 0,
    id: 0,
    query: Buffer.alloc(LONGEST_QUERY),
    length: 0,
    startedAt: Number.NaN,
    endsAt: Number.NaN,
    sentAt: Number.NaN,
    tries: 0,
    counted: false,
  };
}
