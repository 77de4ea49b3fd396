import { expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import { followCatalogue } from '../../src/listing/catalogue.ts';
import { listingHistory } from '../../src/listing/history.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { list, minute, openWorld, range, scanAll } from './world.ts';

const a = list('a');
const informational = { '127.0.0.2': { label: 'SPAM', severity: 'info' as const } };

type Case = [rule: string, lists: List[], endedBy: string | null, listId: string];
test.each<Case>([
  ['the same list: nothing ends', [a], null, 'a'],
  ['a fact that means nothing to the listing: nothing ends', [list('a', { website: 'https://a.example' })], null, 'a'],
  [
    'a code that is new: nothing ends',
    [list('a', { codes: { ...a.codes, '127.0.0.4': { label: 'NEW' } } })],
    null,
    'a',
  ],
  ['retired: closed, never delisted', [list('a', { retired: { why: 'gone' } })], 'list-retired', 'a'],
  ['removed from the catalogue', [list('b')], 'list-removed', 'a'],
  ['another zone', [list('a', { zone: 'new.example' })], 'list-changed', 'a'],
  ['its code is only information now', [list('a', { codes: informational })], 'list-changed', 'a'],
  ['a new id takes the history along', [list('b', { formerly: ['a'], zone: a.zone })], null, 'b'],
])('%s', async (_, lists, endedBy, listId) => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.5') }], minute(0));
  await scanAll(db, [a], 5);
  await scanAll(db, [a], 10, { a: { '192.0.2.5': ['127.0.0.2'] } });
  const changes = await followCatalogue(db, lists, minute(20));
  expect(changes.map(({ kind, endedBy: by }) => [kind, by])).toEqual(endedBy === null ? [] : [['closed', endedBy]]);
  expect(await listingHistory(db, {})).toMatchObject([{ list: listId, endedBy }]);
  expect(await followCatalogue(db, lists, minute(30))).toEqual([]);
});
