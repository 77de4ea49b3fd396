import { DrizzleQueryError } from 'drizzle-orm';
import { databaseFailure } from '../db/failure.ts';
import { lostConnection } from '../db/lost-connection.ts';
import { type Database, openDatabase } from '../db/open.ts';

/** Opens the database for `use` and leaves it, whatever becomes of it; its failures come with their remedy. */
export async function withDatabase<T>(where: string, use: (db: Database) => Promise<T> | T): Promise<T> {
  const { lost, unwatch } = lostConnection();
  try {
    const db = await openDatabase(where);
    try {
      return await Promise.race([use(db), lost]);
    } catch (error) {
      throw databaseFailure(error, where) ?? withoutRows(error);
    } finally {
      await db.close();
    }
  } finally {
    unwatch();
  }
}

/** drizzle's error repeats the statement with all its rows, which may be megabytes; what PostgreSQL said is its cause. */
function withoutRows(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
}
