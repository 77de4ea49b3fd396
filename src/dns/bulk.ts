import type { Answer, Ask, Server } from './answer.ts';
import { type Bundle, openBundle, SOCKETS } from './bundle.ts';
import { createFlights, type Flights } from './flights.ts';
import { createLane, type Lane, nextAsker, noteSample, noteSilence, removeAsker } from './lane.ts';
import { encodeAddressQuery, encodeSuffix, sameQuestion } from './query.ts';
import { answerOf, type Quick, readQuick } from './quick.ts';
import { random16 } from './random.ts';
import { type Asked, failure, isUndecodable, readMessage } from './reading.ts';
import { replyWithin, waitAfter } from './rtt.ts';
import type { Servers } from './servers.ts';
import type { TransportStats } from './transport.ts';
import { createTurns } from './turns.ts';
import { createWheel, type Timed } from './wheel.ts';
import { isReply } from './wire.ts';

/**
 * Many questions of one list: A records of IPv4 addresses. The transport takes the next one when a server has room for
 * it, so that nothing waits in memory, and no question makes a promise, a timer or a closure.
 */
type Bulk = {
  zone: string;
  /** About how many there will be of this list in the round: for many, other sockets pay. */
  questions: number;
  recursionDesired: boolean;
  /** Absence counts only with the AA flag; without it, it comes as an answer. */
  authoritative: boolean;
  /** The token of the next question for a server, by its place in the order of `add`; -1: none until `wake`. */
  next(place: number): number;
  /** The address of a token. */
  addressOf(token: number): number;
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

/** With the questions on their way, of all its askers. */
type BulkLane = Lane<Asker> & { flights: Flights<Flight> };

type Asker = {
  bulk: Bulk;
  suffix: Buffer;
  lane: BulkLane;
  /** The lane's server, among those of `bulk`. */
  place: number;
  /** Questions not answered yet. */
  open: number;
  stopped: boolean;
};

type Flight = Timed & {
  asker: Asker;
  token: number;
  socket: number;
  id: number;
  query: Buffer;
  startedAt: number;
  endsAt: number;
  sentAt: number;
  tries: number;
  /** Counts in its lane's `flying`. */
  counted: boolean;
};

/** Questions of a list from which on sockets that take many at once are worth their loading, some 40 ms. */
const BATCHED_FROM = 500;
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
  /** In place of BATCHED_FROM. */
  batchedFrom: number | undefined;
}): { askMany: AskMany; close(): void } {
  const { servers, stats, now, batchedFrom = BATCHED_FROM } = options;
  const lanes = new Map<string, BulkLane>();
  const wheel = createWheel<Flight>(onDue);
  const turns = createTurns({ drain, send: sendNext });
  let flying = 0;
  let begin = 0;
  let closed = false;

  function laneOf(server: Server, questions: number): BulkLane {
    const batched = questions >= batchedFrom;
    const key = `${server} ${batched}`;
    const known = lanes.get(key);
    if (known !== undefined) return known;
    const lane: BulkLane = { ...createLane<Asker>(servers.of(server)), flights: createFlights<Flight>(random16) };
    lanes.set(key, lane);
    void openSockets(lane, batched).then((bundle) => {
      if (closed) bundle?.close();
      lane.bundle = closed ? null : bundle;
      turns.soon();
    });
    return lane;
  }

  async function openSockets(lane: BulkLane, batched: boolean): Promise<Bundle | null> {
    const hear = (socket: number, message: Buffer): void => receive(lane, socket, message);
    if (batched) {
      const { openBatched } = await import('./batched.ts');
      const bundle = await openBatched(lane.state, hear);
      if (bundle !== null) return bundle;
    }
    return openBundle(lane.state, hear);
  }

  function drain(): boolean {
    let batched = false;
    for (const { bundle } of lanes.values()) {
      if (bundle === 'opening' || !bundle?.batched) continue;
      batched = true;
      bundle.drain();
    }
    return batched;
  }

  /** @returns whether questions are on their way, and whether there are more for which this turn was too short */
  function sendNext(): { flying: boolean; more: boolean } {
    let turn = TURN_MOST;
    const at = performance.now();
    const all = [...lanes.values()];
    begin += 1; // another one first each time, so that none gets all questions of a list
    for (let place = 0; place < all.length; place += 1) {
      const lane = all[(begin + place) % all.length];
      if (lane === undefined || lane.bundle === 'opening') continue;
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
    return { flying: flying > 0, more: turn === 0 };
  }

  function launch(lane: BulkLane, asker: Asker, token: number, at: number): void {
    const { bulk } = asker;
    const { server } = lane.state;
    if (lane.bundle === null) {
      const asked = { server, at: now(), question: questionOf(asker, token), recursionDesired: bulk.recursionDesired };
      bulk.answered(token, asker.place, failure(asked, 'network', 'cannot connect'), 0);
      return;
    }
    const flight: Flight = {
      due: 0,
      before: null,
      after: null,
      asker,
      token,
      socket: lane.turn % SOCKETS,
      id: 0,
      query: asker.suffix,
      startedAt: at,
      endsAt: at + bulk.deadline(asker.place),
      sentAt: at,
      tries: 0,
      counted: false,
    };
    asker.lane.flights.add(flight);
    flight.query = encodeAddressQuery(flight.id, bulk.addressOf(token), asker.suffix, bulk.recursionDesired);
    asker.open += 1;
    send(flight, at);
  }

  function send(flight: Flight, at: number): void {
    const { lane } = flight.asker;
    flight.tries += 1;
    flight.sentAt = at;
    stats.sent += 1;
    count(flight);
    wheel.set(flight, Math.min(flight.endsAt, at + replyWithin(lane.state.roundTrip)));
    if (lane.bundle !== 'opening') lane.bundle?.send(flight.socket, flight.query);
  }

  function count(flight: Flight): void {
    if (flight.counted) return;
    flight.counted = true;
    flight.asker.lane.flying += 1;
    flying += 1;
  }

  function uncount(flight: Flight): void {
    if (!flight.counted) return;
    flight.counted = false;
    flight.asker.lane.flying -= 1;
    flying -= 1;
  }

  /** No reply yet: its place goes to another question, and it is asked again, now or somewhat later, or is over. */
  function onDue(flight: Flight): void {
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

  function receive(lane: BulkLane, socket: number, message: Buffer): void {
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
    if (flight.socket !== socket || !sameQuestion(flight.query, message)) {
      stats.forged += 1;
      lane.state.dropped += 1;
      return;
    }
    const at = performance.now();
    lane.state.heardAt = at;
    if (flight.tries === 1) noteSample(lane, at - flight.sentAt);
    land(flight);
    read(flight, message, at);
    turns.heard();
  }

  function read(flight: Flight, message: Buffer, at: number): void {
    const { asker, token, query } = flight;
    const { bulk, place } = asker;
    const quick = readQuick(message, query.length);
    if (quick?.kind === 'absent' && (quick.authoritative || !bulk.authoritative)) {
      bulk.absent(token, place, quick);
      return;
    }
    const asked = askedOf(flight);
    const spent = at - flight.startedAt;
    if (quick !== null) {
      bulk.answered(token, place, answerOf(asked, quick), spent);
      return;
    }
    const answer = readMessage(asked, message);
    if (answer === null) {
      void askAgain(flight, asked, flight.endsAt - at);
      return;
    }
    if (isUndecodable(answer)) stats.undecodable += 1;
    bulk.answered(token, place, answer, spent);
  }

  /** The way that goes over TCP. */
  async function askAgain({ asker, token, startedAt }: Flight, asked: Asked, left: number): Promise<void> {
    const { server, question, recursionDesired } = asked;
    const answer = await options.ask(server, question, { deadline: Math.max(1, left), recursionDesired });
    if (!asker.stopped) asker.bulk.answered(token, asker.place, answer, performance.now() - startedAt);
  }

  function fail(flight: Flight, why: 'timeout' | 'network', detail: string): void {
    land(flight);
    const { bulk, place } = flight.asker;
    const spent = performance.now() - flight.startedAt;
    bulk.answered(flight.token, place, failure(askedOf(flight), why, detail), spent);
  }

  /** Off the wheel and out of the tables. */
  function land(flight: Flight): void {
    const { asker } = flight;
    wheel.clear(flight);
    uncount(flight);
    asker.lane.flights.remove(flight);
    if (asker.open === OPEN_MOST) comeBack(asker);
    asker.open -= 1;
  }

  function comeBack(asker: Asker): void {
    if (!asker.stopped && !asker.lane.askers.includes(asker)) asker.lane.askers.push(asker);
  }

  function askedOf({ asker, token }: Flight): Asked {
    const { bulk, lane } = asker;
    const question = questionOf(asker, token);
    return { server: lane.state.server, at: now(), question, recursionDesired: bulk.recursionDesired };
  }

  function askMany(bulk: Bulk): BulkHandle {
    const suffix = encodeSuffix(bulk.zone);
    const askers: Asker[] = [];
    const wake = (): void => {
      for (const asker of askers) comeBack(asker);
      turns.soon();
    };
    return {
      add(server) {
        const lane = laneOf(server, bulk.questions);
        const asker = { bulk, suffix, lane, place: askers.length, open: 0, stopped: closed };
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
      for (const lane of lanes.values()) {
        for (const flight of lane.flights.all()) fail(flight, 'network', 'the transport is closed');
        if (lane.bundle !== 'opening') lane.bundle?.close();
        lane.bundle = null;
      }
    },
  };
}

function questionOf({ bulk }: Asker, token: number): Asked['question'] {
  const address = bulk.addressOf(token);
  const octets = [address & 255, (address >>> 8) & 255, (address >>> 16) & 255, address >>> 24];
  return { name: `${octets.join('.')}.${bulk.zone}`, type: 'A' };
}
