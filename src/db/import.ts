import type { Readable } from 'node:stream';
import type { TransactionSql } from 'postgres';
import { UserError } from '../errors.ts';
import type { Header } from './export.ts';
import { migrationsFolder } from './migrate.ts';
import type { Database } from './open.ts';
import { columnsOf, type Migration, migrationsIn, ownRelations } from './tables.ts';

/** Rows sent to the server in one statement. */
const batchSize = 1000;

/**
 * Reads an export (its form: export.ts) into a database whose schema is current and whose tables are empty: all of it
 * or, on any error, nothing. One of an older schema goes into tables of that schema, which then take the migrations
 * that followed, as the database it came from would have. Returns the number of rows.
 */
export async function importDatabase(
  db: Pick<Database, 'sql'>,
  stream: Readable,
  migrations: string = migrationsFolder(),
): Promise<number> {
  const lines = linesOf(stream);
  const steps = migrationsIn(migrations);
  const first = await lines.next();
  const { before, after } = splitAt(steps, versionOf(first.done === true ? null : first.value));
  return db.sql.begin(async (sql) => {
    const { tables } = await ownRelations(sql, steps);
    await refuseIfFilled(sql, tables);
    if (after.length > 0) await rebuild(sql, tables, before);
    const rows = await load(sql, lines, steps);
    for (const { statements } of after) for (const statement of statements) await sql.unsafe(statement);
    return rows;
  }) as Promise<number>;
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  if (rest !== '') yield rest;
}

/** The migrations that made the tables an export came from, and those that followed. */
function splitAt(steps: readonly Migration[], schema: number): { before: Migration[]; after: Migration[] } {
  const here = steps.at(-1)?.version ?? 0;
  const made = (version: number): string => new Date(version).toISOString();
  if (schema > here)
    throw new UserError(
      `Import: the export is of a newer dnsblwatch (schema of ${made(schema)}, this program knows ${made(here)}): ` +
        'import it with that version or a later one',
    );
  const at = steps.findIndex(({ version }) => version === schema);
  if (at < 0 && schema !== 0)
    throw new UserError(
      `Import: the export has a schema that no release had (of ${made(schema)}): ` +
        'export again with a release of dnsblwatch, which brings its schema up to date first',
    );
  return { before: steps.slice(0, at + 1), after: steps.slice(at + 1) };
}

/** Puts empty tables of an older schema in place of ours, which are empty too. */
async function rebuild(sql: TransactionSql, tables: readonly string[], steps: readonly Migration[]): Promise<void> {
  if (tables.length > 0) await sql`drop table ${sql(tables.map((name) => `public.${name}`))}`;
  for (const { statements } of steps) for (const statement of statements) await sql.unsafe(statement);
}

async function load(sql: TransactionSql, lines: AsyncIterator<string>, steps: readonly Migration[]): Promise<number> {
  const own = await ownRelations(sql, steps);
  const constraints = await deferForeignKeys(sql, own.tables);
  const rows = await readLines(sql, lines, own);
  await sql`set constraints all immediate`;
  for (const { table, name } of constraints)
    await sql`alter table public.${sql(table)} alter constraint ${sql(name)} not deferrable`;
  return rows;
}

/** Everything behind the first line. */
async function readLines(
  sql: TransactionSql,
  lines: AsyncIterator<string>,
  { tables, sequences }: { tables: string[]; sequences: string[] },
): Promise<number> {
  const columns = await columnsOf(sql);
  let number = 1;
  let table: string | null = null;
  let waiting: string[] = [];
  let rows = 0;
  let ended = false;
  const flush = async (): Promise<void> => {
    if (table === null || waiting.length === 0) return;
    await insert(sql, table, columns.get(table) ?? { all: [], written: [] }, waiting, number);
    rows += waiting.length;
    waiting = [];
  };
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const line = next.value;
    number++;
    if (ended) {
      if (line !== '') throw new UserError(`Import: line ${number} comes after the end of the export`);
    } else if (!line.startsWith('{"$')) {
      waiting.push(line);
      if (waiting.length >= batchSize) await flush();
    } else {
      await flush();
      const mark = parseMark(line, number);
      if (mark.$table !== undefined) table = known(mark.$table, tables, 'table', number);
      else if (mark.$sequence !== undefined)
        await setSequence(sql, known(mark.$sequence, sequences, 'sequence', number), mark, number);
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

/** Latest moment that a Date can hold, ms since 1970. */
const latest = 8.64e15;

/** The schema that the first line names. */
function versionOf(line: string | null): number {
  if (line === null) throw new UserError('Import: the file is empty; expected an export of dnsblwatch');
  const header = parse(line) as Partial<Header> | null;
  const schema = header?.schema;
  const isVersion = typeof schema === 'number' && Number.isInteger(schema) && schema >= 0 && schema <= latest;
  if (header?.dnsblwatch !== 'export' || header.format !== 1 || !isVersion)
    throw new UserError(
      'Import: line 1 is not the beginning of a dnsblwatch export: expected {"dnsblwatch":"export",…}',
    );
  return schema;
}

type Mark = { $table?: unknown; $sequence?: unknown; value?: unknown; called?: unknown; $end?: unknown };

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

function known(name: unknown, names: string[], what: 'table' | 'sequence', number: number): string {
  if (typeof name === 'string' && names.includes(name)) return name;
  throw new UserError(`Import: line ${number} names a ${what} that its schema does not have: ${name}`);
}

async function setSequence(sql: TransactionSql, name: string, { value, called }: Mark, number: number): Promise<void> {
  if (typeof value !== 'string' || !/^-?\d{1,18}$/.test(value))
    throw new UserError(`Import: line ${number}: the sequence ${name} has no value`);
  await sql`select setval(format('public.%I', ${name}::text)::regclass, ${value}::bigint, ${called !== false})`;
}

async function insert(
  sql: TransactionSql,
  table: string,
  { all, written }: { all: string[]; written: string[] },
  rows: string[],
  lastLine: number,
): Promise<void> {
  // PostgreSQL would leave out what it has no column for. Rows of one table are all alike.
  const stray = Object.keys(parse(rows[0] ?? '') ?? {}).find((name) => !all.includes(name));
  if (stray !== undefined)
    throw new UserError(`Import: rows of ${table} up to line ${lastLine} do not fit: there is no column ${stray}`);
  const names = sql(written);
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
async function deferForeignKeys(sql: TransactionSql, tables: string[]): Promise<{ table: string; name: string }[]> {
  const found = await sql<{ table: string; name: string }[]>`
    select c.relname as table, k.conname as name from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    where k.contype = 'f' and not k.condeferrable and c.relnamespace = 'public'::regnamespace
      and c.relname = any(${tables})`;
  for (const { table, name } of found)
    await sql`alter table public.${sql(table)} alter constraint ${sql(name)} deferrable initially deferred`;
  return [...found];
}
