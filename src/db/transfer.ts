import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Sql, TransactionSql } from 'postgres';
import { UserError } from '../errors.ts';
import { migrationsFolder, wantedVersion } from './migrate.ts';
import type { Database } from './open.ts';

/**
 * The file: one JSON object a line. First `{"dnsblwatch":"export","format":1,"schema":<version>}`, then for each table
 * `{"$table":name}` and its rows as PostgreSQL itself writes them (numbers of any size stay exact), for each sequence
 * `{"$sequence":name,"value":"…","called":…}`, last `{"$end":rows}`, by which a cut file is known.
 */
type Header = { dnsblwatch: 'export'; format: 1; schema: number };

/** Rows sent to the server in one statement, and read from it at once. */
const batchSize = 1000;

/** Writes everything in the database, as it is at one moment; the stream stays open. Returns the number of rows. */
export async function exportDatabase(
  db: Pick<Database, 'sql'>,
  stream: Writable,
  schema: number = wantedVersion(migrationsFolder()),
): Promise<number> {
  const say = async (line: string): Promise<void> => {
    if (!stream.write(`${line}\n`)) await once(stream, 'drain');
  };
  return db.sql.begin('isolation level repeatable read read only', async (sql) => {
    await sql`set local timezone to 'UTC'`;
    const header: Header = { dnsblwatch: 'export', format: 1, schema };
    await say(JSON.stringify(header));
    let rows = 0;
    for (const table of await tablesOf(sql)) {
      await say(JSON.stringify({ $table: table }));
      const all = sql<{ row: string }[]>`select to_jsonb(t)::text as row from public.${sql(table)} t`;
      for await (const some of all.cursor(batchSize)) {
        await say(some.map(({ row }) => row).join('\n'));
        rows += some.length;
      }
    }
    for (const name of await sequencesOf(sql)) {
      const [at] = await sql<{ value: string; called: boolean }[]>`
        select last_value::text as value, is_called as called from public.${sql(name)}`;
      await say(JSON.stringify({ $sequence: name, ...at }));
    }
    await say(JSON.stringify({ $end: rows }));
    return rows;
  }) as Promise<number>;
}

/** Reads an export into a database whose tables are empty: all of it or, on any error, nothing. Returns the number of rows. */
export async function importDatabase(
  db: Pick<Database, 'sql'>,
  stream: Readable,
  schema: number = wantedVersion(migrationsFolder()),
): Promise<number> {
  return db.sql.begin(async (sql) => {
    const tables = await tablesOf(sql);
    await refuseIfFilled(sql, tables);
    const constraints = await deferForeignKeys(sql);
    const rows = await readLines(sql, stream, schema, tables);
    await sql`set constraints all immediate`;
    for (const { table, name } of constraints)
      await sql`alter table public.${sql(table)} alter constraint ${sql(name)} not deferrable`;
    return rows;
  }) as Promise<number>;
}

async function readLines(sql: TransactionSql, stream: Readable, schema: number, tables: string[]): Promise<number> {
  const columns = await columnsOf(sql);
  let number = 0;
  let table: string | null = null;
  let waiting: string[] = [];
  let rows = 0;
  let ended = false;
  const flush = async (): Promise<void> => {
    if (table === null || waiting.length === 0) return;
    await insert(sql, table, columns.get(table) ?? [], waiting, number);
    rows += waiting.length;
    waiting = [];
  };
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (number === 1) checkHeader(line, schema);
    else if (ended) {
      if (line !== '') throw new UserError(`Import: line ${number} comes after the end of the export`);
    } else if (!line.startsWith('{"$')) {
      waiting.push(line);
      if (waiting.length >= batchSize) await flush();
    } else {
      await flush();
      const mark = parseMark(line, number);
      if (mark.$table !== undefined) table = known(mark.$table, tables, number);
      else if (mark.$sequence !== undefined)
        await sql`select setval(format('public.%I', ${mark.$sequence}::text)::regclass, ${mark.value ?? '1'}::bigint, ${mark.called ?? true})`;
      else {
        ended = true;
        if (mark.$end !== rows)
          throw new UserError(`Import: the export says that it has ${mark.$end} rows, but ${rows} were read`);
      }
    }
  }
  if (!ended)
    throw new UserError(`Import: the export is cut off after line ${number}: expected {"$end": …} as the last line`);
  return rows;
}

function checkHeader(line: string, schema: number): void {
  const header = parse(line) as Partial<Header> | null;
  if (header?.dnsblwatch !== 'export' || header.format !== 1 || typeof header.schema !== 'number')
    throw new UserError(
      'Import: line 1 is not the beginning of a dnsblwatch export: expected {"dnsblwatch":"export",…}',
    );
  if (header.schema === schema) return;
  const [made, here] = [header.schema, schema].map((version) => new Date(version).toISOString());
  throw new UserError(
    `Import: the export was made with schema ${made}, this program has ${here}: ` +
      `export again with ${header.schema < schema ? 'this' : 'that'} version, or import with ${header.schema < schema ? 'that' : 'the newer'} one`,
  );
}

type Mark = { $table?: string; $sequence?: string; value?: string; called?: boolean; $end?: number };

function parseMark(line: string, number: number): Mark {
  const mark = parse(line) as Mark | null;
  if (mark === null || (mark.$table ?? mark.$sequence ?? mark.$end) === undefined)
    throw new UserError(`Import: line ${number} is not understood`);
  return mark;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function known(table: string, tables: string[], number: number): string {
  if (tables.includes(table)) return table;
  throw new UserError(`Import: line ${number} names a table that this program does not have: ${table}`);
}

async function insert(
  sql: TransactionSql,
  table: string,
  columns: string[],
  rows: string[],
  lastLine: number,
): Promise<void> {
  const names = sql(columns);
  try {
    // The text goes to PostgreSQL unread: JavaScript's numbers would round the large ones.
    await sql`
      insert into public.${sql(table)} (${names}) overriding system value
      select ${names} from jsonb_populate_recordset(null::public.${sql(table)}, ${`[${rows.join(',')}]`}::text::jsonb)`;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    // 22: data that does not fit its type; 23: a rule of the table.
    if (code?.startsWith('22') || code?.startsWith('23'))
      throw new UserError(`Import: rows of ${table} up to line ${lastLine} do not fit: ${message}`);
    throw error;
  }
}

async function refuseIfFilled(sql: TransactionSql, tables: string[]): Promise<void> {
  for (const table of tables) {
    const [row] = await sql`select 1 from public.${sql(table)} limit 1`;
    if (row !== undefined)
      throw new UserError(
        `Import: the database is not empty (table ${table} has rows): give a new one with --database`,
      );
  }
}

/** Tables come in the order of their names and may refer to each other either way, so rules are checked at the end. */
async function deferForeignKeys(sql: TransactionSql): Promise<{ table: string; name: string }[]> {
  const found = await sql<{ table: string; name: string }[]>`
    select c.relname as table, k.conname as name from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and not k.condeferrable and c.relnamespace = 'public'::regnamespace`;
  for (const { table, name } of found)
    await sql`alter table public.${sql(table)} alter constraint ${sql(name)} deferrable initially deferred`;
  return [...found];
}

async function tablesOf(sql: Sql | TransactionSql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by relname`;
  return rows.map(({ name }) => name);
}

async function sequencesOf(sql: TransactionSql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'S' order by relname`;
  return rows.map(({ name }) => name);
}

/** The columns of each table that can be written; generated ones make themselves. */
async function columnsOf(sql: TransactionSql): Promise<Map<string, string[]>> {
  const rows = await sql<{ table: string; columns: string[] }[]>`
    select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by c.relname`;
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}
