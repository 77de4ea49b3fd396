import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runningServer } from '../../src/db/embedded/postmaster.ts';
import { openDatabase } from '../../src/db/open.ts';
import { expectTheTruth, type FiveLists, startFiveLists } from './five-lists.ts';
import { type Office, openOffice } from './serving.ts';
import { command } from './world.ts';

const COMMANDS = [
  ['history', '--format', 'json'],
  ['targets', 'list'],
  ['digest'],
  ['delist', '192.0.2.5'],
  ['targets', 'add', '198.51.100.1', '--allow-special'],
];

const slow = { timeout: 180_000 };

let lab: FiveLists;
let folder: string;
let office: Office;

beforeAll(async () => {
  lab = await startFiveLists(20);
  const parent = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-beside-'));
  // Started by root, the database runs under another account.
  chmodSync(parent, 0o755);
  folder = path.join(parent, 'db');
  office = openOffice(folder, lab.lists);
  office.configure({ targets: lab.targets });
});
afterAll(async () => {
  await office.close();
  await lab.close();
  rmSync(path.dirname(folder), { recursive: true, force: true });
});

test(
  'while serve scans on the embedded database, fifty commands at once on the same folder all work',
  slow,
  async () => {
    const serving = office.service('serve');
    await serving.seen('scan begun');
    // In this process: all fifty are at the database at one time, however busy the machine is with starting processes.
    const ran = await Promise.all(
      Array.from({ length: 50 }, (_, at) => command(COMMANDS[at % COMMANDS.length] ?? [], { env: office.env })),
    );
    expect(ran.filter(({ status }) => status !== 0)).toEqual([]);
    await serving.seen('scan done');
    serving.kill('SIGTERM');
    expect(await serving.ended).toEqual({ status: 0, signal: null });
    expect(serving.events.filter(({ level }) => level > 30)).toEqual([]);
    expect(runningServer(folder)).toBeNull();
    const db = await openDatabase(folder);
    await expectTheTruth(db);
    await db.close();
  },
);
