import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runningServer } from '../../src/db/embedded/postmaster.ts';
import { openDatabase } from '../../src/db/open.ts';
import { withDebian } from '../db/debian.ts';
import { type DebianServer, startDebianServer } from '../db/debian-server.ts';
import { type Desk, openDesk, printed } from '../desk.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { canMount, mountSmallDisk, onSmallDisk } from '../tmpfs.ts';
import { command } from './world.ts';

const LISTS = 3;
const TARGETS = 256;
/** The last list answers only when the disk is full. */
const LATE = 'l2.example';
let desk: Desk;
let lab: LabServer;
let lists: string[];
let held: Promise<void> = Promise.resolve();

beforeAll(async () => {
  desk = openDesk();
  // Everybody is listed, with a long text: what is recorded of a list takes hundreds of kilobytes.
  lab = await startLab(async ({ name, type }) => {
    if (name.endsWith(LATE)) await held;
    const own = name.startsWith('1.0.0.127.') || /^\d+\.\d+\.(18|19)\.198\./.test(name);
    if (own) return { nxdomain: true };
    return type === 'TXT' ? { txt: ['x'.repeat(250)] } : { a: ['127.0.0.2'] };
  });
  const definitions = Array.from({ length: LISTS }, (_, at) => ({
    id: `list-${at}`,
    zone: `l${at}.example`,
    accepts: ['ipv4' as const],
    control: { listed: '127.0.0.2', notListed: '127.0.0.1' },
    servers: [lab.address],
    limits: 'none' as const,
  }));
  lists = [
    '--timeout',
    '100000',
    '--catalogue',
    desk.catalogue(definitions),
    '--lists',
    definitions.map(({ id }) => id).join(','),
  ];
});
afterAll(async () => {
  await lab.close();
  desk.close();
});

type Change = { kind: string; target: string; list: string };

/** A scan on a disk that fills up on the way, then one on a disk with room: nothing is lost, nothing doubled. */
async function fillsUp(database: string, disk: ReturnType<typeof mountSmallDisk>): Promise<void> {
  const run = (...words: string[]) => command([...words, '--database', database]);
  const scan = () => desk.run('scan', ...lists, '--database', database);
  const changes = async (): Promise<string[]> =>
    printed<Change[]>(await run('history', '--changes', '--format', 'json')).map(
      ({ kind, target, list }) => `${kind} ${target} ${list}`,
    );
  expect(await run('targets', 'add', '192.0.2.0/24', '--allow-special')).toMatchObject({ status: 0 });

  let release = (): void => {};
  held = new Promise((resolve) => {
    release = resolve;
  });
  const scanning = scan();
  await untilRecorded(database, (LISTS - 1) * TARGETS);
  disk.fill();
  release();
  const stopped = await scanning;
  expect(stopped.status, stopped.err).toBe(3);
  expect(stopped.err).toMatch(/the disk is full: make room, then run the command again\. What was recorded is kept/);
  expect(stopped.err).not.toMatch(/\n\s+at /);

  disk.empty();
  const before = await changes();
  expect(before).toHaveLength((LISTS - 1) * TARGETS);
  const after = await scan();
  expect(after.status, after.err).toBe(2);
  expect(after.err).toContain('Goes on with the scan that was stopped');
  const all = await changes();
  expect(all).toEqual(expect.arrayContaining(before));
  expect(all).toHaveLength(LISTS * TARGETS);
  expect(new Set(all).size).toBe(LISTS * TARGETS);
}

async function untilRecorded(database: string, changes: number): Promise<void> {
  const db = await openDatabase(database);
  for (let count = 0; count < changes; await sleep(50)) {
    const [row] = await db.sql<{ count: number }[]>`select count(*)::int as count from change`;
    count = row?.count ?? 0;
  }
  await db.close();
}

const slow = { timeout: 300_000 };

describe.runIf(canMount)(onSmallDisk('a disk that is full in the middle of a scan'), slow, () => {
  test('under the private server', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-full-'));
    chmodSync(folder, 0o711);
    const disk = mountSmallDisk(folder, '140m');
    try {
      await fillsUp(folder, disk);
      expect(runningServer(folder)).toBeNull();
    } finally {
      disk.unmount();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  describe.runIf(withDebian.run)(withDebian.named("under the user's server"), () => {
    let server: DebianServer;
    beforeAll(async () => {
      server = await startDebianServer();
    });
    afterAll(() => server.stop());

    test('the tables of one database on a disk of their own', async () => {
      const folder = server.folder('small');
      const disk = mountSmallDisk(folder, '40m');
      try {
        await server.sql`create tablespace small location ${server.sql.unsafe(`'${folder}'`)}`;
        await server.sql`create database watched tablespace small`;
        await fillsUp(server.addressOf('watched'), disk);
        await server.sql`drop database watched`;
        await server.sql`drop tablespace small`;
      } finally {
        disk.unmount();
      }
    });
  });
});
