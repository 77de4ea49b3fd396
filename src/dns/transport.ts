import { watchAborts } from './aborts.ts';
import type { Answer, Ask, AskOptions, FailureWhy, Question, Server } from './answer.ts';
import { type AskMany, createBulkAsker } from './bulk.ts';
import { encodeQuery, sameQuestion } from './query.ts';
import { answerOf, readQuick } from './quick.ts';
import { random16 } from './random.ts';
import { type Asked, failure, isUndecodable, readMessage } from './reading.ts';
import { type RoundTrip, waitAfter, withSample, withTimeout } from './rtt.ts';
import { createServers, type ServerState } from './servers.ts';
import { exchangeOverTcp } from './tcp.ts';
import { openUdpSockets, type Peer } from './udp.ts';
import { createWheel, type Timed } from './wheel.ts';
import { isReply, MalformedMessage } from './wire.ts';

/** Counted since the transport was opened. */
export type TransportStats = {
  /** Datagrams sent, retransmissions included. */
  sent: number;
  /** Of those, in one system call with others. */
  batched: number;
  /** Datagrams and TCP messages received, whatever they were. */
  received: number;
  /** Dropped: of an unknown sender or id, or with another question. */
  forged: number;
  /** No DNS replies in order. */
  undecodable: number;
  /** Replies to queries that were over: answered, given up or aborted. */
  late: number;
  retransmitted: number;
  /** Replies to questions in bulk for which the kernel had no room, where it tells; counted at the close. */
  overflowed: number;
  /** Lookups that went on over TCP. */
  tcp: number;
};

export type Transport = {
  ask: Ask;
  /** For the questions of a list that has no limits. */
  askMany: AskMany;
  readonly stats: Readonly<TransportStats>;
  /** Lookups still in flight end as failed; nothing stays open. */
  close(): void;
};

/** One lookup in flight. */
type Exchange = Timed & {
  server: Server;
  peer: ServerState;
  question: Question;
  options: AskOptions;
  id: number;
  socket: number;
  query: Buffer;
  /** performance.now() at which it ends, and at which it was last sent. */
  endsAt: number;
  sentAt: number;
  tries: number;
  /** Of its first try, in milliseconds; later ones wait longer. */
  retryAfter: number;
  /** Its next time-out is the end. */
  last: boolean;
  /** Replies of the server dropped before this lookup began. */
  droppedBefore: number;
  cancelTcp: (() => void) | undefined;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
};

/** Ended lookups remembered, to tell a late reply from a forged one. */
const REMEMBERED = 4096;
/** No retransmission that has less than this, in ms, to be answered. */
const LEAST_WAIT = 50;
/** Milliseconds before which no server is asked again, however quick it is. */
const SOONEST = 250;
/** The same of a server of one's own, and what one gets whose round trip is not known yet. */
const EAGER = 100;

/**
 * Asks DNS servers over a few shared UDP sockets, and over TCP where a reply is truncated. Replies count only if
 * socket, sender, id and question are those of a query in flight (RFC 5452). Sockets are made at the first lookup.
 * @param options.now The clock that dates answers.
 * @param options.batchedFrom Questions of a list from which on datagrams are sent many at once.
 */
export function openTransport(options: { now?: () => Date; batchedFrom?: number } = {}): Transport {
  const now = options.now ?? (() => new Date());
  const stats: TransportStats = {
    ...{ sent: 0, batched: 0, received: 0, forged: 0, undecodable: 0, late: 0 },
    ...{ retransmitted: 0, overflowed: 0, tcp: 0 },
  };
  const servers = createServers();
  /** By socket and id. */
  const inFlight = new Map<number, Exchange>();
  const ended = new Set<number>();
  const wheel = createWheel<Exchange>(onDue);
  const aborts = watchAborts<Exchange>((exchange, reason) => {
    finish(exchange);
    exchange.reject(reason);
  });
  let outbox: Exchange[] = [];
  const sockets = openUdpSockets(receive, (socket, error) => {
    for (const exchange of inFlight.values()) {
      if (exchange.socket === socket) fail(exchange, 'network', `UDP socket: ${codeOf(error)}`);
    }
  });
  const bulk = createBulkAsker({ servers, stats, now, ask, batchedFrom: options.batchedFrom });
  let closed = false;

  async function ask(server: Server, question: Question, options: AskOptions): Promise<Answer> {
    options.signal?.throwIfAborted();
    const asked = { server, at: now(), question, recursionDesired: options.recursionDesired };
    if (closed) return failure(asked, 'network', 'the transport is closed');
    const peer = servers.of(server);
    const socket = sockets.pick(peer.family);
    const id = freeId(socket);
    let query: Buffer;
    try {
      query = encodeQuery(id, question, options.recursionDesired);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      return failure(asked, 'malformed', error.message);
    }
    return new Promise((resolve, reject) => {
      const start = performance.now();
      const exchange: Exchange = {
        due: 0,
        before: null,
        after: null,
        server,
        peer,
        question,
        options,
        id,
        socket,
        query,
        resolve,
        reject,
        endsAt: start + options.deadline,
        sentAt: start,
        tries: 0,
        retryAfter: retryAfter(peer.roundTrip, options),
        last: false,
        droppedBefore: peer.dropped,
        cancelTcp: undefined,
      };
      if (options.signal !== undefined) aborts.add(options.signal, exchange);
      inFlight.set(keyOf(socket, id), exchange);
      send(exchange);
    });
  }

  function freeId(socket: number): number {
    for (;;) {
      const id = random16();
      if (!inFlight.has(keyOf(socket, id))) return id;
    }
  }

  /** With all others of this turn of the event loop: between the reading of replies it takes much longer. */
  function send(exchange: Exchange): void {
    if (outbox.push(exchange) === 1) setImmediate(sendAll);
  }

  function sendAll(): void {
    const exchanges = outbox;
    outbox = [];
    for (const exchange of exchanges) if (isInFlight(exchange)) sendNow(exchange);
  }

  function sendNow(exchange: Exchange): void {
    exchange.tries += 1;
    exchange.sentAt = performance.now();
    stats.sent += 1;
    arm(exchange, exchange.sentAt + waitAfter(exchange.retryAfter, exchange.tries));
    sockets.send(exchange.socket, exchange.query, exchange.peer, (error) => {
      // A full send buffer is a lost datagram like any other.
      if (codeOf(error) === 'ENOBUFS' || codeOf(error) === 'EAGAIN') return;
      if (isInFlight(exchange)) fail(exchange, 'network', `cannot send: ${codeOf(error)}`);
    });
  }

  /** Until the next retransmission, or the end where there is no room for one. */
  function arm(exchange: Exchange, next: number): void {
    exchange.last = exchange.cancelTcp !== undefined || exchange.endsAt - next < LEAST_WAIT;
    wheel.set(exchange, exchange.last ? exchange.endsAt : next);
  }

  function onDue(exchange: Exchange): void {
    const { peer } = exchange;
    if (peer.heardAt < exchange.sentAt) peer.roundTrip = withTimeout(peer.roundTrip);
    if (!exchange.last) {
      stats.retransmitted += 1;
      exchange.options.resent?.();
      send(exchange);
      return;
    }
    const dropped = peer.dropped - exchange.droppedBefore;
    const seconds = (exchange.options.deadline / 1000).toFixed(1);
    const what = exchange.cancelTcp === undefined ? 'no reply' : 'no full reply over TCP';
    const noise = dropped === 0 ? '' : `; ${dropped} unusable ${dropped === 1 ? 'reply' : 'replies'} dropped`;
    fail(exchange, 'timeout', `${what} within ${seconds} s${noise}`);
  }

  function receive(socket: number, message: Buffer, from: { address: string; port: number }): void {
    stats.received += 1;
    if (!isReply(message)) {
      stats.undecodable += 1;
      servers.noteDropped(from);
      return;
    }
    const key = keyOf(socket, message.readUInt16BE(0));
    const exchange = inFlight.get(key);
    const sender = exchange !== undefined && isFrom(exchange.peer, from);
    if (exchange === undefined || !sender || exchange.cancelTcp !== undefined) {
      if (sender || (exchange === undefined && ended.has(key))) stats.late += 1;
      else {
        stats.forged += 1;
        servers.noteDropped(from);
      }
      return;
    }
    if (!sameQuestion(exchange.query, message)) {
      stats.forged += 1;
      exchange.peer.dropped += 1;
      return;
    }
    const { peer } = exchange;
    peer.heardAt = performance.now();
    if (exchange.tries === 1) peer.roundTrip = withSample(peer.roundTrip, peer.heardAt - exchange.sentAt);
    accept(exchange, message, 'udp');
  }

  /** A reply of the right sender, id and question: what it holds is the answer, even if that is nonsense. */
  function accept(exchange: Exchange, message: Buffer, over: 'udp' | 'tcp'): void {
    const common = exchange.question.type === 'A' ? readQuick(message, exchange.query.length) : null;
    if (common !== null) {
      settle(exchange, answerOf(askedOf(exchange), common));
      return;
    }
    const answer = readMessage(askedOf(exchange), message);
    if (answer !== null) {
      if (isUndecodable(answer)) stats.undecodable += 1;
      settle(exchange, answer);
    } else if (over === 'tcp') fail(exchange, 'malformed', 'truncated over TCP');
    else continueOverTcp(exchange);
  }

  function continueOverTcp(exchange: Exchange): void {
    stats.tcp += 1;
    exchange.cancelTcp = exchangeOverTcp(exchange.peer, exchange.query, {
      onMessage(message) {
        stats.received += 1;
        if (!isReply(message)) {
          stats.undecodable += 1;
          exchange.peer.dropped += 1;
        } else if (message.readUInt16BE(0) !== exchange.id || !sameQuestion(exchange.query, message)) {
          stats.forged += 1;
          exchange.peer.dropped += 1;
        } else accept(exchange, message, 'tcp');
      },
      onEnd: (detail) => fail(exchange, 'network', `truncated over UDP; ${detail}`),
    });
    arm(exchange, exchange.endsAt);
  }

  function askedOf({ server, question, options }: Exchange): Asked {
    return { server, at: now(), question, recursionDesired: options.recursionDesired };
  }

  function isInFlight(exchange: Exchange): boolean {
    return inFlight.get(keyOf(exchange.socket, exchange.id)) === exchange;
  }

  function fail(exchange: Exchange, why: FailureWhy, detail: string): void {
    settle(exchange, failure(askedOf(exchange), why, detail));
  }

  function settle(exchange: Exchange, answer: Answer): void {
    finish(exchange);
    exchange.resolve(answer);
  }

  /** Leaves no timer, no connection, no listener. */
  function finish(exchange: Exchange): void {
    const key = keyOf(exchange.socket, exchange.id);
    inFlight.delete(key);
    wheel.clear(exchange);
    exchange.cancelTcp?.();
    if (exchange.options.signal !== undefined) aborts.remove(exchange.options.signal, exchange);
    ended.add(key);
    if (ended.size > REMEMBERED) {
      const [oldest] = ended;
      if (oldest !== undefined) ended.delete(oldest);
    }
  }

  return {
    ask,
    askMany: bulk.askMany,
    stats,
    close() {
      closed = true;
      bulk.close();
      for (const exchange of inFlight.values()) fail(exchange, 'network', 'the transport is closed');
      sockets.close();
    },
  };
}

/** At least one retransmission should fit into a short deadline. */
function retryAfter(roundTrip: RoundTrip, { deadline, eager }: AskOptions): number {
  const wait = Math.min(roundTrip.retryAfter, deadline / 2);
  if (!eager) return Math.max(SOONEST, wait);
  return roundTrip.smoothed === 0 ? EAGER : Math.max(EAGER, wait);
}

function keyOf(socket: number, id: number): number {
  return socket * 0x10000 + id;
}

function isFrom(peer: Peer, from: { address: string; port: number }): boolean {
  return peer.port === from.port && peer.address === from.address;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
