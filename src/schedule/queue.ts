import { type Db, PgBoss } from 'pg-boss';
import postgres, { type Options, type Sql, type TransactionSql } from 'postgres';

/** Work handed from one process to another, in tables of the same database (schema `jobs`). */
export type Queue = PgBoss;

export const SCHEMA = 'jobs';
/** Seconds without a sign of life after which a job is another worker's. pg-boss takes no less than 10. */
const HEARTBEAT = 15;

/**
 * Opens the queue on the database's own connections. pg-boss makes and updates its tables itself. Once the database is
 * `gone`, what it asks of it fails at once, so that it can be stopped.
 */
export async function openQueue(sql: Sql, onError: (error: Error) => void, gone?: AbortSignal): Promise<Queue> {
  const db = gone === undefined ? asDatabase(sql) : unless(gone, asDatabase(sql));
  const boss = new PgBoss({
    db: { ...db, ...listening(sql), beginTransaction: () => beginTransaction(sql) },
    schema: SCHEMA,
    schedule: false,
    useListenNotify: true,
    monitorIntervalSeconds: 5,
    superviseIntervalSeconds: 5,
    flowIntervalSeconds: 2,
    registerInstance: false,
    openTelemetry: { enabled: false },
  });
  boss.on('error', (error) => {
    if (gone?.aborted !== true) onError(error);
  });
  await boss.start();
  return boss;
}

/**
 * What every queue of ours has: a dead worker's job goes to another, and one that fails time and again is kept. Some
 * eight hours of tries, for a full scan by hand, during which shards wait, may take long.
 */
export const LASTING = {
  notify: true,
  heartbeatSeconds: HEARTBEAT,
  expireInSeconds: 24 * 3600,
  retryLimit: 500,
  retryDelay: 2,
  retryBackoff: true,
  retryDelayMax: 60,
} as const;

/** pg-boss within a transaction of ours: what it is told is done if the transaction is. */
export function within(tx: TransactionSql): { db: Db } {
  return { db: asDatabase(tx) };
}

/** With values one statement, without maybe several, which need the simple protocol and one connection. */
function asDatabase(sql: Sql | TransactionSql): Db {
  return {
    async executeSql(text, values) {
      if (values !== undefined && values.length > 0) return { rows: await sql.unsafe(text, values as never[]) };
      if (!('reserve' in sql)) return { rows: rowsOf(await sql.unsafe(text)) };
      const connection = await sql.reserve();
      try {
        return { rows: rowsOf(await connection.unsafe(text)) };
      } catch (error) {
        await connection`rollback`.catch(() => {});
        throw error;
      } finally {
        connection.release();
      }
    },
  };
}

function unless(gone: AbortSignal, db: Db): Db {
  const waiting = new Set<(error: Error) => void>();
  gone.addEventListener('abort', () => {
    for (const refuse of waiting) refuse(new Error('the database is gone'));
  });
  return {
    ...db,
    executeSql: (text, values) =>
      new Promise((resolve, refuse) => {
        if (gone.aborted) return refuse(new Error('the database is gone'));
        waiting.add(refuse);
        const settled = db.executeSql(text, values).finally(() => waiting.delete(refuse));
        settled.then(resolve, refuse);
      }),
  };
}

/** Of several statements the last result that has rows. */
function rowsOf(result: readonly unknown[]): unknown[] {
  const several = result.filter(Array.isArray);
  return several.length === 0 ? [...result] : [...(several.findLast((one) => one.length > 0) ?? [])];
}

/**
 * On a connection of its own. Not by sql.listen, which tries for ever to connect again, after `sql` has ended too: when
 * this one is cut there are no notices, and work is found by looking for it.
 */
function listening(sql: Sql): Pick<Db, 'listen'> {
  return {
    async listen(channel, onNotice) {
      const onnotify = (_: string, payload: string): void => onNotice(payload);
      const options = { ...sql.options, max: 1, idle_timeout: 0, max_lifetime: null, onnotify };
      const session = postgres(options as unknown as Options<Record<string, never>>);
      await session`listen ${session(channel)}`;
      return { close: () => session.end({ timeout: 1 }) };
    },
  };
}

async function beginTransaction(sql: Sql): ReturnType<NonNullable<Db['beginTransaction']>> {
  const connection = await sql.reserve();
  await connection`begin`;
  let settled = false;
  const settle = async (how: 'commit' | 'rollback'): Promise<void> => {
    if (settled) return;
    settled = true;
    try {
      await connection.unsafe(how);
    } finally {
      connection.release();
    }
  };
  return {
    db: asDatabase(connection as unknown as TransactionSql),
    commit: () => settle('commit'),
    rollback: () => settle('rollback').catch(() => {}),
  };
}
