import { randomBytes } from 'node:crypto';
import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import { startOf } from './process.ts';

/** How long one and the same owner may hold the lock before those who wait give up, ms. */
const patience = 180_000;

/**
 * Runs `body` while no other process (or other caller in this one) holds the folder's lock.
 *
 * The lock is a symbolic link whose text names its owner: it appears whole or not at all, leaves nothing else behind,
 * and takes no block on a full disk. One whose owner is dead is removed only under a second lock, so that nobody
 * removes the lock of the one who took it over.
 */
export async function withLock<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const lock = path.join(folder, 'lock');
  const mine = `${process.pid} ${startOf(process.pid)} ${randomBytes(8).toString('hex')}`;
  await acquire(lock, mine);
  try {
    return await body();
  } finally {
    unlinkSync(lock);
  }
}

async function acquire(lock: string, mine: string): Promise<void> {
  let waitingFor = '';
  let since = 0;
  while (!take(lock, mine)) {
    const owner = read(lock);
    if (owner === null) continue;
    if (isDead(owner)) {
      if (takeOver(lock, mine, owner)) continue;
    } else if (owner !== waitingFor) {
      waitingFor = owner;
      since = performance.now();
    } else if (performance.now() - since > patience) {
      throw new UserError(
        `${lock}: process ${owner.split(' ')[0]} has been starting or stopping the database for ${patience / 1000} s; ` +
          'expected it to be done within a few. Look at that process, or end it and try again',
      );
    }
    await sleep(5 + Math.random() * 45);
  }
}

function take(lock: string, mine: string): boolean {
  try {
    symlinkSync(mine, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead owner's lock. The compare and the removal are one synchronous stretch under the second lock. */
function takeOver(lock: string, mine: string, dead: string): boolean {
  const second = `${lock}.takeover`;
  if (!take(second, mine)) {
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

/** `pid start nonce` → whether that very process is gone. */
function isDead(owner: string): boolean {
  const [pid, start] = owner.split(' ');
  return startOf(Number(pid)) !== start;
}

function read(file: string): string | null {
  try {
    return readlinkSync(file);
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

/** Since it was made, ms. */
function ageOf(file: string): number {
  try {
    return Date.now() - lstatSync(file).ctimeMs;
  } catch {
    return 0;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
