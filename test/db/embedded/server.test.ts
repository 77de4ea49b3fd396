import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runningServer, stopServer } from '../../../src/db/embedded/postmaster.ts';
import { join } from '../../../src/db/embedded/server.ts';
import { canMount, mountSmallDisk, onSmallDisk } from '../../tmpfs.ts';

// Thirty processes on a busy machine with two cores take a minute.
const slow = { timeout: 180_000 };
const root = process.getuid?.() === 0;
const nobody = 65534;
let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-embedded-'));
  chmodSync(parent, 0o755);
  folder = path.join(parent, 'db');
});
afterEach(async () => {
  for (const name of readdirSync(parent)) {
    const each = path.join(parent, name);
    if (runningServer(each) !== null) await stopServer(each);
  }
  rmSync(parent, { recursive: true, force: true });
});

/** A process that joins; `said` is its first line. */
type Member = { child: ChildProcess; said: Promise<string>; ended: Promise<number | null> };

function start(where: string, options: { statement?: string; uid?: number } = {}): Member {
  const args = [fileURLToPath(new URL('./member.ts', import.meta.url)), where];
  if (options.statement !== undefined) args.push(options.statement);
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, said: once(lines, 'line').then(([line]) => line as string), ended };
}

async function leave(member: Member): Promise<number | null> {
  member.child.stdin?.end();
  return member.ended;
}

/** How often a server was started for the folder, and how often it came up. */
function starts(where: string): number {
  return readFileSync(path.join(where, 'server.log'), 'utf8').split('ready to accept connections').length - 1;
}

describe('a fresh folder', slow, () => {
  test('gets a server with the first member, and none after the last', async () => {
    const member = await join(folder);
    expect(runningServer(folder)).toEqual({ pid: expect.any(Number), ready: true });
    await member.leave();
    expect(runningServer(folder)).toBeNull();
  });

  test('thirty commands at once share one server, and the last one out stops it', async () => {
    const members = Array.from({ length: 30 }, () => start(folder));
    expect(new Set(await Promise.all(members.map(({ said }) => said)))).toEqual(new Set(['in']));
    expect(starts(folder)).toBe(1);
    expect(new Set(await Promise.all(members.map(leave)))).toEqual(new Set([0]));
    expect(runningServer(folder)).toBeNull();
    expect(readdirSync(folder).sort()).toEqual(['postgres', 'server.log']);
  });

  test('commands that come and go at random never meet a server that is not there', async () => {
    const one = async (): Promise<number | null> => {
      const member = start(folder, { statement: 'select 1' });
      await member.said;
      return leave(member);
    };
    for (let wave = 0; wave < 3; wave++)
      expect(new Set(await Promise.all([one(), one(), one(), one()]))).toEqual(new Set([0]));
    expect(runningServer(folder)).toBeNull();
  });

  test('a second folder beside it has a server of its own', async () => {
    const [one, two] = await Promise.all([join(folder), join(path.join(parent, 'second'))]);
    expect(runningServer(folder)?.pid).not.toBe(runningServer(path.join(parent, 'second'))?.pid);
    await one.leave();
    expect(runningServer(path.join(parent, 'second'))?.ready).toBe(true);
    await two.leave();
  });

  test('a path longer than a socket may have works', async () => {
    const long = path.join(parent, 'x'.repeat(100), 'y'.repeat(100));
    const member = await join(long);
    const sql = postgres(member.options);
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    await sql.end();
    await member.leave();
  });
});

describe('killed', slow, () => {
  test('a command leaves a server that the next adopts and stops', async () => {
    const first = start(folder, { statement: 'create table t (n int)' });
    await first.said;
    const pid = runningServer(folder)?.pid;
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await join(folder);
    expect(runningServer(folder)?.pid).toBe(pid);
    await second.leave();
    expect(runningServer(folder)).toBeNull();
  });

  test('a server is started again by the next command, with all that was committed', async () => {
    const first = start(folder, { statement: 'create table t (n int); insert into t values (7)' });
    await first.said;
    process.kill(runningServer(folder)?.pid ?? 0, 'SIGKILL');
    const second = await join(folder);
    const sql = postgres(second.options);
    expect(await sql`select n from t`).toEqual([{ n: 7 }]);
    await sql.end();
    expect(await leave(first)).toBe(0);
    await second.leave();
    expect(runningServer(folder)).toBeNull();
  });

  test('command and server, in the middle of a write, leave what was committed and nothing of the rest', async () => {
    const setup = start(folder, { statement: 'create table t (n int); insert into t values (7)' });
    await setup.said;
    const writer = start(folder, { statement: 'insert into t select g from generate_series(1, 50000000) g' });
    const sql = postgres((await join(folder)).options);
    const busy = async (): Promise<boolean> =>
      (await sql`select 1 from pg_stat_activity where state = 'active' and query like 'insert into t select%'`).length >
      0;
    while (!(await busy()));
    await sql.end();
    process.kill(runningServer(folder)?.pid ?? 0, 'SIGKILL');
    for (const { child } of [setup, writer]) child.kill('SIGKILL');
    const after = await join(folder);
    const again = postgres(after.options);
    expect(await again`select n from t`).toEqual([{ n: 7 }]);
    await again.end();
    await after.leave();
  });

  test('a command that was making the folder leaves no half of one', async () => {
    const first = start(folder);
    while (!existsSync(folder) || !readdirSync(folder).some((name) => name.startsWith('new.')))
      await new Promise(setImmediate);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await join(folder);
    await second.leave();
    expect(readdirSync(folder).filter((name) => name.startsWith('new.'))).toEqual([]);
  });

  test('a server whose id is now another process does not stop the next from starting', async () => {
    await (await join(folder)).leave();
    const data = path.join(folder, 'postgres');
    const owner = statSync(data);
    const other = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, stdio: 'ignore' });
    const file = path.join(data, 'postmaster.pid');
    writeFileSync(file, `${other.pid}\n${data}\n1700000000\n5432\n.\n\n  123   456\nready   \n`);
    chownSync(file, owner.uid, owner.gid);
    expect(runningServer(folder)).toBeNull();
    const member = await join(folder);
    expect(runningServer(folder)?.ready).toBe(true);
    await member.leave();
    other.kill();
  });
});

describe('who may', slow, () => {
  test('only its owner (and root) gets in: the folder is closed to others, and so is the socket', async () => {
    const member = await join(folder);
    expect(statSync(path.join(folder, 'postgres')).mode & 0o077).toBe(0);
    expect(statSync(path.join(folder, 'postgres/.s.PGSQL.5432')).mode & 0o077).toBe(0);
    expect(readFileSync(path.join(folder, 'postgres/pg_hba.conf'), 'utf8')).toBe('local all all peer map=owner\n');
    await member.leave();
  });

  test.runIf(root)('started by root it runs as another account', async () => {
    const member = await join(folder);
    const pid = runningServer(folder)?.pid ?? 0;
    expect(statSync(`/proc/${pid}`).uid).not.toBe(0);
    await member.leave();
  });

  test.runIf(root)('an ordinary user has one too, which root shares and leaves running', async () => {
    chownSync(parent, nobody, nobody);
    const theirs = start(folder, { uid: nobody });
    expect(await theirs.said).toBe('in');
    await (await join(folder)).leave();
    expect(runningServer(folder)?.ready).toBe(true);
    expect(await leave(theirs)).toBe(0);
    expect(runningServer(folder)).toBeNull();
    await (await join(folder)).leave();
    expect(statSync(path.join(folder, 'postgres')).uid).toBe(nobody);
    const again = start(folder, { uid: nobody });
    expect(await again.said).toBe('in');
    expect(await leave(again)).toBe(0);
  });

  test.runIf(root)('a folder of root is refused to an ordinary user', async () => {
    await (await join(folder)).leave();
    const other = start(folder, { uid: nobody });
    expect(await other.said).toBe(
      `The database folder ${folder} cannot be used: user ${nobody} may not write there. ` +
        'Mend that, or give another with --database',
    );
    expect(await other.ended).toBe(3);
  });

  test.runIf(root)('a home that others may not enter: root is told what to do', async () => {
    chmodSync(parent, 0o700);
    writeFileSync(path.join(parent, 'private'), '');
    await expect(join(folder)).rejects.toThrow(
      /cannot be reached by the account .* Use --database \/var\/lib\/dnsblwatch/,
    );
  });

  test.runIf(root)(
    'a fresh folder of root that is closed, as mkdtemp makes it, is opened as far as needed',
    async () => {
      const closed = mkdtempSync(path.join(parent, 'closed-'));
      await (await join(closed)).leave();
      expect(statSync(closed).mode & 0o777).toBe(0o711);
    },
  );
});

describe('a folder that cannot be used is told with its remedy', slow, () => {
  test('a newer PostgreSQL', async () => {
    await (await join(folder)).leave();
    writeFileSync(path.join(folder, 'postgres/PG_VERSION'), '99\n');
    await expect(join(folder)).rejects.toThrow(
      /holds data of PostgreSQL 99, .* use the newer dnsblwatch that wrote it/,
    );
  });

  test('the data folder of another server', async () => {
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'PG_VERSION'), '15\n');
    await expect(join(folder)).rejects.toThrow(/is the data folder of a PostgreSQL server: give that server's address/);
  });

  test('a file in the way', async () => {
    writeFileSync(folder, '');
    await expect(join(folder)).rejects.toThrow(/cannot be used: a file/);
    await expect(join(path.join(folder, 'below'))).rejects.toThrow(/cannot be used: a file/);
  });

  test('a setting that PostgreSQL refuses', async () => {
    await expect(join(folder, { nonsense: '1' })).rejects.toThrow(/would not start in .*nonsense.*server\.log/s);
  });

  test.runIf(canMount)(onSmallDisk('a full disk'), async () => {
    mkdirSync(folder, { mode: 0o711 });
    const disk = mountSmallDisk(folder, '10m');
    try {
      await expect(join(folder)).rejects.toThrow(/cannot be used: the disk is full/);
    } finally {
      disk.unmount();
    }
  });
});
