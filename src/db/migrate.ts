import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql, TransactionSql } from 'postgres';
import { UserError } from '../errors.ts';

/** Any number that no other program is likely to take: "dnsb" in ASCII. */
const lockNumber = 0x646e7362;

/** The folder with the schema's changes: beside src/ in a checkout, beside dist/ in the package. */
export function migrationsFolder(): string {
  for (const up of ['..', '../..', '../../..']) {
    const folder = path.join(import.meta.dirname, up, 'migrations');
    if (existsSync(path.join(folder, 'meta', '_journal.json'))) return folder;
  }
  throw new Error(`no migrations folder above ${import.meta.dirname}`);
}

/** The version of the schema that this program wants: when its last migration was made, ms since 1970. */
function wantedVersion(folder: string): number {
  const journal = JSON.parse(readFileSync(path.join(folder, 'meta', '_journal.json'), 'utf8')) as {
    entries: { when: number }[];
  };
  return Math.max(0, ...journal.entries.map(({ when }) => when));
}

/** The version in the database; 0: none of our tables yet. */
export async function foundVersion(sql: Sql | TransactionSql): Promise<number> {
  const [table] = await sql<{ there: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null as there`;
  if (table?.there !== true) return 0;
  const [row] = await sql<{ version: string }[]>`
    select coalesce(max(created_at), 0) as version from drizzle.__drizzle_migrations`;
  return Number(row?.version ?? 0);
}

/**
 * Brings the schema up to this program's version. Harmless when it is; of many at once one does the work and the rest
 * wait. Where it throws, the client is to be closed, and the lock with it. A schema newer than the program is refused. Returns whether anything changed.
 */
export async function migrate(
  sql: Sql,
  orm: PostgresJsDatabase,
  folder: string = migrationsFolder(),
): Promise<boolean> {
  const wanted = wantedVersion(folder);
  if (isCurrent(await foundVersion(sql), wanted)) return false;
  const session = await sql.reserve();
  try {
    await session`select pg_advisory_lock(${lockNumber})`;
    const outdated = !isCurrent(await foundVersion(sql), wanted);
    if (outdated) {
      const { migrate: run } = await import('drizzle-orm/postgres-js/migrator');
      await run(orm, { migrationsFolder: folder });
    }
    // After a failure the lock goes with the connection: a statement on one that is lost would wait for ever.
    await session`select pg_advisory_unlock(${lockNumber})`;
    return outdated;
  } finally {
    session.release();
  }
}

function isCurrent(found: number, wanted: number): boolean {
  if (found > wanted)
    throw new UserError(
      `its tables are of a newer dnsblwatch (schema of ${day(found)}, this program knows ${day(wanted)}): ` +
        'use that version or a later one',
    );
  return found === wanted;
}

function day(version: number): string {
  return version === 0 ? 'none' : new Date(version).toISOString();
}
