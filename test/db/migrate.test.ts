import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';
import { migrationsOf } from './migrations.ts';

const first = 'create table thing (id bigint primary key);';
const second = 'alter table thing add name text;';

describe('migrations', () => {
  test('run when the database is opened, and again is harmless', async () => {
    const where = await testDatabase({ empty: true });
    const migrations = migrationsOf(first);
    await (await openDatabase(where, { migrations })).close();
    const db = await openDatabase(where, { migrations });
    expect(await db.sql`select * from thing`).toHaveLength(0);
    await db.close();
  });

  test('only the new ones run on a database that has the old ones', async () => {
    const where = await testDatabase({ empty: true });
    await (await openDatabase(where, { migrations: migrationsOf(first) })).close();
    const db = await openDatabase(where, { migrations: migrationsOf(first, second) });
    await db.sql`insert into thing (id, name) values (1, 'a')`;
    await db.close();
  });

  test('twenty at once on an empty database all succeed', async () => {
    const where = await testDatabase({ empty: true });
    const migrations = migrationsOf(first, second);
    const one = await openDatabase(where, { migrations: null });
    const all = await Promise.all(Array.from({ length: 20 }, () => openDatabase(where, { migrations })));
    const [row] = await one.sql`select count(*)::int as n from drizzle.__drizzle_migrations`;
    expect(row?.n).toBe(2);
    await one.close();
    await Promise.all(all.map((db) => db.close()));
  });

  test('a schema newer than the program is refused, by its date', async () => {
    const where = await testDatabase({ empty: true });
    await (await openDatabase(where, { migrations: migrationsOf(first, second) })).close();
    await expect(openDatabase(where, { migrations: migrationsOf(first) })).rejects.toThrow(
      /its tables are of a newer dnsblwatch \(schema of 2026-01-02.*this program knows 2026-01-01/,
    );
  });

  test('one that fails leaves nothing behind', async () => {
    const where = await testDatabase({ empty: true });
    const broken = migrationsOf(first, 'create table other (id int);--> statement-breakpoint\nnonsense;');
    await expect(openDatabase(where, { migrations: broken })).rejects.toThrow();
    const db = await openDatabase(where, { migrations: null });
    const [row] = await db.sql`select to_regclass('thing') as thing, to_regclass('other') as other`;
    expect(row).toEqual({ thing: null, other: null });
    await db.close();
  });
});
