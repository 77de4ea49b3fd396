import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { exportDatabase } from '../../src/db/export.ts';
import { importDatabase } from '../../src/db/import.ts';
import { migrationsFolder } from '../../src/db/migrate.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';

import { migrationsIn } from '../../src/db/tables.ts';
import { testDatabase } from '../database.ts';
import { migrationsOf, migrationsUpTo } from './migrations.ts';

const version = Date.UTC(2026, 0, 1);
const migrations = migrationsOf(`
  create type colour as enum ('red', 'green');
  create table child (id bigint generated always as identity primary key, parent_id bigint, note jsonb, big numeric(39),
    at timestamptz, tags text[], twice numeric generated always as (big * 2) stored, raw bytea, colour colour);
  create table parent (id bigserial primary key, self_id bigint references parent (id), name text not null);
  alter table child add foreign key (parent_id) references parent (id);
`);

async function open(): Promise<Database> {
  return openDatabase(await testDatabase({ empty: true }), { migrations });
}

async function fill(db: Database): Promise<void> {
  await db.sql`insert into parent (id, self_id, name) values (2, null, 'two'), (1, 2, 'line' || chr(10) || '"quoted" {"$table"')`;
  await db.sql`
    insert into child (parent_id, note, big, at, tags, raw, colour)
    select 1 + g % 2, '{"a":[1,null]}', 340282366920938463463374607431768211455 - g, '2026-11-24T05:06:07.123456Z',
      '{"a b",NULL}', '\\x00ff', 'green' from generate_series(1, 2500) g`;
}

async function exported(db: Database, folder: string = migrations): Promise<string> {
  const stream = new PassThrough();
  const all = text(stream);
  await exportDatabase(db, stream, folder);
  stream.end();
  return all;
}

describe('export and import', () => {
  test('carry everything, exactly, whatever order the tables refer to each other in', async () => {
    const [from, to] = [await open(), await open()];
    await fill(from);
    const file = await exported(from);
    expect(await importDatabase(to, Readable.from([file]), migrations)).toBe(2502);
    expect(await exported(to)).toBe(file);
    const [row] = await to.sql`select big::text, at::text, twice::text from child where id = 1`;
    expect(row?.big).toBe('340282366920938463463374607431768211454');
    await Promise.all([from.close(), to.close()]);
  });

  test('sequences go on where they were, and foreign keys hold as before', async () => {
    const [from, to] = [await open(), await open()];
    await fill(from);
    await importDatabase(to, Readable.from([await exported(from)]), migrations);
    const [row] = await to.sql`insert into child (parent_id) values (1) returning id`;
    expect(row?.id).toBe('2501');
    await expect(to.sql`insert into child (parent_id) values (9)`).rejects.toThrow(/foreign key/);
    await Promise.all([from.close(), to.close()]);
  });

  test("work on the program's own schema, and leave its rules as they were", async () => {
    const [from, to] = await Promise.all(
      [testDatabase(), testDatabase()].map(async (where) => openDatabase(await where)),
    );
    if (from === undefined || to === undefined) throw new Error('two were opened');
    const rules = () => to.sql`
      select conrelid::regclass::text, conname, condeferrable, condeferred from pg_constraint order by 1, 2`;
    const before = [...(await rules())];
    const stream = new PassThrough();
    const done = importDatabase(to, stream);
    await exportDatabase(from, stream);
    stream.end();
    expect(await done).toBe(0);
    expect([...(await rules())]).toEqual(before);
    await Promise.all([from.close(), to.close()]);
  });

  test('a filled database is left alone', async () => {
    const db = await open();
    await fill(db);
    const file = await exported(db);
    await expect(importDatabase(db, Readable.from([file]), migrations)).rejects.toThrow(/not empty/);
    await db.close();
  });

  const broken: [string, (file: string) => string, RegExp][] = [
    ['a cut file', (file) => file.slice(0, file.lastIndexOf('{"$end"')), /cut off after line/],
    ['a file with a row missing', (file) => file.replace(/\n\{"at".*/, ''), /has 2502 rows, but 2501 were read/],
    ['another file', () => 'target,label\n', /line 1 is not the beginning/],
    ['an empty file', () => '', /the file is empty/],
    [
      'a newer schema',
      (file) => file.replace(`${version}`, `${version + 1}`),
      /import it with that version or a later/,
    ],
    ['a schema between two', (file) => file.replace(`${version}`, `${version - 1}`), /a schema that no release had/],
    [
      'a schema beyond all time',
      (file) => file.replace(`${version}`, '9007199254740991'),
      /line 1 is not the beginning/,
    ],
    ['an unknown sequence', (file) => file.replace('{"$sequence":"child', '{"$sequence":"x'), /names a sequence/],
    [
      'a sequence without a value',
      (file) => file.replace('"value":"2500"', '"value":2500'),
      /child_id_seq has no value/,
    ],
    ['an unknown table', (file) => file.replace('{"$table":"child"}', '{"$table":"x"}'), /line 2 names a table/],
    ['a row that is no JSON', (file) => file.replace('\n{"at"', '\n{"at'), /rows of child up to line/],
    ['a row with a column too many', (file) => file.replace('\n{"at"', '\n{"x": 1, "at"'), /there is no column x/],
    ['a row that refers to nothing', (file) => file.replace(/"parent_id": 1/, '"parent_id": 77'), /foreign key/],
  ];
  test.each(broken)('%s changes nothing and is told', async (_, damage, message) => {
    const [from, to] = [await open(), await open()];
    await fill(from);
    const file = damage(await exported(from));
    await expect(importDatabase(to, Readable.from([file]), migrations)).rejects.toThrow(message);
    expect(await to.sql`select 1 from parent`).toHaveLength(0);
    await Promise.all([from.close(), to.close()]);
  });
});

describe('an export of an older schema', () => {
  const olderSteps = ['create table thing (id bigserial primary key, name text);'];
  const steps = [
    ...olderSteps,
    'create table kind (id bigint primary key); insert into kind select distinct id from thing;',
    'alter table thing add kind bigint references kind (id) default 1; alter table thing rename to object;',
  ];
  const older = migrationsOf(...olderSteps);
  const newer = migrationsOf(...steps);

  async function olderExport(rows: string): Promise<string> {
    const db = await openDatabase(await testDatabase({ empty: true }), { migrations: older });
    await db.sql.unsafe(rows);
    const file = await exported(db, older);
    await db.close();
    return file;
  }

  test('is brought up to date as the database it came from would have been', async () => {
    const file = await olderExport(`insert into thing (name) values ('a'), ('b')`);
    const to = await openDatabase(await testDatabase({ empty: true }), { migrations: newer });
    expect(await importDatabase(to, Readable.from([file]), newer)).toBe(2);
    expect([...(await to.sql`select id::int, name, kind::int from object order by id`)]).toEqual([
      { id: 1, name: 'a', kind: 1 },
      { id: 2, name: 'b', kind: 1 },
    ]);
    expect([...(await to.sql`select id::int from kind order by id`)]).toEqual([{ id: 1 }, { id: 2 }]);
    await to.sql`insert into object (name) values ('c')`;
    expect((await to.sql`select max(id)::int as last from object`)[0]).toEqual({ last: 3 });
    await to.close();
  });

  test('that does not fit changes nothing: the tables are those of the newer schema still', async () => {
    const file = (await olderExport(`insert into thing (name) values ('a')`)).replace('"id": 1', '"id": "x"');
    const to = await openDatabase(await testDatabase({ empty: true }), { migrations: newer });
    await expect(importDatabase(to, Readable.from([file]), newer)).rejects.toThrow(/rows of thing up to line/);
    expect(await to.sql`select kind from object`).toHaveLength(0);
    await to.close();
  });

  test.each(migrationsIn(migrationsFolder()).map(({ version: at }) => [new Date(at).toISOString(), at]))(
    "of this program's schema of %s goes into today's",
    async (_, at) => {
      const then = migrationsUpTo(at as number);
      const [from, to] = await Promise.all([
        openDatabase(await testDatabase({ empty: true }), { migrations: then }),
        openDatabase(await testDatabase()),
      ]);
      const shape = () => to.sql`
        select c.relname, a.attname as what, format_type(a.atttypid, a.atttypmod) as how, a.attnotnull as required
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        union all select tablename, indexname, indexdef, null from pg_indexes where schemaname = 'public'
        union all select conrelid::regclass::text, conname, pg_get_constraintdef(oid), null from pg_constraint
        where connamespace = 'public'::regnamespace order by 1, 2, 3`;
      const before = [...(await shape())];
      await from.sql`insert into target_range (kind, domain, tracked_from) values ('domain', 'example.org', now())`;
      expect(await importDatabase(to, Readable.from([await exported(from, then)]))).toBe(1);
      expect([...(await shape())]).toEqual(before);
      expect([...(await to.sql`select domain from target_range`)]).toEqual([{ domain: 'example.org' }]);
      await Promise.all([from.close(), to.close()]);
    },
  );
});

test('tables of other programs in the same database are left out', async () => {
  const [from, to] = [await open(), await open()];
  await from.sql`create table theirs (id serial)`;
  await from.sql`insert into theirs default values`;
  await to.sql`create table theirs (id serial)`;
  await to.sql`insert into theirs default values`;
  await fill(from);
  const file = await exported(from);
  expect(file).not.toContain('theirs');
  expect(await importDatabase(to, Readable.from([file]), migrations)).toBe(2502);
  await Promise.all([from.close(), to.close()]);
});
