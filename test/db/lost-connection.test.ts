import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDatabase } from '../../src/cli/database.ts';
import { lostConnection } from '../../src/db/lost-connection.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { UserError } from '../../src/errors.ts';
import { testDatabase } from '../database.ts';

let where: string;
let other: Database;
beforeAll(async () => {
  where = await testDatabase();
  other = await openDatabase(where);
});
afterAll(() => other.close());

async function endedBy(pid: number): Promise<void> {
  await other.sql`select pg_terminate_backend(${pid}, 5000)`;
}

test('a connection that the server closes in a transaction is told with what to do, and nothing waits for ever', async () => {
  const ended = withDatabase(where, (db) =>
    db.sql.begin(async (tx) => {
      const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await endedBy(row?.pid ?? 0);
      await tx`select 1`;
    }),
  );
  await expect(ended).rejects.toThrow(UserError);
  await expect(ended).rejects.toThrow(/the server (closed the connection|was stopped)/);
});

test('a reserved connection that the server closes is told with what to do', async () => {
  const ended = withDatabase(where, async (db) => {
    const session = await db.sql.reserve();
    const [row] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await endedBy(row?.pid ?? 0);
    await session`select 1`.catch(() => {});
    session.release();
    const again = await db.sql.reserve();
    await again`select 1`;
  });
  await expect(ended).rejects.toThrow(UserError);
});

/** Another process ends it while this one stands still, so that the next write finds nobody. */
function endedUnseen(pid: number): void {
  const open = new URL('../../src/db/open.ts', import.meta.url);
  const script = `
    import { openDatabase } from ${JSON.stringify(open.href)};
    const db = await openDatabase(${JSON.stringify(where)}, { migrations: null });
    await db.sql\`select pg_terminate_backend(${pid}, 5000)\`;
    await db.close();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}

test('a reserved connection that is lost as it is written to keeps nobody waiting for ever who takes it next', async () => {
  const ended = withDatabase(where, async (db) => {
    const session = await db.sql.reserve();
    const [row] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
    endedUnseen(row?.pid ?? 0);
    await session`select 1`.catch(() => {});
    session.release();
    const again = await db.sql.reserve();
    await again`select 1`;
  });
  await expect(ended).rejects.toThrow(UserError);
});

test('however many use databases in one process, it listens once for what is lost, and no longer than they do', async () => {
  const listeners = () => process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
  const before = listeners();
  const counts = Array.from({ length: 12 }, () => {
    const { unwatch } = lostConnection();
    return { listening: listeners(), unwatch };
  });
  expect(new Set(counts.map(({ listening }) => listening))).toEqual(new Set([before + 2]));
  for (const { unwatch } of counts) unwatch();
  expect(listeners()).toBe(before);
});
