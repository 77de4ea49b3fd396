import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { startOf } from './process.ts';

/** How long one and the same owner may hold the lock before those who wait give up, ms. */
const patience = 90_000;

/**
 * Runs `body` while no other process (or other caller in this one) holds the folder's lock.
 *
 * The lock is a hard link to a file that names its owner, so that it appears whole or not at all. A lock whose owner
 * is dead is removed only under a second lock, so that nobody removes the lock of the one who took it over.
 */
export async function withLock<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const lock = path.join(folder, 'lock');
  const mine = `${process.pid} ${startOf(process.pid)} ${randomBytes(8).toString('hex')}\n`;
  const own = path.join(folder, `lock.${process.pid}.${randomBytes(4).toString('hex')}`);
  writeFileSync(own, mine, { flag: 'wx', mode: 0o600 });
  try {
    await acquire(lock, own);
    try {
      clearLeftovers(folder);
      return await body();
    } finally {
      unlinkSync(lock);
    }
  } finally {
    unlinkSync(own);
  }
}

/** The files of those who were killed while they waited. Known by the name alone: a file may not be written yet. */
function clearLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^lock\.(\d+)\.[0-9a-f]+$/.exec(name)?.[1];
    if (pid !== undefined && startOf(Number(pid)) === null) remove(path.join(folder, name));
  }
}

async function acquire(lock: string, own: string): Promise<void> {
  let waitingFor = '';
  let since = 0;
  while (!take(lock, own)) {
    const owner = read(lock);
    if (owner === null) continue;
    if (isDead(owner)) {
      if (takeOver(lock, own, owner)) continue;
    } else if (owner !== waitingFor) {
      waitingFor = owner;
      since = performance.now();
    } else if (performance.now() - since > patience) {
      throw new UserError(
        `${lock}: process ${owner.split(' ')[0]} has been starting or stopping the database for ${patience / 1000} s; ` +
          'expected it to be done within a few. Look at that process, or end it and try again',
      );
    }
    await sleep(5 + Math.random() * 20);
  }
}

function take(lock: string, own: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead owner's lock. The compare and the removal are one synchronous stretch under the second lock. */
function takeOver(lock: string, own: string, dead: string): boolean {
  const second = `${lock}.takeover`;
  if (!take(second, own)) {
    const holder = read(second);
    // Its holder died inside that stretch: old enough that nobody can be in it any more.
    if (holder !== null && isDead(holder) && ageOf(second) > 1000 && read(second) === holder) remove(second);
    return false;
  }
  try {
    if (read(lock) === dead) remove(lock);
    return true;
  } finally {
    remove(second);
  }
}

/** `pid start nonce` → whether that very process is gone. An empty or torn text cannot occur (hard link), but is dead. */
function isDead(owner: string): boolean {
  const [pid, start] = owner.split(' ');
  return startOf(Number(pid)) !== start;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Since the file's inode last changed (a link or unlink counts), ms. */
function ageOf(file: string): number {
  try {
    return Date.now() - statSync(file).ctimeMs;
  } catch {
    return 0;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
