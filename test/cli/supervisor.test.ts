import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '../database.ts';
import { type Office, openOffice } from './serving.ts';

let office: Office;

beforeEach(async () => {
  office = openOffice(await testDatabase(), []);
});
afterEach(() => office.close());

/** A systemd-notify that keeps what it was given; returns what it has so far. */
function listenIn({ env }: Office): () => string[] {
  const folder = env.HOME ?? '';
  const told = path.join(folder, 'told');
  const program = path.join(folder, 'systemd-notify');
  writeFileSync(program, `#!/bin/sh\necho "$*" >>'${told}'\n`);
  chmodSync(program, 0o755);
  env.PATH = `${folder}:${env.PATH}`;
  return () => (existsSync(told) ? readFileSync(told, 'utf8').trimEnd().split('\n') : []);
}

test('systemd is told when it serves and when it stops, and the watchdog is fed in between', {
  timeout: 60_000,
}, async () => {
  const told = listenIn(office);
  office.env.NOTIFY_SOCKET = '/run/systemd/notify';
  office.env.WATCHDOG_USEC = '400000';
  office.configure({ lists: 'all' });
  const serving = office.service('serve');
  await serving.seen('serving');
  const fed = () => told().filter((words) => words === 'WATCHDOG=1').length;
  const before = fed();
  while (fed() < before + 2) await pause(50);
  expect(told().filter((words) => words.startsWith('--ready --pid='))).toHaveLength(1);
  expect(told()).not.toContain('--stopping');
  serving.kill('SIGTERM');
  expect(await serving.ended).toEqual({ status: 0, signal: null });
  while (!told().includes('--stopping')) await pause(50);
});
