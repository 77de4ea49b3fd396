import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDefinitions } from '../../src/catalogue/file.ts';
import { loadCatalogueFile } from '../../src/catalogue/load.ts';
import { UserError } from '../../src/errors.ts';

const ID = 'an id of lower-case letters, digits, dots, hyphens and underscores';
const ZONE = 'a zone such as bl.example.org, with {key} as a label where an account key belongs';
const KEY =
  'a code of 127.0.0.0/8: an address, a prefix 127.0.4.0/24, a range 127.0.0.2-127.0.0.9, a wildcard 127.0.*.1, or a bit mask:1 to mask:128';
const SERVER = 'a server such as 192.0.2.53:53 or [2001:db8::53]:53';
const STATUS = 'active, or retired: { since, why, answers }';
const DURATION = 'an ISO 8601 duration such as P7D or PT12H';
const FIELDS =
  'id, name, operator, zone, accepts, asks, polarity, codes, control, servers, limits, impact, status, contains, formerly, tags, scope, access, delisting, confidence, checked, website, sources';

function messageOf(data: unknown): string {
  try {
    readDefinitions('own.yaml', data);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'accepted';
}

const coded = (code: unknown) => ({ codes: { '127.0.0.2': code } });

describe('a malformed file names the file and what was expected', () => {
  test.each<[string, unknown, string]>([
    ['nothing in it', null, 'got null; expected lists: followed by the lists'],
    ['a text', 'bl.example.org', 'got "bl.example.org"; expected lists: followed by the lists'],
    ['no lists', {}, 'lists: missing; expected an array of lists'],
    ['lists that are no array', { lists: { a: 1 } }, 'lists: got {"a":1}; expected an array of lists'],
    [
      'a list that is a text',
      { lists: ['x'] },
      'lists[0]: got "x"; expected a list with at least id, zone and accepts',
    ],
    ['a field beside lists', { lists: [], keys: 1 }, 'keys: no such field; expected one of lists'],
    ['a list without id', { lists: [{ zone: 'a.test', accepts: ['ipv4'] }] }, `list 1: id: missing; expected ${ID}`],
    ['no zone', { lists: [{ id: 'a', accepts: ['ipv4'] }] }, `list "a": zone: missing; expected ${ZONE}`],
    [
      'no accepts',
      { lists: [{ id: 'a', zone: 'a.test' }] },
      'list "a": accepts: missing; expected an array of ipv4, ipv6, domain',
    ],
    ['an id given twice', { lists: [valid({}), valid({})] }, 'list "a": id: given twice; expected each id once'],
  ])('%s', (_rule, data, message) => {
    expect(messageOf(data)).toBe(`catalogue own.yaml: ${message}`);
  });
});

describe('a malformed list names the list, the field, what was given and what was expected', () => {
  test.each<[string, object, string]>([
    ['an unknown field', { zones: 'x' }, `zones: no such field; expected one of ${FIELDS}`],
    ['a name that is empty', { name: '' }, 'name: got ""; expected a text that is not empty'],
    ['an operator with spaces', { operator: 'The Operator' }, `operator: got "The Operator"; expected ${ID}`],
    ['a zone that is no name', { zone: 'bl..test' }, `zone: got "bl..test"; expected ${ZONE}`],
    ['a zone of the key alone', { zone: '{key}' }, `zone: got "{key}"; expected ${ZONE}`],
    ['a zone with two keys', { zone: '{key}.{key}.test' }, `zone: got "{key}.{key}.test"; expected ${ZONE}`],
    ['accepts that is empty', { accepts: [] }, 'accepts: got []; expected at least one of ipv4, ipv6, domain'],
    ['an unknown kind', { accepts: ['ip'] }, 'accepts[0]: got "ip"; expected one of ipv4, ipv6, domain'],
    ['a kind twice', { accepts: ['ipv4', 'ipv4'] }, 'accepts: got ["ipv4","ipv4"]; expected each kind once'],
    ['asks', { asks: 'host' }, 'asks: got "host"; expected one of as-given, registered, both'],
    [
      'polarity',
      { polarity: 'white' },
      'polarity: got "white"; expected one of block, allow, reputation, informational',
    ],
    ['codes that are an array', { codes: [] }, 'codes: got []; expected an object of codes and what they mean'],
    [
      'a code outside 127.0.0.0/8',
      { codes: { '10.0.0.1': { label: 'X' } } },
      `codes."10.0.0.1": got "10.0.0.1"; expected ${KEY}`,
    ],
    [
      'a range upside down',
      { codes: { '127.0.0.9-127.0.0.2': { label: 'X' } } },
      `codes."127.0.0.9-127.0.0.2": got "127.0.0.9-127.0.0.2"; expected ${KEY}`,
    ],
    [
      'a prefix with host bits',
      { codes: { '127.0.0.5/24': { label: 'X' } } },
      `codes."127.0.0.5/24": got "127.0.0.5/24"; expected ${KEY}`,
    ],
    [
      'a prefix wider than 127.0.0.0/8',
      { codes: { '126.0.0.0/7': { label: 'X' } } },
      `codes."126.0.0.0/7": got "126.0.0.0/7"; expected ${KEY}`,
    ],
    [
      'a wildcard in the first octet',
      { codes: { '*.0.0.2': { label: 'X' } } },
      `codes."*.0.0.2": got "*.0.0.2"; expected ${KEY}`,
    ],
    ['a mask of two bits', { codes: { 'mask:6': { label: 'X' } } }, `codes."mask:6": got "mask:6"; expected ${KEY}`],
    [
      'a mask past the last octet',
      { codes: { 'mask:256': { label: 'X' } } },
      `codes."mask:256": got "mask:256"; expected ${KEY}`,
    ],
    ['a code without label', coded({}), 'codes."127.0.0.2".label: missing; expected a short name of the code'],
    ['a code that is a text', coded('spam'), 'codes."127.0.0.2": got "spam"; expected a code with at least a label'],
    [
      'an unknown field of a code',
      coded({ label: 'X', weight: 1 }),
      'codes."127.0.0.2".weight: no such field; expected one of label, meaning, severity, polarity, error, delisting',
    ],
    [
      'a severity',
      coded({ label: 'X', severity: 'huge' }),
      'codes."127.0.0.2".severity: got "huge"; expected one of info, low, medium, high',
    ],
    [
      'an error class',
      coded({ label: 'X', error: 'limit' }),
      'codes."127.0.0.2".error: got "limit"; expected one of over-limit, public-resolver, not-registered, bad-query, true',
    ],
    [
      'error: false',
      coded({ label: 'X', error: false }),
      'codes."127.0.0.2".error: got false; expected one of over-limit, public-resolver, not-registered, bad-query, true',
    ],
    [
      'a duration',
      coded({ label: 'X', delisting: { autoExpiry: '7 days' } }),
      `codes."127.0.0.2".delisting.autoExpiry: got "7 days"; expected ${DURATION}`,
    ],
    ['an empty duration', { delisting: { usualTime: 'P' } }, `delisting.usualTime: got "P"; expected ${DURATION}`],
    [
      'a page that is no web page',
      { delisting: { url: 'javascript:x' } },
      'delisting.url: got "javascript:x"; expected an address that begins with https:// or http://',
    ],
    [
      'a method',
      { delisting: { method: 'fax' } },
      'delisting.method: got "fax"; expected one of self-service, form, email, automatic-expiry, provider-only, paid-express, none',
    ],
    [
      'who may act',
      { delisting: { by: 'me' } },
      'delisting.by: got "me"; expected one of ip-owner, anyone, provider, as-operator, nobody',
    ],
    [
      'a control of the wrong shape',
      { control: { ipv4: { listed: '::1' } } },
      'control.ipv4.listed: got "::1"; expected an IPv4 address',
    ],
    [
      'a flat control of the wrong shape',
      { control: { listed: '::1' } },
      'control: got {"listed":"::1"}; expected controls of the kinds that the list takes (ipv4)',
    ],
    [
      'a flat control of a list of two kinds',
      { accepts: ['ipv4', 'ipv6'], control: { listed: '127.0.0.2' } },
      'control: got {"listed":"127.0.0.2"}; expected controls by kind (ipv4, ipv6), for the list takes several',
    ],
    [
      'an unknown kind of control',
      { control: { ipv5: {} } },
      'control.ipv5: no such field; expected one of ipv4, ipv6, domain',
    ],
    [
      'a server that is a name',
      { servers: ['ns.example.org'] },
      `servers[0]: got "ns.example.org"; expected ${SERVER}`,
    ],
    [
      'a server with a port out of range',
      { servers: ['127.0.0.1:53', '127.0.0.1:65536'] },
      `servers[1]: got "127.0.0.1:65536"; expected ${SERVER}`,
    ],
    ['limits', { limits: 'unlimited' }, 'limits: got "unlimited"; expected none, or limits perSecond and perDay'],
    ['a limit of nothing', { limits: { perSecond: 0 } }, 'limits.perSecond: got 0; expected a number above 0'],
    ['half a lookup a day', { limits: { perDay: 0.5 } }, 'limits.perDay: got 0.5; expected a whole number above 0'],
    [
      'an unknown limit',
      { limits: { perHour: 5 } },
      'limits.perHour: no such field; expected one of perSecond, perDay',
    ],
    ['impact', { impact: 'severe' }, 'impact: got "severe"; expected one of low, medium, high'],
    ['status', { status: 'dead' }, `status: got "dead"; expected ${STATUS}`],
    [
      'retired without a reason',
      { status: { retired: {} } },
      'status.retired.why: missing; expected the reason for which the list is retired',
    ],
    ['contains', { contains: ['Not An Id'] }, `contains[0]: got "Not An Id"; expected ${ID}`],
    ['scope', { scope: '/24' }, 'scope: got "/24"; expected one of address, /64, range, asn'],
    ['access', { access: { registration: true } }, 'access.registration: got true; expected one of none, free, paid'],
    ['checked', { checked: 'yesterday' }, 'checked: got "yesterday"; expected a date such as 2026-11-24'],
    ['sources', { sources: 'my head' }, 'sources: got "my head"; expected an array of texts'],
  ])('%s', (_rule, fields, message) => {
    expect(messageOf({ lists: [valid(fields)] })).toBe(`catalogue own.yaml: list "a": ${message}`);
  });

  test('each fault of each list on a line of its own', () => {
    const lists = [valid({ zone: 5, impact: 'huge' }), valid({ id: 'b', accepts: [] })];
    expect(messageOf({ lists }).split('\n')).toEqual([
      `catalogue own.yaml: list "a": zone: got 5; expected ${ZONE}`,
      'catalogue own.yaml: list "a": impact: got "huge"; expected one of low, medium, high',
      'catalogue own.yaml: list "b": accepts: got []; expected at least one of ipv4, ipv6, domain',
    ]);
  });

  test.each(['default', 'all'])('an id may not be %s', (id) => {
    expect(messageOf({ lists: [valid({ id })] })).toBe(
      `catalogue own.yaml: list "${id}": id: got "${id}"; expected an id other than default and all, which select lists`,
    );
  });

  test('long or wild values are cut and escaped', () => {
    const message = messageOf({ lists: [valid({ impact: `\u001b[31m${'x'.repeat(500)}` })] });
    expect(message).toContain('\\u001b[31mxxx');
    expect(message.length).toBeLessThan(250);
  });
});

test('a control of a kind that the list does not take is passed over', () => {
  expect(messageOf({ lists: [valid({ control: { ipv6: { listed: '::ffff:7f00:2' } } })] })).toBe('accepted');
});

test('whatever a list holds, the answer is its definition or a UserError', () => {
  const field = fc.constantFrom(...FIELDS.split(', '), 'unknown');
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constant('127.0.0.2'),
    fc.constant({ listed: '127.0.0.2' }),
    fc.constant(['ipv4']),
  );
  fc.assert(
    fc.property(fc.dictionary(field, value), (fields) => {
      expect(messageOf({ lists: [{ ...valid({}), ...fields }] })).toMatch(/^(accepted$|catalogue own\.yaml: list )/);
    }),
    { numRuns: 1500 },
  );
});

test('whatever a file holds, the answer is its definitions or a UserError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (data) => {
      expect(messageOf(data)).toMatch(/^(accepted$|catalogue own\.yaml: )/);
    }),
  );
});

describe('a catalogue file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const written = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  test('is YAML, where a date stays a text', async () => {
    const path = await written(
      'own.yaml',
      'lists:\n- id: a\n  zone: a.test\n  accepts: [ipv4]\n  checked: 2026-11-24\n',
    );
    expect(await loadCatalogueFile(path)).toEqual([
      { id: 'a', zone: 'a.test', accepts: ['ipv4'], checked: '2026-11-24' },
    ]);
  });

  test('or JSON, whatever its name', async () => {
    const path = await written('own.txt', JSON.stringify({ lists: [valid({})] }));
    expect(await loadCatalogueFile(path)).toEqual([valid({})]);
  });

  test.each<[string, string | null, string]>([
    ['absent.yaml', null, ': there is no such file; expected a catalogue file in YAML or JSON'],
    ['broken.yaml', 'lists: [', ' at line 1, column 9: neither YAML nor JSON: '],
    ['tabs.yaml', 'lists:\n\t- id: a', ' at line 2, column 1: neither YAML nor JSON: tab characters'],
    ['broken.json', '{"lists": [}', ' at line 1, column 12: neither YAML nor JSON: '],
    ['empty.yaml', '', ': got null; expected lists: followed by the lists'],
    ['binary.yaml', '\u0000\u0001', ' at line 1, column 1: neither YAML nor JSON: '],
    ['circular.yaml', 'lists: &all [*all]', ': an alias (*) within what it stands for'],
    ['two.yaml', 'lists: []\n---\nlists: []', ': 2 documents in it; expected one'],
  ])('%s is refused', async (name, text, message) => {
    const path = text === null ? join(folder, name) : await written(name, text);
    const refusal = loadCatalogueFile(path);
    await expect(refusal).rejects.toBeInstanceOf(UserError);
    await expect(refusal).rejects.toThrow(`catalogue ${path}${message}`);
  });

  test('a folder is refused', async () => {
    await expect(loadCatalogueFile(folder)).rejects.toThrow(
      `catalogue ${folder}: it is a folder; expected a catalogue file in YAML or JSON`,
    );
  });
});

function valid(fields: object): Record<string, unknown> {
  return { id: 'a', zone: 'a.test', accepts: ['ipv4'], ...fields };
}
