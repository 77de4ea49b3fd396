import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { exportDatabase, importDatabase } from '../../src/db/transfer.ts';
import { testDatabase } from '../database.ts';
import { migrationsOf } from './migrations.ts';

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

async function exported(db: Database): Promise<string> {
  const stream = new PassThrough();
  const all = text(stream);
  await exportDatabase(db, stream, version);
  stream.end();
  return all;
}

describe('export and import', () => {
  test('carry everything, exactly, whatever order the tables refer to each other in', async () => {
    const [from, to] = [await open(), await open()];
    await fill(from);
    const file = await exported(from);
    expect(await importDatabase(to, Readable.from([file]), version)).toBe(2502);
    expect(await exported(to)).toBe(file);
    const [row] = await to.sql`select big::text, at::text, twice::text from child where id = 1`;
    expect(row?.big).toBe('340282366920938463463374607431768211454');
    await Promise.all([from.close(), to.close()]);
  });

  test('sequences go on where they were, and foreign keys hold as before', async () => {
    const [from, to] = [await open(), await open()];
    await fill(from);
    await importDatabase(to, Readable.from([await exported(from)]), version);
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
    await expect(importDatabase(db, Readable.from([file]), version)).rejects.toThrow(/not empty/);
    await db.close();
  });

  const broken: [string, (file: string) => string, RegExp][] = [
    ['a cut file', (file) => file.slice(0, file.lastIndexOf('{"$end"')), /cut off after line/],
    ['a file with a row missing', (file) => file.replace(/\n\{"at".*/, ''), /has 2502 rows, but 2501 were read/],
    ['another file', () => 'target,label\n', /line 1 is not the beginning/],
    ['an empty file', () => '', /cut off after line 0/],
    ['a newer schema', (file) => file.replace(`${version}`, `${version + 1}`), /import with the newer one/],
    ['an unknown table', (file) => file.replace('{"$table":"child"}', '{"$table":"x"}'), /line 2 names a table/],
    ['a row that is no JSON', (file) => file.replace('\n{"at"', '\n{"at'), /rows of child up to line/],
    ['a row that refers to nothing', (file) => file.replace(/"parent_id": 1/, '"parent_id": 77'), /foreign key/],
  ];
  test.each(broken)('%s changes nothing and is told', async (_, damage, message) => {
    const [from, to] = [await open(), await open()];
    await fill(from);
    const file = damage(await exported(from));
    await expect(importDatabase(to, Readable.from([file]), version)).rejects.toThrow(message);
    expect(await to.sql`select 1 from parent`).toHaveLength(0);
    await Promise.all([from.close(), to.close()]);
  });
});
