import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { testDatabase } from '../database.ts';
import { severedAfter } from '../db/severed.ts';
import { openDesk } from '../desk.ts';
import { freeTcpPort } from '../port.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const TARGET = '1.2.3.4';
const { home, remove } = temporaryHome();
const exported = path.join(home, 'exported');
const targets = path.join(home, 'targets.txt');
const config = path.join(home, 'config.yaml');
let exports = 0;

const READING: Record<string, () => string[]> = {
  history: () => ['history'],
  'history of a moment': () => ['history', TARGET, '--at', '1h'],
  'targets list': () => ['targets', 'list'],
  delist: () => ['delist', TARGET],
  digest: () => ['digest'],
  'scans list': () => ['scans', 'list'],
  'mute list': () => ['mute', 'list'],
  'notify list': () => ['notify', 'list'],
  'audit --history': () => ['audit', TARGET, '--history'],
  'db export': () => ['db', 'export', path.join(home, `export-${exports++}`)],
};
const WRITING: Record<string, () => string[]> = {
  scan: () => ['scan'],
  'scan of one': () => ['scan', TARGET],
  'targets add': () => ['targets', 'add', '1.2.3.5'],
  'targets import': () => ['targets', 'import', targets],
  'delist withdrawn': () => ['delist', 'withdrawn', TARGET, 'psbl'],
  mute: () => ['mute', 'psbl'],
  unmute: () => ['unmute', '1'],
  'notify send': () => ['notify', 'send'],
  'notify retry': () => ['notify', 'retry'],
  'digest --send': () => ['digest', '--send'],
  serve: () => ['serve'],
  worker: () => ['worker'],
  'targets remove': () => ['targets', 'remove', TARGET],
  'delist requested': () => ['delist', 'requested', TARGET, 'psbl'],
};
const ALL = {
  ...READING,
  ...WRITING,
  'db migrate': () => ['db', 'migrate'],
  'db import': () => ['db', 'import', exported],
};
/** They wait until it is back, once they are up. */
const OUTLIVING = ['serve', 'worker'];
const each = (commands: Record<string, () => string[]>) => Object.entries(commands);

beforeAll(async () => {
  writeFileSync(targets, '1.2.3.6\n');
  writeFileSync(config, 'channels: { a: { type: command, command: [cat] } }\nserve: { listen: "127.0.0.1:0" }\n');
  const ran = await command(['db', 'export', exported, '--database', await testDatabase()], { env: { HOME: home } });
  expect(ran).toMatchObject({ status: 0, out: '' });
});
afterAll(remove);

function on(database: string, words: string[]): Promise<Ran> {
  return command([...words, '--database', database], { env: { HOME: home, DNSBLWATCH_CONFIG: config } });
}

/** The message of a failure: one line without a stack or a password, exit status 3, nothing on standard output. */
function failureIn(
  { status, out, err }: { status: number | null; out: string; err: string },
  database: string,
): string {
  expect({ status, out }, err).toEqual({ status: 3, out: '' });
  expect(err).not.toMatch(/\n\s+at |node:/);
  const [, password] = /\/\/[^:/@]*:([^@/]+)@/.exec(database) ?? [];
  if (password !== undefined) expect(err).not.toContain(password);
  expect(err.trim().split('\n')).toHaveLength(1);
  return err;
}

async function sql(database: string, statement: string): Promise<void> {
  const db = await openDatabase(database, { migrations: null });
  await db.sql.unsafe(statement);
  await db.close();
}

describe('a database that is down', () => {
  const address = async (): Promise<{ database: string; message: string }> => {
    const where = `127.0.0.1:${await freeTcpPort()}/mine`;
    const message =
      `dnsblwatch: Database postgres://me@${where}: nothing answers there. ` +
      'Is the server running, and is the port right?\n';
    return { database: `postgres://me:s3cret@${where}`, message };
  };

  test.each(each(ALL))('is told by %s', async (_, words) => {
    const { database, message } = await address();
    expect(failureIn(await on(database, words()), database)).toBe(message);
  });

  test('by the program as a process too', { timeout: 60_000 }, async () => {
    const desk = openDesk();
    const { database, message } = await address();
    expect(failureIn(await desk.run('scan', '--database', database), database)).toBe(message);
    desk.close();
  });
});

describe('a database of a newer schema', () => {
  let database: string;
  beforeAll(async () => {
    database = await testDatabase();
    const later = Date.UTC(2100, 0, 1);
    await sql(database, `insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', ${later})`);
  });

  test.each(each(ALL))('is told by %s', async (_, words) => {
    expect(failureIn(await on(database, words()), database)).toMatch(
      /of a newer dnsblwatch \(schema of 2100-01-01.*\): use that version or a later one/,
    );
  });
});

describe('a read-only database', () => {
  const readOnly = async (database: string): Promise<void> => {
    const name = /dnsblwatch_test_\w+/.exec(database)?.[0];
    await sql(database, `alter database ${name} set default_transaction_read_only = on`);
  };
  const told = /it is read-only \(a standby, or default_transaction_read_only\): give the address of the primary/;
  let database: string;
  beforeAll(async () => {
    database = await testDatabase();
    expect((await on(database, ['targets', 'add', TARGET])).status).toBe(0);
    expect((await on(database, ['mute', 'psbl'])).status).toBe(0);
    await readOnly(database);
  });

  test.each(each(WRITING))('is told by %s', async (_, words) => {
    expect(failureIn(await on(database, words()), database)).toMatch(told);
  });

  test('is told by db import', async () => {
    const empty = await testDatabase();
    await readOnly(empty);
    expect(failureIn(await on(empty, ['db', 'import', exported]), empty)).toMatch(told);
  });

  test.each(each({ ...READING, 'db migrate': () => ['db', 'migrate'] }))('does for %s', async (_, words) => {
    expect((await on(database, words())).status).toBe(0);
  });

  test('keeps what is tracked', async () => {
    const { out } = await on(database, ['targets', 'list', '--format', 'json']);
    expect(JSON.parse(out).map(({ target }: { target: string }) => target)).toEqual([TARGET]);
  });
});

describe('a database that is lost on the way', () => {
  const lost = /the server closed the connection|the connection is closed|nothing answers there/;
  const cases = [
    ['history', 1, () => ['history']],
    ...each(ALL)
      .filter(([name]) => !OUTLIVING.includes(name))
      .map(([name, words]) => [name, 9, words] as const),
  ] as const;

  test.each(cases)('is told by %s after %i messages', async (_, count, words) => {
    const severed = await severedAfter(count, await testDatabase({ empty: words()[0] === 'db' }));
    const ran = await on(severed.database, words());
    if (severed.broke()) expect(failureIn(ran, severed.database)).toMatch(lost);
    severed.close();
  });
});

test('a server that takes every connection and closes it is told, and not asked without end', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).once('data', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const database = `postgres://me:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}/mine`;
  expect(failureIn(await on(database, ['history']), database)).toMatch(/the server closed the connection\. Run/);
  expect(connections).toBeLessThan(20);
  server.close();
});
