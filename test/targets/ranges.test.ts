import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expand, formatRange, parseTarget } from '../../src/target.ts';
import { joinNeighbours, mergeRanges, overlaps, sortRanges, subtractRange } from '../../src/targets/ranges.ts';

const range = (text: string) => parseTarget(text, { allowSpecial: true });
const texts = (ranges: ReturnType<typeof mergeRanges>) => ranges.map(formatRange);

test('ranges are sorted: IPv4 by number, IPv6, domains by name', () => {
  const given = ['b.example', '2001:db8::1', '10.0.0.10', 'a.example', '10.0.0.9', '10.0.0.9/32', '10.0.0.8/31'];
  expect(texts(sortRanges(given.map(range)))).toEqual([
    '10.0.0.8/31',
    '10.0.0.9',
    '10.0.0.9',
    '10.0.0.10',
    '2001:db8::1',
    'a.example',
    'b.example',
  ]);
});

describe('merging', () => {
  test.each([
    ['neighbours become one', ['10.0.0.0/25', '10.0.0.128/25'], ['10.0.0.0/24']],
    ['what is contained goes', ['10.0.0.0/24', '10.0.0.7', '10.0.0.9'], ['10.0.0.0/24']],
    ['what overlaps becomes one', ['10.0.0.1-10.0.0.5', '10.0.0.4-10.0.0.9'], ['10.0.0.1-10.0.0.9']],
    ['what lies apart stays', ['10.0.0.3', '10.0.0.1'], ['10.0.0.1', '10.0.0.3']],
    ['a domain counts once', ['a.example', 'b.example', 'A.example.'], ['a.example', 'b.example']],
    ['kinds are not mixed', ['255.255.255.255', '::1:0:0'], ['255.255.255.255', '::1:0:0']],
  ])('%s', (_rule, given, expected) => expect(texts(mergeRanges(given.map(range)))).toEqual(expected));
});

describe('taking away', () => {
  test.each([
    ['one address inside splits', '10.0.0.0/29', '10.0.0.3', ['10.0.0.0-10.0.0.2', '10.0.0.4/30']],
    ['the first', '10.0.0.0/30', '10.0.0.0', ['10.0.0.1-10.0.0.3']],
    ['the last', '10.0.0.0/30', '10.0.0.3', ['10.0.0.0-10.0.0.2']],
    ['all', '10.0.0.0/30', '10.0.0.0/24', []],
    ['nothing in common', '10.0.0.0/30', '10.0.1.0', ['10.0.0.0/30']],
    ['another kind', '10.0.0.0/30', 'a.example', ['10.0.0.0/30']],
    ['a domain', 'a.example', 'a.example', []],
    ['another domain', 'a.example', 'b.example', ['a.example']],
  ])('%s', (_rule, from, removed, left) => expect(texts(subtractRange(range(from), range(removed)))).toEqual(left));
});

test('as sets of addresses, merging keeps and taking away removes exactly what was named', () => {
  const small = fc
    .tuple(fc.nat(60), fc.nat(9))
    .map(([lo, more]) => range(`10.0.0.${lo}-10.0.0.${lo + more}`.replace(/^(.*)-\1$/, '$1')));
  const set = (ranges: Iterable<ReturnType<typeof range>>) =>
    new Set([...ranges].flatMap((one) => [...expand(one)].map((target) => target.text)));
  fc.assert(
    fc.property(fc.array(small, { maxLength: 12 }), small, (ranges, removed) => {
      const merged = mergeRanges(ranges);
      expect(set(merged)).toEqual(set(ranges));
      expect(merged.some((a, at) => merged.some((b, other) => at !== other && overlaps(a, b)))).toBe(false);
      const left = set(merged.flatMap((one) => subtractRange(one, removed)));
      const gone = set([removed]);
      expect(left).toEqual(new Set([...set(ranges)].filter((text) => !gone.has(text))));
    }),
  );
});

test('what follows on its neighbour is one range with it; the order stays', () => {
  const given = ['10.0.0.9', '10.0.0.1', '10.0.0.2', '10.0.0.3-10.0.0.5', 'a.example', '10.0.0.6', '10.0.0.5', '::1'];
  const joined = ['10.0.0.9', '10.0.0.1-10.0.0.5', 'a.example', '10.0.0.6', '10.0.0.5', '::1'];
  expect(texts(joinNeighbours(given.map(range)))).toEqual(joined);
});
