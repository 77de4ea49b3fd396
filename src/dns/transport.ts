import { randomInt } from 'node:crypto';
import type { Answer, Ask, AskOptions, FailureWhy, Question, Server } from './answer.ts';
import { decodeReply, encodeQuery, type Reply, sameQuestion } from './codec.ts';
import { failure, readReply } from './reading.ts';
import { splitServer } from './resolvers.ts';
import { NEW_ROUND_TRIP, type RoundTrip, withSample, withTimeout } from './rtt.ts';
import { exchangeOverTcp } from './tcp.ts';
import { openUdpSockets, type Peer } from './udp.ts';
import { MalformedMessage } from './wire.ts';

/** Counted since the transport was opened. */
export type TransportStats = {
  /** Datagrams sent, retransmissions included. */
  sent: number;
  /** Datagrams and TCP messages received, whatever they were. */
  received: number;
  /** Dropped: of an unknown sender or id, or with another question. */
  forged: number;
  /** No DNS replies in order. */
  undecodable: number;
  /** Replies to queries that were over: answered, given up or aborted. */
  late: number;
  retransmitted: number;
  /** Lookups that went on over TCP. */
  tcp: number;
};

export type Transport = {
  ask: Ask;
  readonly stats: Readonly<TransportStats>;
  /** Lookups still in flight end as failed; nothing stays open. */
  close(): void;
};

type ServerState = Peer & { roundTrip: RoundTrip; dropped: number };

/** One lookup in flight. */
type Exchange = {
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
  /** Replies of the server dropped before this lookup began. */
  droppedBefore: number;
  wait: number;
  timer: NodeJS.Timeout | undefined;
  cancelTcp: (() => void) | undefined;
  onAbort: (() => void) | undefined;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
};

/** Ended lookups remembered, to tell a late reply from a forged one. */
const REMEMBERED = 4096;
/** No retransmission that has less than this, in ms, to be answered. */
const LEAST_WAIT = 50;

/**
 * Asks DNS servers over a few shared UDP sockets, and over TCP where a reply is truncated. Replies count only if
 * socket, sender, id and question are those of a query in flight (RFC 5452). Sockets are made at the first lookup.
 * @param options.now The clock that dates answers.
 */
export function openTransport(options: { now?: () => Date } = {}): Transport {
  const now = options.now ?? (() => new Date());
  const stats = { sent: 0, received: 0, forged: 0, undecodable: 0, late: 0, retransmitted: 0, tcp: 0 };
  const servers = new Map<Server, ServerState>();
  const inFlight = new Map<string, Exchange>();
  const ended = new Set<string>();
  const sockets = openUdpSockets(receive, (socket, error) => {
    for (const exchange of inFlight.values()) {
      if (exchange.socket === socket) fail(exchange, 'network', `UDP socket: ${codeOf(error)}`);
    }
  });
  let closed = false;

  async function ask(server: Server, question: Question, options: AskOptions): Promise<Answer> {
    options.signal?.throwIfAborted();
    const asked = { server, at: now(), question, recursionDesired: options.recursionDesired };
    if (closed) return failure(asked, 'network', 'the transport is closed');
    const peer = stateOf(server);
    const socket = sockets.pick(peer.family);
    const id = freeId(socket, peer);
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
        ...{ server, peer, question, options, id, socket, query, resolve, reject },
        endsAt: start + options.deadline,
        sentAt: start,
        tries: 0,
        droppedBefore: peer.dropped,
        // At least one retransmission should fit into a short deadline.
        wait: Math.min(peer.roundTrip.retryAfter, Math.max(250, options.deadline / 2)),
        timer: undefined,
        cancelTcp: undefined,
        onAbort: undefined,
      };
      if (options.signal !== undefined) {
        exchange.onAbort = () => {
          finish(exchange);
          reject(options.signal?.reason);
        };
        options.signal.addEventListener('abort', exchange.onAbort, { once: true });
      }
      inFlight.set(keyOf(socket, id, peer), exchange);
      send(exchange);
    });
  }

  function stateOf(server: Server): ServerState {
    const known = servers.get(server);
    if (known !== undefined) return known;
    const state = { ...splitServer(server), roundTrip: NEW_ROUND_TRIP, dropped: 0 };
    servers.set(server, state);
    return state;
  }

  function freeId(socket: number, peer: Peer): number {
    for (;;) {
      const id = randomInt(0x10000);
      if (!inFlight.has(keyOf(socket, id, peer))) return id;
    }
  }

  function send(exchange: Exchange): void {
    exchange.tries += 1;
    exchange.sentAt = performance.now();
    stats.sent += 1;
    arm(exchange, exchange.wait);
    sockets.send(exchange.socket, exchange.query, exchange.peer, (error) => {
      // A full send buffer is a lost datagram like any other.
      if (codeOf(error) === 'ENOBUFS' || codeOf(error) === 'EAGAIN') return;
      if (isInFlight(exchange)) fail(exchange, 'network', `cannot send: ${codeOf(error)}`);
    });
  }

  /** Until the next retransmission, or the end where there is no room for one. */
  function arm(exchange: Exchange, wait: number): void {
    const left = exchange.endsAt - performance.now();
    const last = exchange.cancelTcp !== undefined || left - wait < LEAST_WAIT;
    exchange.timer = setTimeout(() => onTimer(exchange, last), Math.max(0, last ? left : wait));
  }

  function onTimer(exchange: Exchange, last: boolean): void {
    const { peer } = exchange;
    peer.roundTrip = withTimeout(peer.roundTrip);
    if (!last) {
      stats.retransmitted += 1;
      exchange.wait *= 2;
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
    if (message.length < 12 || ((message[2] ?? 0) & 0x80) === 0) {
      stats.undecodable += 1;
      noteDropped(from);
      return;
    }
    const key = keyOf(socket, message.readUInt16BE(0), from);
    const exchange = inFlight.get(key);
    if (exchange === undefined || exchange.cancelTcp !== undefined) {
      if (exchange !== undefined || ended.has(key)) stats.late += 1;
      else {
        stats.forged += 1;
        noteDropped(from);
      }
      return;
    }
    if (!sameQuestion(exchange.query, message)) {
      stats.forged += 1;
      exchange.peer.dropped += 1;
      return;
    }
    if (exchange.tries === 1) {
      const { peer } = exchange;
      peer.roundTrip = withSample(peer.roundTrip, performance.now() - exchange.sentAt);
    }
    accept(exchange, message, 'udp');
  }

  /** A reply of the right sender, id and question: what it holds is the answer, even if that is nonsense. */
  function accept(exchange: Exchange, message: Buffer, over: 'udp' | 'tcp'): void {
    let reply: Reply;
    try {
      reply = decodeReply(message);
    } catch (error) {
      stats.undecodable += 1;
      fail(exchange, 'malformed', error instanceof MalformedMessage ? error.message : 'the reply cannot be decoded');
      return;
    }
    if (!reply.truncated) {
      settle(exchange, readReply(askedOf(exchange), reply));
    } else if (over === 'tcp') {
      fail(exchange, 'malformed', 'truncated over TCP');
    } else {
      continueOverTcp(exchange);
    }
  }

  function continueOverTcp(exchange: Exchange): void {
    stats.tcp += 1;
    clearTimeout(exchange.timer);
    exchange.cancelTcp = exchangeOverTcp(exchange.peer, exchange.query, {
      onMessage(message) {
        stats.received += 1;
        if (message.length < 12 || ((message[2] ?? 0) & 0x80) === 0) {
          stats.undecodable += 1;
          exchange.peer.dropped += 1;
        } else if (message.readUInt16BE(0) !== exchange.id || !sameQuestion(exchange.query, message)) {
          stats.forged += 1;
          exchange.peer.dropped += 1;
        } else accept(exchange, message, 'tcp');
      },
      onEnd: (detail) => fail(exchange, 'network', `truncated over UDP; ${detail}`),
    });
    arm(exchange, 0);
  }

  /** Counts against the server, if it is one of ours, so that its time-outs can say so. */
  function noteDropped(from: { address: string; port: number }): void {
    const peer = servers.get(
      from.address.includes(':') ? `[${from.address}]:${from.port}` : `${from.address}:${from.port}`,
    );
    if (peer !== undefined) peer.dropped += 1;
  }

  function askedOf({ server, question, options }: Exchange): Parameters<typeof readReply>[0] {
    return { server, at: now(), question, recursionDesired: options.recursionDesired };
  }

  function isInFlight(exchange: Exchange): boolean {
    return inFlight.get(keyOf(exchange.socket, exchange.id, exchange.peer)) === exchange;
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
    const key = keyOf(exchange.socket, exchange.id, exchange.peer);
    inFlight.delete(key);
    clearTimeout(exchange.timer);
    exchange.cancelTcp?.();
    if (exchange.onAbort !== undefined) exchange.options.signal?.removeEventListener('abort', exchange.onAbort);
    ended.add(key);
    if (ended.size > REMEMBERED) {
      const [oldest] = ended;
      if (oldest !== undefined) ended.delete(oldest);
    }
  }

  return {
    ask,
    stats,
    close() {
      closed = true;
      for (const exchange of inFlight.values()) fail(exchange, 'network', 'the transport is closed');
      sockets.close();
    },
  };
}

function keyOf(socket: number, id: number, peer: { address: string; port: number }): string {
  return `${socket} ${id} ${peer.port} ${peer.address}`;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
