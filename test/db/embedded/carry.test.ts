import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountFor, as } from '../../../src/db/embedded/account.ts';
import { pinnedMajor } from '../../../src/db/embedded/binaries.ts';
import { runningServer, stopServer } from '../../../src/db/embedded/postmaster.ts';
import { join, type Membership } from '../../../src/db/embedded/server.ts';
import { migrate } from '../../../src/db/migrate.ts';
import { openDatabase } from '../../../src/db/open.ts';
import { debianPostgres, withDebian } from '../debian.ts';

const OPENER = fileURLToPath(new URL('./opener.ts', import.meta.url));
const ROWS = 1500;
let parent: string;
let folder: string;

beforeEach(async () => {
  parent = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-carry-'));
  chmodSync(parent, 0o755);
  folder = path.join(parent, 'db');
});
afterEach(async () => {
  if (runningServer(folder) !== null) await stopServer(folder);
  rmSync(parent, { recursive: true, force: true });
});

/** A database folder as a dnsblwatch with Debian's PostgreSQL left it, with targets in it. */
async function makeOldData(): Promise<void> {
  const data = path.join(folder, 'postgres');
  mkdirSync(data, { recursive: true, mode: 0o711 });
  const account = accountFor(path.join(parent, 'none'));
  chownSync(data, account.uid, account.gid);
  const made = ['-D', data, '-U', 'dnsblwatch', '-E', 'UTF8', '--no-locale', '-A', 'peer'];
  const run = spawnSync(path.join(debianPostgres().bin, 'initdb'), made, { ...as(account), encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  await onOldServer(async (sql, options) => {
    const forOrm = postgres({ ...options, onnotice: () => {} });
    await migrate(sql, drizzle(forOrm));
    await forOrm.end();
    await sql`
      insert into target_range (kind, domain, tracked_from)
      select 'domain', g || '.example.org', '2026-11-24T05:06:07.123Z' from generate_series(1, ${ROWS}::int) g`;
  });
}

async function onOldServer(use: (sql: Sql, options: Membership['options']) => Promise<void>): Promise<void> {
  const member = await join(folder);
  const sql = postgres({ ...member.options, onnotice: () => {} });
  await use(sql, member.options);
  await sql.end();
  await member.leave();
}

/** Opens as a command does; the server's version, the rows, and what was told. */
async function open(): Promise<{ major: number; rows: number; told: string[] }> {
  const told: string[] = [];
  const db = await openDatabase(folder, { tell: (text) => told.push(text) });
  const [row] = await db.sql<{ major: number; rows: number }[]>`
    select current_setting('server_version_num')::int / 10000 as major,
      (select count(distinct domain)::int from target_range) as rows`;
  await db.close();
  return { major: row?.major ?? 0, rows: row?.rows ?? 0, told };
}

function start(): { child: ReturnType<typeof spawn>; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [OPENER, folder], { stdio: 'ignore' });
  return { child, ended: once(child, 'exit') };
}

const ours = pinnedMajor() ?? 0;
const kept = (): string => path.join(folder, `postgres-${debianPostgres().major}`);
const majorIn = (data: string): number => Number(readFileSync(path.join(data, 'PG_VERSION'), 'utf8'));

describe.runIf(withDebian.run)(withDebian.named('data of an older PostgreSQL'), { timeout: 240_000 }, () => {
  test('is carried over by the first command, once; the old is kept, and the user is told', async () => {
    await makeOldData();
    const { major } = debianPostgres();
    const first = await open();
    expect(first).toMatchObject({ major: ours, rows: ROWS });
    expect(first.told).toEqual([
      `Database ${folder}: its data is carried over from PostgreSQL ${major} to ${ours}; this is done once.`,
      `Database ${folder}: ${ROWS} rows carried over. The old data is kept in ${kept()}; remove it when all is well.`,
    ]);
    expect(await open()).toEqual({ major: ours, rows: ROWS, told: [] });
    expect(majorIn(kept())).toBe(major);
    expect(runningServer(folder)).toBeNull();
    expect(readdirSync(folder).sort()).toEqual(['postgres', path.basename(kept()), 'server.log']);
  });

  test('by one of many commands at once', async () => {
    await makeOldData();
    const ends = await Promise.all(Array.from({ length: 3 }, () => start().ended));
    expect(new Set(ends.map((end) => (end as [number])[0]))).toEqual(new Set([0]));
    expect(await open()).toMatchObject({ major: ours, rows: ROWS });
    expect(readdirSync(folder).filter((name) => /^postgres-/.test(name))).toHaveLength(1);
  });

  test('killed in the middle, at any moment, loses nothing; the next command brings it to its end', async () => {
    await makeOldData();
    const moments: (() => boolean)[] = [
      () => runningServer(path.join(folder, 'new.carried'))?.ready === true,
      () => existsSync(kept()),
    ];
    for (const reached of moments) {
      const { child, ended } = start();
      while (!reached() && child.exitCode === null) await new Promise(setImmediate);
      child.kill('SIGKILL');
      await ended;
      // It may have been carried over already, or still run on the old version until its server stops.
      expect((await open()).rows).toBe(ROWS);
      expect(runningServer(folder)).toBeNull();
    }
    expect(await open()).toMatchObject({ major: ours, rows: ROWS });
    expect(readdirSync(folder).filter((name) => /^(new\.|carried)/.test(name))).toEqual([]);
  });

  test.each(['before the old data had made way', 'after'])('killed at the exchange of both, %s', async (moment) => {
    await makeOldData();
    await open();
    // As if the command had been killed between two renames.
    renameSync(path.join(folder, 'postgres'), path.join(folder, 'carried'));
    if (moment !== 'after') renameSync(kept(), path.join(folder, 'postgres'));
    expect(await open()).toEqual({ major: ours, rows: ROWS, told: [] });
    expect(majorIn(kept())).toBe(debianPostgres().major);
  });

  test('that cannot be carried over stays in use, and the user is told why', async () => {
    await makeOldData();
    await onOldServer(async (sql) => {
      await sql`alter table target_range add surplus int not null default 0`;
    });
    const { major, told, rows } = await open();
    expect({ major, rows }).toEqual({ major: debianPostgres().major, rows: ROWS });
    expect(told[1]).toMatch(new RegExp(`not carried over, it stays on PostgreSQL ${major}: .*surplus`));
  });
});
