import { closeSync, openSync, readSync } from 'node:fs';

/** Numbers nobody can foresee, from the kernel; loading node:crypto would take a tenth of the program's start. */

/** Bytes that are read at first, and at most: whoever needs many asks the kernel seldom. */
const [FIRST, MOST] = [2048, 65_536];
let size = FIRST;
let pool = new Uint16Array(0);
let used = 0;

/** A message's id must not be guessed (RFC 5452 section 4.3). @returns 0 to 65535 */
export function random16(): number {
  if (used === pool.length) refill();
  const value = pool[used] ?? 0;
  used += 1;
  return value;
}

/** @returns 0 to `below` - 1; `below` is at most 65536 */
export function randomBelow(below: number): number {
  return Math.floor((random16() * below) / 0x10000);
}

function refill(): void {
  const bytes = new Uint8Array(size);
  const source = openSync('/dev/urandom', 'r');
  try {
    for (let got = 0; got < size; ) got += readSync(source, bytes, got, size - got, null);
  } finally {
    closeSync(source);
  }
  pool = new Uint16Array(bytes.buffer);
  used = 0;
  size = Math.min(2 * size, MOST);
}
