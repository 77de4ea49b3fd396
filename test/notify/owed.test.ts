import { expect, test } from 'vitest';
import { type Facts, owed, owedAtFirst } from '../../src/notify/owed.ts';
import { at, change, facts, listing, mute, sight } from './facts.ts';

const alerting = { window: 300_000, blind: 24 * 3_600_000, reminders: [24, 72, 168].map((hours) => hours * 3_600_000) };

/** What is owed at an hour of the story to one who is told since hour 0 and was told nothing yet: `reason key`. */
function owes(more: Partial<Facts>, hour: number, { since = 0, cursor = 0 } = {}): string[] {
  const notices = owed(facts(more), { since: at(since), cursor }, alerting, new Date(at(hour)));
  return notices.map(({ reason, key }) => `${reason} ${key}`);
}

const silent = { toldAt: at(9), toldIn: 3, silentSince: at(10), why: 'timeout' as const };
const changes = (ids: number[], gap: number) => ids.map((id, index) => ({ id, at: at(10 + index * gap) }));

test.each<[string, Partial<Facts>, number, string[]]>([
  ['a new listing', { changes: [change('listed')] }, 10, ['listed change:5']],
  [
    'one that was never seen clean before',
    { changes: [change('listed', { listing: listing({ cleanBefore: null }) })] },
    10,
    ['found change:5'],
  ],
  [
    'one that came back, even without a clean in between',
    { changes: [change('listed', { listing: listing({ cleanBefore: null, relapses: 1 }) })] },
    10,
    ['listed change:5'],
  ],
  [
    'a recoding to something worse',
    { changes: [change('recoded', { worse: true, added: ['BOT'] })] },
    10,
    ['recoded change:5'],
  ],
  ['a recoding that is no worse: nothing', { changes: [change('recoded')] }, 10, []],
  ['a delisting', { changes: [change('delisted')] }, 10, ['delisted change:5']],
  ['closed is never an all-clear: nothing', { changes: [change('closed')] }, 10, []],
  ['still listed, not yet a day: nothing', { open: [listing()] }, 33, []],
  ['still listed after a day', { open: [listing()] }, 34, ['still-listed still:1:86400000']],
  ['still listed after three days', { open: [listing()] }, 10 + 72, ['still-listed still:1:259200000']],
  [
    'still listed after a week, and nothing of what was missed',
    { open: [listing()] },
    10 + 400,
    ['still-listed still:1:604800000'],
  ],
  [
    'a request that takes too long',
    { overdue: [{ removal: '3', since: at(9), listing: listing() }] },
    10,
    ['removal-overdue overdue:3'],
  ],
  ['muted by its list: nothing', { changes: [change('listed')], open: [listing()], mutes: [mute()] }, 34, []],
  ['muted by another list', { changes: [change('listed')], mutes: [mute({ list: 'other' })] }, 10, ['listed change:5']],
  [
    'muted target: nothing',
    {
      changes: [change('listed')],
      mutes: [mute({ list: null, range: { kind: 'ipv4', lo: 0xc0000200n, hi: 0xc00002ffn, domain: null } })],
    },
    10,
    [],
  ],
  [
    'a mute that is over hides nothing',
    { changes: [change('listed')], mutes: [mute({ until: at(9) })] },
    10,
    ['listed change:5'],
  ],
  [
    'listed while muted, and still so when the mute ends',
    { open: [listing()], mutes: [mute({ until: at(20) })] },
    20,
    ['mute-ended unmuted:1:1'],
  ],
  [
    'listed while muted, and somebody ended the mute',
    { open: [listing()], mutes: [mute({ endedAt: at(15) })] },
    16,
    ['mute-ended unmuted:1:1'],
  ],
  [
    'listed just before the mute, and perhaps not told any more',
    { open: [listing({ since: at(1) })], mutes: [mute({ createdAt: at(5), until: at(20) })] },
    20,
    ['mute-ended unmuted:1:1'],
  ],
  [
    'listed after the mute was over: the mute has nothing to do with it',
    { open: [listing({ since: at(21) })], mutes: [mute({ until: at(20) })] },
    22,
    [],
  ],
  [
    'the fourth coming and going within days is told as flapping, with the count',
    {
      changes: [change('delisted', { id: 14 })],
      runs: [{ listing: listing(), changes: changes([11, 12, 13, 14], 3) }],
    },
    20,
    ['flapping change:14'],
  ],
  [
    'the fifth: nothing',
    {
      changes: [change('listed', { id: 15 })],
      runs: [{ listing: listing(), changes: changes([11, 12, 13, 14, 15], 3) }],
    },
    23,
    [],
  ],
  [
    'after a day of quiet what flapped is told once more',
    { runs: [{ listing: listing(), changes: changes([11, 12, 13, 14, 15], 3) }] },
    46,
    ['settled settled:15'],
  ],
  [
    'four changes were all told, so quiet after them: nothing',
    { runs: [{ listing: listing(), changes: changes([11, 12, 13, 14], 3) }] },
    46,
    [],
  ],
  [
    'a list that is quarantined',
    { sights: [sight('spam', { ...silent, why: 'list-quarantined' })] },
    11,
    ['quarantined quarantined:spam:3'],
  ],
  ['a list that is silent, but not yet for long: nothing', { sights: [sight('spam', silent)] }, 11, []],
  [
    'a list that tells nothing for longer than a day',
    { sights: [sight('spam', { ...silent, askedAt: at(33) })] },
    33,
    ['blind blind:spam:3'],
  ],
  [
    'a list that never told anything',
    { sights: [sight('spam', { ...silent, toldAt: null, toldIn: null, askedAt: at(34) })] },
    34,
    ['blind blind:spam:never'],
  ],
  ['a list that nobody asks any more: nothing', { sights: [sight('spam', silent)] }, 50, []],
  [
    'a silent list that is muted: nothing',
    { sights: [sight('spam', { ...silent, askedAt: at(33) })], mutes: [mute()] },
    33,
    [],
  ],
  [
    'three of six operators silent at once: one message about us',
    { sights: [...['a', 'b', 'c'].map((id) => sight(id, silent)), ...['d', 'e', 'f'].map((id) => sight(id))] },
    11,
    ['outage outage:3'],
  ],
  [
    'and nothing of single lists, however long',
    { sights: ['a', 'b', 'c'].map((id) => sight(id, { ...silent, askedAt: at(40) })) },
    40,
    ['outage outage:3'],
  ],
  [
    'three of seven: not us',
    { sights: [...['a', 'b', 'c'].map((id) => sight(id, silent)), ...['d', 'e', 'f', 'g'].map((id) => sight(id))] },
    11,
    [],
  ],
  [
    'three lists of two operators: not us',
    { sights: [sight('a', silent), sight('b', { ...silent, operator: 'a' }), sight('c', silent)] },
    11,
    [],
  ],
  [
    'three that fell silent one after the other: not us',
    { sights: ['a', 'b', 'c'].map((id, index) => sight(id, { ...silent, toldIn: index })) },
    11,
    [],
  ],
])('%s', (_rule, more, hour, expected) => {
  expect(owes(more, hour)).toEqual(expected);
});

test('what was decided before is not owed again', () => {
  expect(owes({ changes: [change('listed')] }, 10, { cursor: 5 })).toEqual([]);
  expect(owes({ open: [listing()] }, 40, { since: 35 })).toEqual([]);
});

test('first all that is listed is told, but for what is muted', () => {
  const open = [listing(), listing({ id: 2, list: 'other' })];
  const notices = owedAtFirst({ open, findings: [], mutes: [mute()] }, new Date(at(20)));
  expect(notices.map(({ reason, key }) => `${reason} ${key}`)).toEqual(['found found:2']);
});
