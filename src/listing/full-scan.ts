import type { ReservedSql, Sql } from 'postgres';
import { lockSpace } from './locks.ts';

/** Held by a process while it works on parts of a full scan: until then nobody begins another. */
export type FullScanHold = {
  /** Whether it is held now; not while another process has begun a full scan by itself. One `release` for each. */
  take(): Promise<boolean>;
  release(): Promise<void>;
};

/**
 * Many processes may hold it side by side, each once for all its parts; `startFullScan` needs it alone. It goes with
 * its connection, so a killed process holds nothing.
 */
export function createFullScanHold(sql: Sql): FullScanHold {
  let session: ReservedSql | null = null;
  let parts = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const next = turn.then(act);
    turn = next.catch(() => {});
    return next;
  };

  const letGo = async (): Promise<void> => {
    const held = session;
    session = null;
    if (held === null) return;
    try {
      await held`select pg_advisory_unlock_shared(${lockSpace.fullScan}::int, 0)`;
    } finally {
      held.release();
    }
  };

  return {
    take: () =>
      inTurn(async () => {
        if (session === null) {
          const reserved = await sql.reserve();
          const [row] = await reserved<{ held: boolean }[]>`
            select pg_try_advisory_lock_shared(${lockSpace.fullScan}::int, 0) as held`;
          if (row?.held !== true) {
            reserved.release();
            return false;
          }
          session = reserved;
        }
        parts += 1;
        return true;
      }),
    release: () =>
      inTurn(async () => {
        parts -= 1;
        if (parts === 0) await letGo();
      }),
  };
}
