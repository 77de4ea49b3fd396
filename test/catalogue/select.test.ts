import { describe, expect, test } from 'vitest';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { buildCatalogue, builtinLists, selectLists } from '../../src/catalogue/load.ts';

const KEY = 'secretaccountkey';
const OWN: ListDefinition = { id: 'own', zone: 'Own.Test.', accepts: ['ipv4'], impact: 'low', tags: ['mine'] };
const catalogue = buildCatalogue([], {});
const ids = (spec: string, from = catalogue): string[] => selectLists(from, spec).map((list) => list.id);

describe('a definition is filled in', () => {
  test('with defaults', () => {
    const list = buildCatalogue([{ id: 'own', zone: 'own.test', accepts: ['ipv4'] }], {}).find('own');
    expect(list).toMatchObject({
      name: 'own',
      operator: 'own',
      asks: 'as-given',
      polarity: 'block',
      codes: {},
      control: {},
      servers: [],
      limits: null,
      impact: 'medium',
      retired: null,
      contains: [],
      formerly: [],
      tags: [],
      scope: 'address',
      confidence: 'medium',
    });
  });

  test.each<[string, Partial<ListDefinition>, object]>([
    [
      'a flat control becomes that of its kind',
      { accepts: ['ipv6'], control: { listed: '::2' } },
      { control: { ipv6: { listed: '::2' } } },
    ],
    [
      'a server without port is asked at 53',
      { servers: ['192.0.2.1', '2001:db8::1', '[2001:db8::1]', '[::1]:5300'] },
      { servers: ['192.0.2.1:53', '[2001:db8::1]:53', '[2001:db8::1]:53', '[::1]:5300'] },
    ],
    ['a zone is lower-case and without a final dot', { zone: 'BL.Example.ORG.' }, { zone: 'bl.example.org' }],
    ['limits: none stays', { limits: 'none' }, { limits: 'none' }],
    ['retired', { status: { retired: { why: 'closed' } } }, { retired: { why: 'closed' } }],
  ])('%s', (_rule, fields, expected) => {
    expect(buildCatalogue([{ ...OWN, ...fields }], {}).find('own')).toMatchObject(expected);
  });

  test('that of a built-in id replaces the fields that it gives, and no other', () => {
    const own: ListDefinition = { id: 'psbl', zone: 'psbl.local', accepts: ['ipv4'], servers: ['127.0.0.1:5300'] };
    const built = builtinLists().find((list) => list.id === 'psbl');
    const list = buildCatalogue([own], {}).find('psbl');
    expect(list).toEqual({ ...built, zone: 'psbl.local', servers: ['127.0.0.1:5300'] });
  });
});

describe('a list is found', () => {
  test.each([
    ['by its id', 'spamhaus-zen', 'spamhaus-zen'],
    ['by its zone', 'ZEN.spamhaus.org.', 'spamhaus-zen'],
    ['by the zone of a dead list', 'ix.dnsbl.manitu.net', 'nixspam'],
    ['by another zone of a dead list', 'dul.dnsbl.sorbs.net', 'sorbs'],
    ['not by an unknown name', 'no.such.list', undefined],
  ])('%s', (_rule, name, id) => {
    expect(catalogue.find(name)?.id).toBe(id);
  });

  test('a living list is found before a dead one of the same zone', () => {
    const own: ListDefinition = { id: 'own', zone: 'dnsbl.sorbs.net', accepts: ['ipv4'] };
    expect(buildCatalogue([own], {}).find('dnsbl.sorbs.net')?.id).toBe('own');
  });
});

describe('account keys', () => {
  test.each([
    ['the operator', 'spamhaus-dqs'],
    ['the list', 'spamhaus-zen-dqs'],
  ])('a key of %s opens the list', (_of, name) => {
    const keyed = buildCatalogue([], { [name]: KEY });
    const [list] = selectLists(keyed, 'spamhaus-zen-dqs');
    expect(list?.zone).toBe('{key}.zen.dq.spamhaus.net');
    expect(list && keyed.zoneToAsk(list)).toBe(`${KEY}.zen.dq.spamhaus.net`);
    expect(ids('all', keyed)).toContain('spamhaus-zen-dqs');
    expect(JSON.stringify(keyed.lists)).not.toContain(KEY);
  });

  test('without its key a keyed list is not usable, and who names it is told', () => {
    const list = catalogue.find('abusix-combined');
    expect(list && catalogue.usable(list)).toBe(false);
    expect(ids('all')).not.toContain('abusix-combined');
    const message =
      'list "abusix-combined": {key}.combined.mail.abusix.zone needs an account key; expected one under keys.abusix or keys.abusix-combined in the configuration';
    expect(() => selectLists(catalogue, 'abusix-combined')).toThrow(message);
    expect(() => list && catalogue.zoneToAsk(list)).toThrow(message);
  });

  test('a key for nothing is refused', () => {
    expect(() => buildCatalogue([], { spamcop: KEY })).toThrow(
      "keys.spamcop: no list or operator of this name takes a key; expected one of abusix, spamhaus-dqs, trendmicro, or a list's id",
    );
  });

  test.each(['', 'a.b', 'x'.repeat(64), 'a b', '-a'])(
    'a key that is no label is refused and not repeated: %j',
    (key) => {
      expect(() => buildCatalogue([], { abusix: key })).toThrow(
        /^keys\.abusix: not a key; expected 1 to 63 letters, digits, hyphens or underscores$/,
      );
    },
  );
});

describe('a selection', () => {
  test('default: those marked, and the free and known block lists, but no part of one that is asked anyway', () => {
    const chosen = ids('default');
    for (const list of builtinLists()) if (list.tags.includes('default')) expect(chosen).toContain(list.id);
    expect(chosen).toContain('uceprotect-1');
    for (const id of ['spamhaus-sbl', 'uribl-black', 'validity-rpbl', 'dnswl', 's5h', 'sorbs', 'hetzner-rbl'])
      expect(chosen).not.toContain(id);
  });

  test("default: the user's own lists too", () => {
    expect(ids('default', buildCatalogue([OWN], {}))).toEqual([...ids('default'), 'own']);
  });

  test('all: everything that can be asked', () => {
    expect(ids('all')).toEqual(
      catalogue.lists.filter((list) => list.retired === null && !list.zone.includes('{key}')).map((list) => list.id),
    );
  });

  test.each<[string, string, string[]]>([
    ['ids, in the order of the catalogue, each once', 'spamcop,spamhaus-zen, spamcop', ['spamhaus-zen', 'spamcop']],
    ['zones', 'psbl.surriel.com', ['psbl']],
    ['a tag', 'mine', ['own']],
    ['a mixture', 'mine,psbl', ['psbl', 'own']],
    ['a retired list, to who names it', 'sorbs', ['sorbs']],
    ['a retired list by one of its zones', 'nixspam.heise.de', ['nixspam']],
    [
      'the usable ones of a tag',
      'spamhaus',
      ['spamhaus-zen', 'spamhaus-sbl', 'spamhaus-xbl', 'spamhaus-pbl', 'spamhaus-dbl'],
    ],
  ])('%s', (_rule, spec, expected) => {
    expect(ids(spec, buildCatalogue([OWN], {})).sort()).toEqual([...expected].sort());
  });

  test.each([
    ['', 'lists "": names none; expected default, all, ids or tags'],
    [' , ', 'lists " , ": names none; expected default, all, ids or tags'],
    [
      'spamhas',
      'lists "spamhas": no list and no tag of this name; expected default, all, an id or a tag (similar: spamhaus-zen',
    ],
    [
      'psbl,qqqq',
      'lists "qqqq": no list and no tag of this name; expected default, all, an id or a tag (see `dnsblwatch lists`)',
    ],
  ])('%j is refused', (spec, message) => {
    expect(() => selectLists(catalogue, spec)).toThrow(message);
  });
});
