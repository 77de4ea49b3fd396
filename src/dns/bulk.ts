import type { Answer, Ask, Server } from './answer.ts';
import { SOCKETS } from './bundle.ts';
import { createDelivery } from './delivery.ts';
import type { Asker, BulkLane, Flight } from './flights.ts';
import { nextAsker, noteSample, noteSilence, removeAsker } from './lane.ts';
import { createLanes } from './lanes.ts';
import { encodeSuffix, sameQuestion, writeAddressQuery } from './query.ts';
import type { Quick } from './quick.ts';
import { randomBelow } from './random.ts';
import { replyWithin, waitAfter } from './rtt.ts';
import type { Servers } from './servers.ts';
import type { TransportStats } from './transport.ts';
import { createTurns } from './turns.ts';
import { createWheel } from './wheel.ts';
import { isReply } from './wire.ts';

export type BulkType = 'A' | 'TXT';

/**
 * Many questions of one list: A records of addresses, and the texts of those that have some. The transport takes the
 * next one when a server has room for it, so that nothing waits in memory, and no question makes a promise, a timer or a
 * closure.
 */
export type Bulk = {
  zone: string;
  /** About how many there will be of this list in the round: for many, other sockets pay. */
  questions: number;
  recursionDesired: boolean;
  /** Absence counts only with the AA flag; without it, it comes as an answer. */
  authoritative: boolean;
  /** The token of the next question for a server, by its place in the order of `add`; -1: none until `wake`. */
  next(place: number): number;
  typeOf(token: number): BulkType;
  /** The address of a token: IPv4 as a number, IPv6 as a bigint. */
  addressOf(token: number): number | bigint;
  /** Milliseconds that this server has for a question, retransmissions included. */
  deadline(place: number): number;
  /** The common case; `quick` holds until the next message. */
  absent(token: number, place: number, quick: Quick): void;
  /** Everything else, failures included; `spent` in ms. */
  answered(token: number, place: number, answer: Answer, spent: number): void;
};

type BulkHandle = {
  /** Asks this server too. */
  add(server: Server): void;
  /** There are questions again. */
  wake(): void;
  /** What is on its way is forgotten, and nothing is called any more. */
  stop(): void;
};

export type AskMany = (bulk: Bulk) => BulkHandle;

/** Questions without an answer that one list may have at one server; only silence makes so many. */
const OPEN_MOST = 100;
/** On their way in all, so that a turn of the event loop stays short. */
const FLYING_MOST = 2000;
/** Sent in one turn at most, for the same reason. */
const TURN_MOST = 256;

export function createBulkAsker(options: {
  servers: Servers;
  stats: TransportStats;
  now: () => Date;
  /** For replies that are truncated. */
  ask: Ask;
  batchedFrom: number | undefined;
}): { askMany: AskMany; close(): void } {
  const { stats } = options;
  const delivery = createDelivery(options);
  const wheel = createWheel<Flight<Bulk>>(onDue);
  const turns = createTurns({
    drain: () => lanes.drain(),
    send: sendNext,
    arrival: (timeout) => lanes.arrival(timeout),
  });
  const lanes = createLanes({ ...options, receive, onOpen: turns.soon });
  let flying = 0;
  let open = 0;
  let begin = 0;
  let closed = false;

  /** @returns whether questions are not answered yet, and whether there are more for which this turn was too short */
  function sendNext(): { open: boolean; more: boolean } {
    let turn = TURN_MOST;
    const at = performance.now();
    const all = lanes.all();
    begin += 1; // another one first each time, so that none gets all questions of a list
    for (let place = 0; place < all.length; place += 1) {
      const lane = all[(begin + place) % all.length];
      if (lane === undefined || (lane.bundle === null && !lane.unreachable)) continue;
      while (lane.flying < lane.window && flying < FLYING_MOST && turn > 0) {
        const asker = nextAsker(lane);
        if (asker === null) break;
        const token = asker.open < OPEN_MOST ? asker.bulk.next(asker.place) : -1;
        if (token === -1) removeAsker(lane, asker);
        else {
          launch(lane, asker, token, at);
          turn -= 1;
        }
      }
      lane.bundle?.flush();
    }
    return { open: open > 0, more: turn === 0 };
  }

  function launch(lane: BulkLane<Bulk>, asker: Asker<Bulk>, token: number, at: number): void {
    const { bulk, suffixes, place } = asker;
    const flight = lane.flights.take(asker);
    flight.token = token;
    flight.type = bulk.typeOf(token);
    const suffix = suffixes[flight.type];
    flight.socket = randomBelow(SOCKETS);
    flight.length = writeAddressQuery(flight.query, flight.id, bulk.addressOf(token), suffix, bulk.recursionDesired);
    flight.startedAt = at;
    flight.endsAt = at + bulk.deadline(place);
    asker.open += 1;
    open += 1;
    if (lane.bundle === null) fail(flight, 'network', 'cannot connect');
    else send(flight, at);
  }

  function send(flight: Flight<Bulk>, at: number): void {
    const { lane } = flight.asker;
    flight.tries += 1;
    flight.sentAt = at;
    stats.sent += 1;
    count(flight);
    wheel.set(flight, Math.min(flight.endsAt, at + replyWithin(lane.state.roundTrip)));
    if (lane.bundle?.batched) stats.batched += 1;
    lane.bundle?.send(flight.socket, flight.query, flight.length);
  }

  function count(flight: Flight<Bulk>): void {
    if (flight.counted) return;
    flight.counted = true;
    flight.asker.lane.flying += 1;
    flying += 1;
  }

  function uncount(flight: Flight<Bulk>): void {
    if (!flight.counted) return;
    flight.counted = false;
    flight.asker.lane.flying -= 1;
    flying -= 1;
  }

  /** No reply yet: its place goes to another question, and it is asked again, now or somewhat later, or is over. */
  function onDue(flight: Flight<Bulk>): void {
    const { lane } = flight.asker;
    const at = performance.now();
    uncount(flight);
    turns.soon();
    if (at >= flight.endsAt) {
      const seconds = ((flight.endsAt - flight.startedAt) / 1000).toFixed(1);
      fail(flight, 'timeout', `no reply within ${seconds} s`);
      return;
    }
    const again = flight.sentAt + waitAfter(lane.state.roundTrip.retryAfter, flight.tries);
    if (again > at + 1) {
      wheel.set(flight, Math.min(flight.endsAt, again));
      return;
    }
    noteSilence(lane, flight.sentAt, at);
    stats.retransmitted += 1;
    send(flight, at);
  }

  function receive(lane: BulkLane<Bulk>, socket: number, message: Buffer): void {
    stats.received += 1;
    if (!isReply(message)) {
      stats.undecodable += 1;
      lane.state.dropped += 1;
      return;
    }
    const flight = lane.flights.get(((message[0] ?? 0) << 8) | (message[1] ?? 0));
    if (flight === undefined) {
      stats.late += 1;
      return;
    }
    if (flight.socket !== socket || !sameQuestion(flight.query, message, flight.length)) {
      stats.forged += 1;
      lane.state.dropped += 1;
      return;
    }
    const at = performance.now();
    lane.state.heardAt = at;
    if (flight.tries === 1) noteSample(lane, at - flight.sentAt);
    land(flight);
    delivery.reply(flight, message, at);
    turns.heard();
  }

  function fail(flight: Flight<Bulk>, why: 'timeout' | 'network', detail: string): void {
    land(flight);
    delivery.failed(flight, why, detail);
  }

  /** Off the wheel and out of the tables. */
  function land(flight: Flight<Bulk>): void {
    const { asker } = flight;
    wheel.clear(flight);
    uncount(flight);
    asker.lane.flights.giveBack(flight);
    if (asker.open === OPEN_MOST) comeBack(asker);
    asker.open -= 1;
    open -= 1;
  }

  function comeBack(asker: Asker<Bulk>): void {
    if (!asker.stopped && !asker.lane.askers.includes(asker)) asker.lane.askers.push(asker);
  }

  function askMany(bulk: Bulk): BulkHandle {
    const suffixes = { A: encodeSuffix(bulk.zone, 'A'), TXT: encodeSuffix(bulk.zone, 'TXT') };
    const askers: Asker<Bulk>[] = [];
    const wake = (): void => {
      for (const asker of askers) comeBack(asker);
      turns.soon();
    };
    return {
      add(server) {
        const lane = lanes.to(server, bulk.questions);
        const asker = { bulk, suffixes, lane, place: askers.length, open: 0, stopped: closed };
        askers.push(asker);
        comeBack(asker);
        turns.soon();
      },
      wake,
      stop() {
        for (const asker of askers) {
          asker.stopped = true;
          removeAsker(asker.lane, asker);
          if (asker.open === 0) continue;
          for (const flight of asker.lane.flights.all()) if (flight.asker === asker) land(flight);
        }
        turns.soon();
      },
    };
  }

  return {
    askMany,
    close() {
      closed = true;
      for (const lane of lanes.all())
        for (const flight of lane.flights.all()) fail(flight, 'network', 'the transport is closed');
      if (stats.retransmitted > 0) stats.overflowed += lanes.overflowed();
      lanes.close();
    },
  };
}
