import { expect, test } from 'vitest';
import { builtinDefinitions } from '../../src/catalogue/builtin.ts';
import { readLines, writeLines } from '../../src/catalogue/lines.ts';
import type { ListDefinition } from '../../src/catalogue/list.ts';

test('lists written as lines are read as they were, each by its id, in their order', () => {
  const own: ListDefinition = { id: 'own', name: 'Größe\n☃', zone: 'own.test', accepts: ['ipv4'] };
  const lists = [own, ...builtinDefinitions()];
  const { ids, read } = readLines(Buffer.from(writeLines(lists)));
  expect(ids).toEqual(lists.map(({ id }) => id));
  expect(ids.map(read)).toEqual(lists);
});

test('a list that is not there is not read', () => {
  const { read } = readLines(Buffer.from(writeLines([{ id: 'own', zone: 'own.test', accepts: ['ipv4'] }])));
  expect(read('other')).toBeUndefined();
  expect(read('constructor')).toBeUndefined();
});
