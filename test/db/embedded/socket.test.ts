import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { socketName, socketPath } from '../../../src/db/embedded/socket.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-socket-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('a short path is used as it is', () => {
  expect(socketPath(parent).path).toBe(path.join(parent, socketName));
});

test.each(['linux', 'darwin'] as const)('a long one is reached by a short one, which is taken back (%s)', (system) => {
  if (system === 'linux' && process.platform !== 'linux') return;
  const data = path.join(parent, 'ü'.repeat(60));
  mkdirSync(data);
  writeFileSync(path.join(data, socketName), '');
  const { path: short, release } = socketPath(data, system);
  expect(Buffer.byteLength(short)).toBeLessThanOrEqual(103);
  expect(existsSync(short)).toBe(true);
  release();
  expect(existsSync(short)).toBe(false);
});
