import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../../src/db/embedded/lock.ts';
import { startOf } from '../../../src/db/embedded/process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs many under the lock at once; the largest number that were inside together. */
async function together(count: number): Promise<number> {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: count }, () =>
      withLock(folder, async () => {
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
      }),
    ),
  );
  return most;
}

async function deadProcess(): Promise<{ pid: number; start: string }> {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const start = startOf(pid) ?? '';
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { pid, start };
}

test('one at a time, also within one process, and nothing is left', async () => {
  expect(await together(20)).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

test('is given back when the work fails', async () => {
  await expect(withLock(folder, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await together(1)).toBe(1);
});

test('a dead owner does not hold it: many who wait take over, still one at a time', async () => {
  const { pid, start } = await deadProcess();
  symlinkSync(`${pid} ${start} 0123456789abcdef`, path.join(folder, 'lock'));
  expect(await together(20)).toBe(1);
});

test('nor does an owner whose id is now another process', async () => {
  symlinkSync(`${process.pid} 1 0123456789abcdef`, path.join(folder, 'lock'));
  expect(await together(5)).toBe(1);
});

test('nor one that died while it took over from another', async () => {
  const { pid, start } = await deadProcess();
  for (const name of ['lock', 'lock.takeover'])
    symlinkSync(`${pid} ${start} 0123456789abcdef`, path.join(folder, name));
  expect(await together(5)).toBe(1);
});
