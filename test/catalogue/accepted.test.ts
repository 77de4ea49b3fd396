import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Accepted, acceptedIn } from '../../src/catalogue/accepted.ts';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { loadCatalogueFile } from '../../src/catalogue/load.ts';

let folder: string;
let file: string;
let accepted: Accepted;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-accepted-'));
  file = join(folder, 'lists.yaml');
  accepted = acceptedIn(join(folder, 'cache'), 'program one');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ONE: ListDefinition = { id: 'one', zone: 'one.test', accepts: ['ipv4'], name: 'Größe' };
const yaml = (zone: string): string => `lists: [{ id: one, zone: ${zone}, accepts: [ipv4], name: Größe }]`;

test('a catalogue file is read once, then taken as it was read', async () => {
  writeFileSync(file, yaml('one.test'));
  const add = vi.spyOn(accepted, 'add');
  expect(await loadCatalogueFile(file, accepted)).toEqual([ONE]);
  expect(await loadCatalogueFile(file, accepted)).toEqual([ONE]);
  expect(add).toHaveBeenCalledOnce();
});

test('another text of the same length in the same file is read anew', async () => {
  writeFileSync(file, yaml('one.test'));
  await loadCatalogueFile(file, accepted);
  writeFileSync(file, yaml('two.test'));
  expect(await loadCatalogueFile(file, accepted)).toEqual([{ ...ONE, zone: 'two.test' }]);
});

test('what is not in order is never kept', async () => {
  writeFileSync(file, yaml('not..a.zone'));
  for (const _turn of [1, 2]) await expect(loadCatalogueFile(file, accepted)).rejects.toThrow('not..a.zone');
});

test('another version of the program reads the file for itself', async () => {
  writeFileSync(file, yaml('one.test'));
  await loadCatalogueFile(file, accepted);
  expect(acceptedIn(join(folder, 'cache'), 'program two').find(file, yaml('one.test'))).toBeNull();
});

test('a kept file that is damaged is written anew', async () => {
  writeFileSync(file, yaml('one.test'));
  await loadCatalogueFile(file, accepted);
  const [kept = ''] = readdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'cache', kept), '{"program":"program one","te');
  expect(await loadCatalogueFile(file, accepted)).toEqual([ONE]);
  expect(accepted.find(file, yaml('one.test'))).toEqual([ONE]);
});

test('without a folder to write to, files are read each time', async () => {
  writeFileSync(file, yaml('one.test'));
  const nowhere = acceptedIn(join(file, 'a file is no folder'), 'program one');
  for (const _turn of [1, 2]) expect(await loadCatalogueFile(file, nowhere)).toEqual([ONE]);
});
