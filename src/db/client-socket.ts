import { connect, type Socket } from 'node:net';

/** So many sockets in so many milliseconds: nobody lets us in. */
const MOST = 10;
const WITHIN = 1000;

/** What postgres.js tells of where to connect. */
type Place = { path?: string | false | undefined; host: readonly string[]; port: readonly number[] };

/**
 * The sockets of one client of postgres.js, which attaches its listeners and sees to their deadline. Its version 3.4
 * opens another one at once, without end, where a server (or a proxy whose database is down) takes a connection and
 * closes it before the first statement; here that is an error.
 */
export function clientSocket(): (place: Place) => Socket {
  const opened: number[] = [];
  return ({ path, host, port }) => {
    const now = performance.now();
    const socket = failingAsItCloses(path ? connect(path) : connect(port[0] ?? 5432, host[0]));
    opened.push(now);
    if (opened.length > MOST && now - (opened.shift() ?? 0) < WITHIN) {
      const failure = Object.assign(new Error('every connection is closed'), { code: 'CONNECTION_CLOSED' });
      setImmediate(() => socket.destroy(failure));
    }
    return socket;
  };
}

/**
 * Tells of its failure only when it is closed. postgres.js 3.4 rejects what was asked at the one and lets go of the
 * connection at the other: a statement that somebody sends between the two is never written, and never heard of again.
 */
function failingAsItCloses(socket: Socket): Socket {
  const emit = socket.emit.bind(socket);
  let failure: unknown[] | null = null;
  socket.emit = (event: string | symbol, ...args: unknown[]) => {
    if (event === 'error') {
      failure = args;
      return true;
    }
    if (event === 'close' && failure !== null) emit('error', ...failure);
    return emit(event, ...args);
  };
  return socket;
}
