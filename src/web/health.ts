import { setTimeout as pause } from 'node:timers/promises';
import type { Sql } from 'postgres';
import type { Page } from './server.ts';

/** Milliseconds. Who asks whether we are ready does not wait long. */
const PATIENCE = 2000;

const page = (status: number, body: string): Page => ({ status, type: 'text/plain', body: `${body}\n` });

/**
 * `healthz`: the process turns (restart it if this fails). `readyz`: the database answers too, so scans are recorded.
 * Neither looks at lists: a list that is down, or a listing, is not this program's failure.
 * @param sql null while there is no database.
 */
export function createHealth(sql: Sql | null): { healthz(): Promise<Page>; readyz(): Promise<Page> } {
  return {
    healthz: async () => page(200, 'ok'),
    readyz: async () => ((await answers(sql)) ? page(200, 'ready') : page(503, 'the database does not answer')),
  };
}

async function answers(sql: Sql | null): Promise<boolean> {
  if (sql === null) return false;
  const answer = sql`select 1`.then(
    () => true,
    () => false,
  );
  return await Promise.race([answer, pause(PATIENCE, false, { ref: false })]);
}
