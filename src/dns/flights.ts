/**
 * Queries on their way to one server, by their id. Not a Map: one that takes and loses an entry with every lookup leaves
 * a chain of discarded tables, which keeps all that passed through it until the next full garbage collection.
 */
export type Flights<Flight extends { id: number }> = {
  /** A random id that no other has; the flight is found by it until it is removed. */
  add(flight: Flight): void;
  get(id: number): Flight | undefined;
  remove(flight: Flight): void;
  all(): Flight[];
};

export function createFlights<Flight extends { id: number }>(random16: () => number): Flights<Flight> {
  /** By id, the place in `flights` plus one. */
  const placeOf = new Uint16Array(0x10000);
  const flights: (Flight | undefined)[] = [];
  const free: number[] = [];
  return {
    add(flight) {
      let id = random16();
      while (placeOf[id] !== 0) id = random16();
      const place = free.pop() ?? flights.length;
      flight.id = id;
      flights[place] = flight;
      placeOf[id] = place + 1;
    },
    get(id) {
      const place = placeOf[id] ?? 0;
      return place === 0 ? undefined : flights[place - 1];
    },
    remove({ id }) {
      const place = placeOf[id] ?? 0;
      if (place === 0) return;
      placeOf[id] = 0;
      flights[place - 1] = undefined;
      free.push(place - 1);
    },
    all: () => flights.filter((flight) => flight !== undefined),
  };
}
