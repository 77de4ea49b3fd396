import { sql as text } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { databaseFailure, withoutPassword } from '../../src/db/failure.ts';
import { openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';
import { freeTcpPort } from '../port.ts';
import { migrationsOf } from './migrations.ts';

const migrations = migrationsOf('create table thing (id bigint primary key);');

/** The message of the failure to open. */
async function failure(where: string, options = {}): Promise<string> {
  return openDatabase(where, { migrations, ...options }).then(
    () => 'opened',
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );
}

describe('an address', () => {
  test('opens: dates are Date in sql, drizzle has a client of its own, close may come twice', async () => {
    const db = await openDatabase(await testDatabase({ empty: true }), { migrations });
    const [row] =
      await db.sql`select now() as now, ${db.sql.json({ a: 1 })}::jsonb as json, ${new Date(0)}::timestamptz as at`;
    expect(row).toEqual({ now: expect.any(Date), json: { a: 1 }, at: new Date(0) });
    expect(await db.orm.execute(text`select 1 as one`)).toEqual([{ one: 1 }]);
    await db.close();
    await db.close();
  });

  test('of a server that is down says so, without the password', async () => {
    const port = await freeTcpPort();
    expect(await failure(`postgres://me:s3cret@127.0.0.1:${port}/mine`)).toBe(
      `UserError: Database postgres://me@127.0.0.1:${port}/mine: nothing answers there. ` +
        'Is the server running, and is the port right?',
    );
  });

  test('of a socket folder without a server says so', async () => {
    expect(await failure('postgres:///mine?host=/nowhere')).toMatch(/mine\?host=\/nowhere: nothing answers there/);
  });

  test('of a host that does not exist says so', async () => {
    expect(await failure('postgres://host.invalid/mine')).toMatch(
      /UserError: .*(no host of that name|could not be looked up)/,
    );
  });

  test('of a database that does not exist says so', async () => {
    const where = (await testDatabase({ empty: true })).replace(/dnsblwatch_test_\w+/, 'not_there');
    expect(await failure(where)).toMatch(/UserError: .*there is no database of that name: create it/);
  });

  test('of a read-only database says so', async () => {
    const where = await testDatabase({ empty: true });
    const db = await openDatabase(where, { migrations: null });
    const name = /dnsblwatch_test_\w+/.exec(where)?.[0] ?? '';
    await db.sql`alter database ${db.sql(name)} set default_transaction_read_only = on`;
    await db.close();
    expect(await failure(where)).toMatch(/UserError: .*it is read-only/);
  });

  test('of a schema that is current opens read-only too', async () => {
    const where = await testDatabase({ empty: true });
    await (await openDatabase(where, { migrations })).close();
    expect(await failure(`${where}${where.includes('?') ? '&' : '?'}default_transaction_read_only=on`)).toBe('opened');
  });

  test.each([
    ['mysql://me:s3cret@host/db', /mysql:\/\/me@host\/db: expected postgres:\/\/… or a folder, not mysql:\/\//],
    ['', /nothing given/],
    ['postgres://a b@c:port/d', /not understood; expected postgres:\/\/user:password@host:port\/database/],
    ['postgres://host/db?sslmode=maybe', /sslmode=maybe is not known/],
  ])('that is none is refused: %s', async (where, message) => {
    expect(await failure(where)).toMatch(message);
  });
});

describe('a failure later on', () => {
  test.each([
    ['53100', /the disk is full/],
    ['57P01', /the server was stopped/],
    ['53300', /no connection free/],
  ])('with SQLSTATE %s is told, through the wrapping of drizzle', (code, message) => {
    const error = new Error('Failed query: …', { cause: Object.assign(new Error('said'), { code }) });
    expect(databaseFailure(error, 'postgres://me:s3cret@host/db')?.message).toMatch(message);
    expect(databaseFailure(error, 'postgres://me:s3cret@host/db')?.message).not.toMatch(/s3cret/);
  });

  test('of another kind is not explained away', () => {
    expect(databaseFailure(new TypeError('a fault of ours'), 'folder')).toBeNull();
  });

  test.each([
    ['postgres://me:s3c:ret@host/db', 'postgres://me@host/db'],
    ['postgres://host/db?user=me&password=s3cret&x=1', 'postgres://host/db?user=me&password=…&x=1'],
    ['/a/folder', '/a/folder'],
  ])('never shows a password: %s', (where, shown) => {
    expect(withoutPassword(where)).toBe(shown);
  });
});
