import { databaseFailure } from '../db/failure.ts';
import { type Database, openDatabase } from '../db/open.ts';

/** Opens the database for `use` and leaves it, whatever becomes of it; its failures come with their remedy. */
export async function withDatabase<T>(where: string, use: (db: Database) => Promise<T> | T): Promise<T> {
  const db = await openDatabase(where);
  try {
    return await use(db);
  } catch (error) {
    throw databaseFailure(error, where) ?? error;
  } finally {
    await db.close();
  }
}
