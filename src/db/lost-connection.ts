/**
 * Rejects when a connection is lost where postgres.js (3.4) has nobody to tell: it writes to one that the server has
 * just closed (issues 1066, 1154 and 1208) and throws from a timer, and statements that wait behind that one are never
 * heard of again; or the connection ends while it asks, for itself, which types there are. So whoever uses the
 * connections is to give up. Any other exception ends the process as it always does.
 */
export function lostConnection(): { lost: Promise<never>; unwatch(): void } {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  lost.catch(() => {}); // where nobody waits for it any more
  if (watchers.size === 0) {
    process.on('uncaughtException', onException);
    process.on('unhandledRejection', onRejection);
  }
  watchers.add(reject);
  return {
    lost,
    unwatch() {
      watchers.delete(reject);
      if (watchers.size === 0) stopListening();
    },
  };
}

type Reject = (error: Error) => void;

/** All in this process that watch now: it listens once for them all, and what is lost may be anyone's. */
const watchers = new Set<Reject>();

function onException(error: Error): void {
  if (isLostWrite(error)) tellAll(Object.assign(error, { code: 'CONNECTION_CLOSED' }));
  else giveUp(error);
}

function onRejection(error: unknown): void {
  if (isLostTypes(error)) tellAll(error);
  else giveUp(error);
}

function tellAll(error: Error): void {
  for (const reject of watchers) reject(error);
}

function giveUp(error: unknown): never {
  stopListening();
  throw error;
}

function stopListening(): void {
  process.off('uncaughtException', onException);
  process.off('unhandledRejection', onRejection);
}

function isLostWrite(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("'write'") && /\bnextWrite\b/.test(error.stack ?? '');
}

/** The statement of postgres.js's own, whatever it failed of. */
function isLostTypes(error: unknown): error is Error {
  return error instanceof Error && 'query' in error && /\bselect b\.oid, b\.typarray\b/.test(String(error.query));
}
