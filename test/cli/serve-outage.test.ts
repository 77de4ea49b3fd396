import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runningServer } from '../../src/db/embedded/postmaster.ts';
import { openDatabase } from '../../src/db/open.ts';
import { latestScans } from '../../src/listing/overview.ts';
import { withDebian } from '../db/debian.ts';
import { type DebianServer, startDebianServer } from '../db/debian-server.ts';
import { expectTheTruth, type FiveLists, startFiveLists } from './five-lists.ts';
import { type Office, openOffice } from './serving.ts';

const slow = { timeout: 180_000 };

/** Asks a page of `serve` until it has this status. */
async function untilStatus(url: string, status: number): Promise<void> {
  for (;;) {
    const { status: now } = await fetch(url);
    if (now === status) return;
    await pause(100);
  }
}

async function expectOneWholeScan(database: string): Promise<void> {
  const db = await openDatabase(database);
  try {
    await expectTheTruth(db);
    expect(await latestScans(db, 10)).toMatchObject([{ schedule: 'scan', state: 'finished' }]);
  } finally {
    await db.close();
  }
}

describe.runIf(withDebian.run)(withDebian.named('a PostgreSQL server of its own'), () => {
  let lab: FiveLists;
  let server: DebianServer;
  let office: Office;
  beforeAll(async () => {
    lab = await startFiveLists(30);
    server = await startDebianServer();
    await server.sql`create database watch`;
    office = openOffice(server.addressOf('watch'), lab.lists);
    office.configure({ targets: lab.targets, serve: { listen: '127.0.0.1:0' } });
  });
  afterAll(async () => {
    await office.close();
    await server.stop();
    await lab.close();
  });

  test('stopped in mid-scan and started again: serve and worker say so, and go on by themselves', slow, async () => {
    const worker = office.service('worker');
    await worker.seen('serving');
    const serving = office.service('serve');
    const { pages } = await serving.seen('serving');
    await lab.askedOfTargets(400);
    await server.halt();
    await untilStatus(`${pages}/readyz`, 503);
    expect((await fetch(`${pages}/healthz`)).status).toBe(200);
    await Promise.all([serving.seen('no database yet'), worker.seen('no database yet')]);
    await server.resume();
    await untilStatus(`${pages}/readyz`, 200);
    await Promise.all([serving.seen('the database is back'), worker.seen('the database is back')]);
    await serving.seen('scan done');
    for (const one of [serving, worker]) {
      one.kill('SIGTERM');
      expect(await one.ended).toEqual({ status: 0, signal: null });
    }
    await expectOneWholeScan(server.addressOf('watch'));
  });
});

describe('the private server of a folder', () => {
  let lab: FiveLists;
  let folder: string;
  let office: Office;
  beforeAll(async () => {
    lab = await startFiveLists(30);
    const parent = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-outage-'));
    chmodSync(parent, 0o755);
    folder = path.join(parent, 'db');
    office = openOffice(folder, lab.lists);
    office.configure({ targets: lab.targets, serve: { listen: '127.0.0.1:0' } });
  });
  afterAll(async () => {
    await office.close();
    await lab.close();
    rmSync(path.dirname(folder), { recursive: true, force: true });
  });

  test('killed in mid-scan: serve and worker start it again and go on', slow, async () => {
    const worker = office.service('worker');
    await worker.seen('serving');
    const serving = office.service('serve');
    await serving.seen('serving');
    await lab.askedOfTargets(400);
    process.kill(runningServer(folder)?.pid ?? 0, 'SIGKILL');
    await Promise.all([serving.seen('the database is back'), worker.seen('the database is back')]);
    await serving.seen('scan done');
    for (const one of [serving, worker]) {
      one.kill('SIGTERM');
      expect(await one.ended).toEqual({ status: 0, signal: null });
    }
    expect(runningServer(folder)).toBeNull();
    await expectOneWholeScan(folder);
  });
});
