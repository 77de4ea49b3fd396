import { sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';

/** An open transaction. */
export type Transaction = Parameters<Parameters<PostgresJsDatabase['transaction']>[0]>[0];
/** A database or an open transaction. */
export type Handle = Pick<PostgresJsDatabase, 'select' | 'selectDistinct' | 'insert' | 'update' | 'delete' | 'execute'>;

/** First numbers of our advisory locks of two numbers; the second says which list, or is 0. */
export const lockSpace = {
  tracked: 0x646e01,
  operator: 0x646e02,
  fullScan: 0x646e03,
  sets: 0x646e04,
  notify: 0x646e05,
  retention: 0x646e06,
} as const;

/** What is tracked stays as it is until the transaction ends; many may hold this at once. */
export async function holdTracked(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${lockSpace.tracked}::int, 0)`);
}

/** Nobody else records, or changes what is tracked, until the transaction ends. */
export async function lockTracked(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${lockSpace.tracked}::int, 0)`);
}

/**
 * One at a time per operator: the zones that hold one another share their incidents. To be called once in a transaction,
 * which takes all its locks in one order, so that no two wait for each other.
 */
export async function lockOperators(tx: Transaction, operators: readonly string[]): Promise<void> {
  await tx.execute(sql`
    select pg_advisory_xact_lock(${lockSpace.operator}::int, key)
    from (select distinct hashtext(name) as key from unnest(${sql.param(operators)}::text[]) as u(name) order by key) as keys`);
}

export async function lockSets(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${lockSpace.sets}::int, 0)`);
}

/** One at a time decides who is owed what. */
export async function lockNotify(tx: Transaction): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${lockSpace.notify}::int, 0)`);
}
