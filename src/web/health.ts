import type { Sql } from 'postgres';
import type { Page } from './server.ts';

const page = (status: number, body: string): Page => ({ status, type: 'text/plain', body: `${body}\n` });

/**
 * `healthz`: the process turns (restart it if this fails). `readyz`: the database answers too, so scans are recorded.
 * Neither looks at lists: a list that is down, or a listing, is not this program's failure.
 */
export function createHealth(sql: Sql): { healthz(): Promise<Page>; readyz(): Promise<Page> } {
  return {
    healthz: async () => page(200, 'ok'),
    async readyz() {
      try {
        await sql`select 1`;
        return page(200, 'ready');
      } catch {
        return page(503, 'the database does not answer');
      }
    },
  };
}
