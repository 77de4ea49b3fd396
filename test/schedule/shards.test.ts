import { expect, test } from 'vitest';
import { buildCatalogue } from '../../src/catalogue/load.ts';
import { outside, shardsOf } from '../../src/schedule/shards.ts';

const definition = (id: string, operator: string) => ({
  id,
  operator,
  zone: `${id}.example`,
  accepts: ['ipv4' as const],
});
const { lists: all } = buildCatalogue(
  [definition('a1', 'op-a'), definition('a2', 'op-a'), definition('b', 'op-b'), definition('own', 'own')],
  {},
);
const lists = all.filter(({ id }) => ['a1', 'a2', 'b', 'own'].includes(id));
const isLimited = ({ id }: { id: string }): boolean => id !== 'own';

test('the lists of an operator are one shard, however many targets there are', () => {
  const shards = shardsOf(7, lists, 100_000, isLimited).filter(({ operator }) => operator !== null);
  expect(shards).toEqual([
    { scanId: 7, operator: 'op-a', listIds: ['a1', 'a2'], posFrom: 0, posTo: 100_000 },
    { scanId: 7, operator: 'op-b', listIds: ['b'], posFrom: 0, posTo: 100_000 },
  ]);
});

test('lists without limits are split by ranges of targets that leave none out and ask none twice', () => {
  const shards = shardsOf(7, lists, 45_000, isLimited).filter(({ operator }) => operator === null);
  expect(shards.map(({ posFrom, posTo }) => [posFrom, posTo])).toEqual([
    [0, 20_000],
    [20_000, 40_000],
    [40_000, 45_000],
  ]);
});

test('a shard asks its own positions, and of those none that are covered', () => {
  expect(outside({ posFrom: 20, posTo: 40 }, 100, [[20, 25]])).toEqual([
    [0, 20],
    [40, 100],
    [20, 25],
  ]);
  expect(outside({ posFrom: 0, posTo: 100 }, 100, [])).toEqual([]);
});
