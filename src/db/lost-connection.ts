/**
 * Rejects when a connection is lost where postgres.js (3.4) has nobody to tell: it writes to one that the server has
 * just closed (issues 1066, 1154 and 1208) and throws from a timer, and statements that wait behind that one are never
 * heard of again; or the connection ends while it asks, for itself, which types there are. So whoever uses the
 * connections is to give up. Any other exception ends the process as it always does.
 */
export function lostConnection(): { lost: Promise<never>; unwatch(): void } {
  let reject: (error: Error) => void;
  const lost = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  lost.catch(() => {}); // where nobody waits for it any more
  const unwatch = (): void => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
  const giveUp = (error: unknown): never => {
    unwatch();
    throw error;
  };
  const onException = (error: Error): void => {
    if (isLostWrite(error)) reject(Object.assign(error, { code: 'CONNECTION_CLOSED' }));
    else giveUp(error);
  };
  const onRejection = (error: unknown): void => {
    if (isLostTypes(error)) reject(error);
    else giveUp(error);
  };
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return { lost, unwatch };
}

function isLostWrite(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("'write'") && /\bnextWrite\b/.test(error.stack ?? '');
}

/** The statement of postgres.js's own, whatever it failed of. */
function isLostTypes(error: unknown): error is Error {
  return error instanceof Error && 'query' in error && /\bselect b\.oid, b\.typarray\b/.test(String(error.query));
}
