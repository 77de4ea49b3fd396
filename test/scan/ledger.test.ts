import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileLedger } from '../../src/scan/ledger.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const NOON = new Date('2026-11-24T12:00:00Z');
const hours = (count: number): Date => new Date(NOON.getTime() + count * 3_600_000);

test('what one process asked counts in the next', () => {
  const first = fileLedger(folder);
  first.add('The Spamhaus Project', NOON, 7);
  first.add('SURBL', NOON, 2);
  first.close();
  const second = fileLedger(folder);
  expect(second.used('The Spamhaus Project', NOON)).toBe(7);
  expect(second.used('SURBL', hours(1))).toBe(2);
  expect(second.used('nobody', NOON)).toBe(0);
});

test('a day is 24 rolling hours, over midnight', () => {
  const ledger = fileLedger(folder);
  ledger.add('one', NOON, 5);
  ledger.close();
  expect(fileLedger(folder).used('one', hours(24))).toBe(5);
  expect(fileLedger(folder).used('one', hours(25))).toBe(0);
});

test('processes side by side see each other after some lookups', () => {
  const one = fileLedger(folder);
  const two = fileLedger(folder);
  for (let lookup = 0; lookup < 50; lookup += 1) one.add('one', NOON, 1);
  two.used('one', NOON);
  for (let lookup = 0; lookup < 50; lookup += 1) one.add('one', NOON, 1);
  for (let lookup = 0; lookup < 50; lookup += 1) two.add('one', NOON, 1);
  expect(two.used('one', NOON)).toBe(150);
  expect(one.used('one', NOON)).toBe(150);
});

test('what a scan asks is counted by all but the scans on its database, which know it already', () => {
  const scan = fileLedger(folder, 'abc');
  const ledgers = [scan, fileLedger(folder, 'abc'), fileLedger(folder, 'def'), fileLedger(folder)];
  scan.add('one', NOON, 7);
  expect(scan.used('one', NOON)).toBe(0);
  scan.close();
  expect(ledgers.map((ledger) => ledger.used('one', NOON))).toEqual([0, 0, 7, 7]);
});

test('nothing asked, nothing written', () => {
  const ledger = fileLedger(join(folder, 'state'));
  expect(ledger.used('one', NOON)).toBe(0);
  ledger.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('only the owner may read it, a damaged line is passed over, and old files go', () => {
  writeFileSync(join(folder, 'lookups-2026-11-01.log'), '1 1 one\n');
  const ledger = fileLedger(folder);
  ledger.add('one', NOON, 3);
  ledger.close();
  const file = join(folder, 'lookups-2026-11-24.log');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  appendFileSync(file, `rubbish\n${readFileSync(file, 'utf8').slice(0, 5)}`);
  expect(fileLedger(folder).used('one', NOON)).toBe(3);
  expect(readdirSync(folder)).toEqual(['lookups-2026-11-24.log']);
});
