import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { runningServer, stopServer } from '../src/db/embedded/postmaster.ts';
import { openDatabase } from '../src/db/open.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The one server of this run: at `url` (DATABASE_URL), else embedded in `folder`. Its databases begin with `prefix`. */
    databaseServer: { url: string | null; folder: string; prefix: string };
  }
}

/**
 * Names the server of this run; the first test that asks for a database starts it (test/database.ts), so that runs
 * without one do not wait for it. Afterwards everything is taken away again.
 */
export default function setup(project: TestProject): () => Promise<void> {
  const url = process.env.DATABASE_URL ?? null;
  const folder = path.join(tmpdir(), `dnsblwatch-test-${process.pid}`);
  const prefix = `dnsblwatch_test_${process.pid}`;
  project.provide('databaseServer', { url, folder, prefix });
  return async () => {
    if (url === null) {
      if (runningServer(folder) !== null) await stopServer(folder);
      await rm(folder, { recursive: true, force: true });
      return;
    }
    const { sql: admin, close } = await openDatabase(url, { migrations: null });
    const made = await admin<{ name: string }[]>`
      select datname as name from pg_database where starts_with(datname, ${`${prefix}_`})`;
    for (const { name } of made) await admin`drop database ${admin(name)} with (force)`;
    await close();
  };
}
