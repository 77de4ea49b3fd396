import { type SQL, sql } from 'drizzle-orm';

/** Rows that one statement takes at most: what it costs to write them down holds nobody else up. */
const rowsAtOnce = 500;

export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let from = 0; from < rows.length; from += rowsAtOnce) yield rows.slice(from, from + rowsAtOnce);
}

/** What a column of each type takes: times in ISO 8601. */
type Cells = {
  bigint: number | null;
  int: number | null;
  numeric: string | null;
  boolean: boolean | null;
  text: string | null;
  timestamptz: string | null;
  'text[]': readonly string[] | null;
  jsonb: object | null;
};
type Types = Record<string, keyof Cells>;

/**
 * Rows as a table of a statement, called `t`, which has these of their fields as columns: a parameter for each column,
 * many times as fast as one for each value of each row. The rows come in their order.
 */
export function rowsOf<Columns extends Types>(
  rows: readonly { [Name in keyof Columns]: Cells[Columns[Name]] }[],
  columns: Columns,
): SQL {
  const names = Object.keys(columns);
  const cast = names.map((name) => `"${name}"::${columns[name]}`).join(', ');
  const named = names.map((name) => `"${name}"`).join(', ');
  const values = names.map((name) => {
    const write = columns[name] === 'jsonb' ? JSON.stringify : columns[name] === 'text[]' ? arrayOf : String;
    return sql.param(arrayOf(rows.map(({ [name]: value }) => (value === null ? null : write(value as never)))));
  });
  // Few pieces: drizzle looks at each of them many times.
  return sql.join([
    sql.raw(`(select ${cast} from unnest(`),
    sql.join(values, sql.raw('::text[], ')),
    sql.raw(`::text[]) as u(${named})) as t`),
  ]);
}

/** An array as PostgreSQL reads it. */
function arrayOf(texts: readonly (string | null)[]): string {
  return `{${texts.map((text) => (text === null ? 'null' : `"${text.replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;
}
