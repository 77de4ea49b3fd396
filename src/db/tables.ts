import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { Sql, TransactionSql } from 'postgres';

/** One step of the schema: its version (ms since 1970) and its statements. */
export type Migration = { version: number; statements: string[] };

/** All steps in a folder of migrations, oldest first. */
export function migrationsIn(folder: string): Migration[] {
  return readMigrationFiles({ migrationsFolder: folder })
    .map(({ folderMillis, sql }) => ({ version: folderMillis, statements: sql }))
    .sort((a, b) => a.version - b.version);
}

/**
 * The tables and sequences that are there and that some migration made: a user's database may hold those of other
 * programs too, which are none of our business.
 */
export async function ownRelations(
  sql: Sql | TransactionSql,
  migrations: readonly Migration[],
): Promise<{ tables: string[]; sequences: string[] }> {
  const text = migrations.flatMap(({ statements }) => statements).join('\n');
  const made = /(?:create (?:table|sequence)|rename to)\s+(?:if not exists\s+)?(?:"?public"?\.)?"?(\w+)/gi;
  const names = [...text.matchAll(made)].map(([, name]) => name ?? '');
  const rows = await sql<{ name: string; kind: string }[]>`
    with own as (
      select oid, relname, relkind from pg_class
      where relnamespace = 'public'::regnamespace and not relispartition and relname = any(${names})
    )
    select relname as name, relkind as kind from own where relkind in ('r', 'p', 'S')
    union
    select s.relname, 'S' from pg_class s join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass
    join own on own.oid = d.refobjid where s.relkind = 'S' and d.refclassid = 'pg_class'::regclass
    order by name`;
  const of = (sequences: boolean): string[] =>
    rows.filter(({ kind }) => (kind === 'S') === sequences).map(({ name }) => name);
  return { tables: of(false), sequences: of(true) };
}

/** The columns of each table; `written`: but for generated ones, which make themselves. */
export async function columnsOf(sql: TransactionSql): Promise<Map<string, { all: string[]; written: string[] }>> {
  const rows = await sql<{ table: string; all: string[]; written: string[] }[]>`
    select c.relname as table, array_agg(a.attname::text) as all,
      array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as written
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and a.attnum > 0 and not a.attisdropped
    group by c.relname`;
  return new Map(rows.map(({ table, ...columns }) => [table, columns]));
}
