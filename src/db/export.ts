import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TransactionSql } from 'postgres';
import { foundVersion, migrationsFolder } from './migrate.ts';
import type { Database } from './open.ts';
import { type Migration, migrationsIn, ownRelations } from './tables.ts';

/**
 * The file: one JSON object a line. First `{"dnsblwatch":"export","format":1,"schema":<version>}`, then for each table
 * `{"$table":name}` and its rows as PostgreSQL itself writes them (numbers of any size stay exact), for each sequence
 * `{"$sequence":name,"value":"…","called":…}`, last `{"$end":rows}`, by which a cut file is known.
 */
export type Header = { dnsblwatch: 'export'; format: 1; schema: number };

/** Rows read from the server at once. */
const batchSize = 1000;

/** Writes everything in the database, as it is at one moment; the stream stays open. Returns the number of rows. */
export async function exportDatabase(
  db: Pick<Database, 'sql'>,
  stream: Writable,
  migrations: string = migrationsFolder(),
): Promise<number> {
  const steps = migrationsIn(migrations);
  return db.sql.begin('isolation level repeatable read read only', async (sql) => {
    await sql`set local timezone to 'UTC'`;
    const counted = { rows: 0 };
    await pipeline(Readable.from(piecesOf(sql, steps, counted)), stream, { end: false });
    return counted.rows;
  }) as Promise<number>;
}

/** The file, up to `batchSize` lines at a time. */
async function* piecesOf(
  sql: TransactionSql,
  steps: readonly Migration[],
  counted: { rows: number },
): AsyncGenerator<string> {
  const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
  yield line({ dnsblwatch: 'export', format: 1, schema: await foundVersion(sql) } satisfies Header);
  const own = await ownRelations(sql, steps);
  for (const table of own.tables) {
    yield line({ $table: table });
    const all = sql<{ row: string }[]>`select to_jsonb(t)::text as row from public.${sql(table)} t`;
    for await (const some of all.cursor(batchSize)) {
      yield some.map(({ row }) => `${row}\n`).join('');
      counted.rows += some.length;
    }
  }
  for (const name of own.sequences) {
    const [at] = await sql<{ value: string; called: boolean }[]>`
      select last_value::text as value, is_called as called from public.${sql(name)}`;
    yield line({ $sequence: name, ...at });
  }
  yield line({ $end: counted.rows });
}
