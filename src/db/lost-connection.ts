/**
 * Rejects when postgres.js writes to a connection that the server has just closed. Its version 3.4 (issues 1066, 1154
 * and 1208) then throws from a timer, where nobody can catch it, and statements that wait behind that one are never heard
 * of again; so whoever uses the connections is to give up. Any other exception ends the process as it always does.
 */
export function lostConnection(): { lost: Promise<never>; unwatch(): void } {
  let reject: (error: Error) => void;
  const lost = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  lost.catch(() => {}); // where nobody waits for it any more
  const listener = (error: Error): void => {
    if (!isLostWrite(error)) {
      process.off('uncaughtException', listener);
      throw error;
    }
    reject(Object.assign(error, { code: 'CONNECTION_CLOSED' }));
  };
  process.on('uncaughtException', listener);
  return { lost, unwatch: () => void process.off('uncaughtException', listener) };
}

function isLostWrite(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("'write'") && /\bnextWrite\b/.test(error.stack ?? '');
}
