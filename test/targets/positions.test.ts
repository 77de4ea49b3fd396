import { describe, expect, test } from 'vitest';
import { formatRange, parseTarget } from '../../src/target.ts';
import { targetsIn } from '../../src/targets/positions.ts';

const given = ['192.0.2.4-192.0.2.9', 'example.net', '2001:db8::/126', '192.0.2.1'];
const targets = targetsIn(given.map((text) => parseTarget(text, { allowSpecial: true })));

describe('targets by position', () => {
  test('are those of the ranges in the order given', () => {
    const texts = Array.from({ length: targets.size }, (_, position) => targets.at(position).text);
    expect(texts).toEqual([
      ...[4, 5, 6, 7, 8, 9].map((last) => `192.0.2.${last}`),
      'example.net',
      ...['2001:db8::', '2001:db8::1', '2001:db8::2', '2001:db8::3'],
      '192.0.2.1',
    ]);
  });

  test('there is none before the first and after the last', () => {
    expect(() => targets.at(-1)).toThrow(RangeError);
    expect(() => targets.at(targets.size)).toThrow(RangeError);
  });

  test.each([
    [0, 12, ['0-6 192.0.2.4-192.0.2.9', '6-7 example.net', '7-11 2001:db8::/126', '11-12 192.0.2.1']],
    [2, 8, ['2-6 192.0.2.6-192.0.2.9', '6-7 example.net', '7-8 2001:db8::']],
    [3, 4, ['3-4 192.0.2.7']],
    [4, 4, []],
  ])('the spans of %i to %i are the ranges, cut', (from, to, spans) => {
    const found = targets
      .spans(from, to)
      .map(({ range, posFrom, posTo }) => `${posFrom}-${posTo} ${formatRange(range)}`);
    expect(found).toEqual(spans);
  });

  test('an address is a number or a bigint, a domain none', () => {
    expect([0, 11, 8].map(targets.addressAt)).toEqual([0xc0000204, 0xc0000201, 0x20010db8n * 2n ** 96n + 1n]);
    expect(() => targets.addressAt(6)).toThrow(RangeError);
  });

  test('the kinds of positions are found without their ranges', () => {
    const found = targets.kinds(2, 12).map(({ kind, posFrom, posTo }) => `${posFrom}-${posTo} ${kind}`);
    expect(found).toEqual(['2-6 ipv4', '6-7 domain', '7-11 ipv6', '11-12 ipv4']);
  });
});
