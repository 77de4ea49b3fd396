import type { Sql, TransactionSql } from 'postgres';

/** Longer ones are made of many rows, and never come again. */
const LONGEST = 10_000;

/**
 * The client for drizzle, which has every statement parsed and described before it is run: two messages, and two answers
 * to wait for. Prepared by the connection, one that was run before goes at once.
 */
export function preparing(client: Sql): Sql {
  const { begin } = client;
  prepareOn(client);
  client.begin = ((...args: unknown[]) => {
    const act = args.pop() as (transaction: TransactionSql) => unknown;
    const prepared = (transaction: TransactionSql): unknown => {
      prepareOn(transaction);
      return act(transaction);
    };
    return (begin as (...args: unknown[]) => unknown)(...args, prepared);
  }) as typeof begin;
  return client;
}

function prepareOn(client: Pick<Sql, 'unsafe'>): void {
  const { unsafe } = client;
  client.unsafe = ((text, parameters = [], options = {}) => {
    const prepare = parameters.length > 0 && text.length <= LONGEST;
    return unsafe(text, parameters, { ...options, prepare });
  }) as typeof unsafe;
}
