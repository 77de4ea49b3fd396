import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCodes, refusalOf, severityLevel } from '../../src/catalogue/codes.ts';
import type { Code, ListDefinition } from '../../src/catalogue/list.ts';
import { builtinLists } from '../../src/catalogue/load.ts';
import { resolveList } from '../../src/catalogue/resolve.ts';

function listWith(codes: Record<string, Code>, more: Partial<ListDefinition> = {}) {
  return resolveList({ id: 'example', zone: 'bl.example.org', accepts: ['ipv4'], codes, ...more });
}

const OVER: Code = { label: 'OVER', meaning: 'too many questions', error: 'over-limit' };
const TABLE = {
  '127.0.0.2': { label: 'EXACT' },
  '127.0.0.2-127.0.0.9': { label: 'RANGE' },
  '127.0.4.0/24': { label: 'PREFIX' },
  '127.0.4.16/28': { label: 'NARROW' },
  '127.0.*.1': { label: 'WILD' },
  'mask:64': { label: 'BIT64' },
  'mask:128': { label: 'BIT128' },
  '127.0.9.0/24': OVER,
  '127.0.9.2': { label: 'SHADOWED' },
} satisfies Record<string, Code>;

describe('a record is read as error, exact, range, wildcard, mask, in this order', () => {
  test.each<[string, string, string[]]>([
    ['an exact key wins over a range that holds it', '127.0.0.2', ['EXACT']],
    ['a range matches its first address after the exact one', '127.0.0.3', ['RANGE']],
    ['a range matches its last address', '127.0.0.9', ['RANGE']],
    ['a prefix matches', '127.0.4.200', ['PREFIX']],
    ['of two ranges the narrower one is read', '127.0.4.20', ['NARROW']],
    ['a range wins over a wildcard', '127.0.4.1', ['PREFIX']],
    ['a wildcard matches any octet', '127.0.77.1', ['WILD']],
    ['a bit matches', '127.0.0.64', ['BIT64']],
    ['bits combine', '127.0.0.192', ['BIT64', 'BIT128']],
    ['bits that the table does not name are passed over', '127.0.0.66', ['BIT64']],
  ])('%s: %s', (_rule, address, labels) => {
    const verdict = readCodes(listWith(TABLE), [address]);
    expect(verdict).toMatchObject({ kind: 'listed', codes: [address] });
    expect(verdict.kind === 'listed' && verdict.meanings.map((meaning) => meaning.label)).toEqual(labels);
  });

  test('an error is read before an exact key', () => {
    expect(readCodes(listWith(TABLE), ['127.0.9.2'])).toEqual({
      kind: 'unknown',
      why: 'refused-by-list',
      detail: '127.0.9.2: OVER, too many questions',
      codes: ['127.0.9.2'],
    });
  });
});

describe('what makes an answer unknown', () => {
  test.each<[string, string[], string]>([
    ['an error code of the table', ['127.0.9.9'], 'refused-by-list'],
    ['an error code beside a listing code', ['127.0.0.2', '127.0.9.9'], 'refused-by-list'],
    ['an error code beside a record outside 127.0.0.0/8', ['127.0.9.9', '192.0.2.1'], 'refused-by-list'],
    ['127.255.255.252, which no list uses for a listing', ['127.255.255.252'], 'refused-by-list'],
    ['127.255.255.7, of the block of errors', ['127.255.255.7'], 'refused-by-list'],
    ['a record outside 127.0.0.0/8', ['198.51.100.7'], 'bad-answer'],
    ['a record outside 127.0.0.0/8 beside a listing code', ['127.0.0.2', '198.51.100.7'], 'bad-answer'],
    ['126.255.255.255, just below', ['126.255.255.255'], 'bad-answer'],
    ['128.0.0.0, just above', ['128.0.0.0'], 'bad-answer'],
    ['0.0.0.0', ['0.0.0.0'], 'bad-answer'],
    ['a record that is no address', ['listed'], 'bad-answer'],
    ['an address with a leading zero', ['127.0.0.02'], 'bad-answer'],
    ['only a code that the table lacks', ['127.0.5.5'], 'unrecognised-code'],
    ['127.0.0.1, which the table does not name', ['127.0.0.1'], 'unrecognised-code'],
    ['127.0.0.0', ['127.0.0.0'], 'unrecognised-code'],
  ])('%s', (_rule, addresses, why) => {
    expect(readCodes(listWith(TABLE), addresses)).toMatchObject({ kind: 'unknown', why });
  });

  test('a recognised code is a listing, and the unrecognised one beside it is shown', () => {
    const verdict = readCodes(listWith(TABLE), ['127.0.5.5', '127.0.0.2']);
    expect(verdict).toMatchObject({
      kind: 'listed',
      codes: ['127.0.0.2', '127.0.5.5'],
      meanings: [{ label: 'EXACT' }],
    });
  });

  test('records are sorted by number and counted once', () => {
    const verdict = readCodes(listWith(TABLE), ['127.0.4.10', '127.0.0.9', '127.0.0.2', '127.0.0.9']);
    expect(verdict).toMatchObject({ codes: ['127.0.0.2', '127.0.0.9', '127.0.4.10'] });
  });

  test('no record at all is clean', () => {
    expect(readCodes(listWith(TABLE), [])).toEqual({ kind: 'clean' });
  });
});

describe('127.0.0.1 is a listing only where the table names it', () => {
  test.each<[string, string, string]>([
    ['named exactly', '127.0.0.1', 'listed'],
    ['named by a range', '127.0.0.1-127.0.0.5', 'listed'],
    ['named by its bit', 'mask:1', 'listed'],
    ['only covered by a prefix', '127.0.0.0/24', 'unknown'],
    ['only covered by a wildcard', '127.0.*.1', 'unknown'],
  ])('%s', (_rule, key, kind) => {
    expect(readCodes(listWith({ [key]: { label: 'X' } }), ['127.0.0.1']).kind).toBe(kind);
  });
});

describe('a list without a table', () => {
  test.each<[string, string]>([
    ['127.0.0.1', 'unrecognised-code'],
    ['127.0.0.2', 'listed'],
    ['127.0.0.254', 'listed'],
    ['127.0.0.255', 'unrecognised-code'],
    ['127.0.1.2', 'unrecognised-code'],
    ['127.255.255.254', 'refused-by-list'],
    ['203.0.113.5', 'bad-answer'],
  ])('%s is %s', (address, expected) => {
    const verdict = readCodes(listWith({}), [address]);
    expect(verdict.kind === 'unknown' ? verdict.why : verdict.kind).toBe(expected);
  });

  test('one that names only errors counts as one', () => {
    const list = listWith({ '127.0.0.9': OVER });
    expect(readCodes(list, ['127.0.0.2']).kind).toBe('listed');
    expect(readCodes(list, ['127.0.0.9'])).toMatchObject({ why: 'refused-by-list' });
  });
});

describe('the refusals of real lists', () => {
  test.each<[string, string, unknown]>([
    ['spamhaus-zen', '127.255.255.252', 'bad-query'],
    ['spamhaus-zen', '127.255.255.254', 'public-resolver'],
    ['spamhaus-zen', '127.255.255.255', 'over-limit'],
    ['spamhaus-dbl', '127.0.1.255', 'bad-query'],
    ['validity-rpbl', '127.255.255.255', 'not-registered'],
    ['uribl-multi', '127.0.0.1', true],
    ['uribl-black', '127.0.0.1', true],
    ['surbl-multi', '127.0.0.1', true],
    ['surbl-multi', '127.0.0.9', true],
    ['dnswl', '127.0.0.255', 'over-limit'],
    ['dnswl', '127.0.10.3', 'over-limit'],
    ['psbl', '127.255.255.254', 'public-resolver'],
    ['psbl', '127.255.255.1', true],
  ])('%s answers %s: %s', (id, address, expected) => {
    expect(refusalOf(builtin(id), ['127.0.0.2', address])).toBe(expected);
    expect(readCodes(builtin(id), [address])).toMatchObject({ kind: 'unknown', why: 'refused-by-list' });
  });

  test('a listing, a foreign record and no record are no refusal', () => {
    for (const addresses of [['127.0.0.2'], ['192.0.2.1'], []])
      expect(refusalOf(builtin('spamhaus-zen'), addresses)).toBeNull();
  });
});

describe('the codes of real lists', () => {
  test.each<[string, string[], string[]]>([
    ['spamhaus-zen', ['127.0.0.10', '127.0.0.2', '127.0.0.4'], ['SBL', 'XBL', 'PBL (ISP)']],
    ['spamhaus-dbl', ['127.0.1.102'], ['DBL abused-legit spam']],
    ['uribl-multi', ['127.0.0.14'], ['Black', 'Grey', 'Red']],
    ['surbl-multi', ['127.0.0.80'], ['MW', 'ABUSE']],
    ['dnswl', ['127.0.9.2'], ['DNSWL medium']],
    ['validity-score', ['127.0.4.97'], ['Score 80 to 100']],
    ['hostkarma', ['127.0.0.1'], ['White']],
    ['spamrats-all', ['127.0.0.36', '127.0.0.38'], ['RATS-Dyna', 'RATS-Spam']],
  ])('%s %j means %j', (id, addresses, labels) => {
    const verdict = readCodes(builtin(id), addresses);
    expect(verdict.kind === 'listed' && verdict.meanings.map((meaning) => meaning.label)).toEqual(labels);
  });
});

describe('polarity and level', () => {
  test.each<[string, Code, Partial<ListDefinition>, string, string]>([
    ["a code has its list's polarity", { label: 'X' }, { polarity: 'allow' }, 'allow', 'none'],
    ['or its own', { label: 'X', polarity: 'block', severity: 'high' }, { polarity: 'reputation' }, 'block', 'medium'],
    ['severity info is never a listing', { label: 'X', severity: 'info' }, {}, 'informational', 'none'],
    [
      'the level is the severity where the impact is higher',
      { label: 'X', severity: 'low' },
      { impact: 'high' },
      'block',
      'low',
    ],
    [
      'the level is the impact where the severity is higher',
      { label: 'X', severity: 'high' },
      { impact: 'low' },
      'block',
      'low',
    ],
    ['a code without severity is medium', { label: 'X' }, { impact: 'high' }, 'block', 'medium'],
  ])('%s', (_rule, code, more, polarity, level) => {
    const list = listWith({ '127.0.0.2': code }, more);
    const verdict = readCodes(list, ['127.0.0.2']);
    expect(verdict).toMatchObject({ kind: 'listed', meanings: [{ polarity }] });
    expect(severityLevel(list, verdict)).toBe(level);
  });

  test('the worst code decides', () => {
    const list = listWith(
      { '127.0.0.2': { label: 'A', severity: 'low' }, '127.0.0.3': { label: 'B', severity: 'high' } },
      { impact: 'high' },
    );
    expect(severityLevel(list, readCodes(list, ['127.0.0.2', '127.0.0.3']))).toBe('high');
  });

  test('clean and unknown have none', () => {
    const list = listWith(TABLE);
    expect(severityLevel(list, readCodes(list, []))).toBe('none');
    expect(severityLevel(list, readCodes(list, ['192.0.2.1']))).toBe('none');
  });
});

test('whatever is answered, a verdict is listed only on loopback records without a refusal', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const address = fc.oneof(
    fc.tuple(octet, octet, octet).map((rest) => `127.${rest.join('.')}`),
    fc.tuple(octet, octet).map((rest) => `127.255.255.${rest[0] ^ rest[1]}`),
    fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
    fc.string({ maxLength: 20 }),
  );
  const lists = builtinLists().filter((list) => list.retired === null);
  fc.assert(
    fc.property(fc.constantFrom(...lists), fc.array(address, { maxLength: 5 }), (list, addresses) => {
      const verdict = readCodes(list, addresses);
      expect(readCodes(list, [...addresses].reverse())).toEqual(verdict);
      expect(verdict.kind === 'clean').toBe(addresses.length === 0);
      if (verdict.kind !== 'listed') return;
      expect(refusalOf(list, addresses)).toBeNull();
      expect(addresses.every((text) => /^127(\.\d{1,3}){3}$/.test(text) && !text.startsWith('127.255.255.'))).toBe(
        true,
      );
      expect(new Set(verdict.codes)).toEqual(new Set(addresses));
    }),
    { numRuns: 2000 },
  );
});

function builtin(id: string) {
  const list = builtinLists().find((candidate) => candidate.id === id);
  if (list === undefined) throw new Error(`no list ${id}`);
  return list;
}
