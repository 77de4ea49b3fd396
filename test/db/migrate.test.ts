import { describe, expect, test } from 'vitest';
import { migrationsFolder } from '../../src/db/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';
import { migrationsIn } from '../../src/db/tables.ts';
import { changeHistory } from '../../src/listing/history.ts';
import { testDatabase } from '../database.ts';
import { migrationsOf, migrationsUpTo } from './migrations.ts';

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

  test('evidence that held the controls of its batch is told as it was', async () => {
    const where = await testDatabase({ empty: true });
    const before = migrationsIn(migrationsFolder())[8]?.version ?? 0;
    const old = await openDatabase(where, { migrations: migrationsUpTo(before) });
    const controls = [
      { name: '2.0.0.127.bl.test', role: 'listed', answered: '127.0.0.2', at: '2026-11-24T08:00:00.000Z' },
    ];
    const seen = ['192.0.2.1', '192.0.2.2'].map((asked) => ({ asked, proven: true, controls }));
    for (const found of seen)
      await old.sql`
        with i as (insert into incident (target, opened_at) values (${found.asked}, now()) returning id),
        l as (insert into listing (target, list_id, incident_id, since, codes, relapses)
          select ${found.asked}, 'bl', id, now(), '[]', 0 from i returning id),
        c as (insert into change (at, kind, listing_id, before, after, proven)
          select now(), 'listed', id, '{}', '{127.0.0.2}', true from l returning id)
        insert into evidence (change_id, ordinal, found) select id, 0, ${old.sql.json(found)} from c`;
    await old.close();
    const db = await openDatabase(where);
    const changes = await changeHistory(db, { evidence: true });
    expect(changes.map(({ evidence }) => evidence)).toEqual(seen.map((one) => [one]));
    const [row] = await db.sql`select count(*)::int as n from controls`;
    expect(row?.n).toBe(1);
    await db.close();
  });
});
