import { expect, test } from 'vitest';
import { formatRange, parseTarget, type TargetRange } from '../../src/target.ts';
import { firstOfEach, grainOf, NEIGHBOURS, networksOf } from '../../src/targets/networks.ts';
import { intersectRanges, mergeRanges, subtractRanges } from '../../src/targets/ranges.ts';

const ranges = (...texts: string[]): TargetRange[] =>
  mergeRanges(texts.map((text) => parseTarget(text, { allowSpecial: true })));
const shown = (some: readonly TargetRange[]): string[] => some.map(formatRange);

test('a list holds single addresses, or networks as large as its scope says', () => {
  expect(grainOf({ scope: 'address', accepts: ['ipv4'] })).toBeNull();
  expect(grainOf({ scope: 'asn', accepts: ['ipv4'] })).toEqual({ ipv4: 24 });
  expect(grainOf({ scope: 'range', accepts: ['ipv4', 'ipv6'] })).toEqual({ ipv4: 24, ipv6: 48 });
  expect(grainOf({ scope: '/64', accepts: ['ipv6'] })).toEqual({ ipv6: 64 });
  expect(grainOf({ scope: '/64', accepts: ['ipv4'] })).toBeNull();
});

test('the first address of each network is asked for it, the first that is tracked', () => {
  const tracked = ranges('192.0.2.200-192.0.4.3', '192.0.4.9', '2001:db8::5', '2001:db8::6', 'example.org');
  expect(shown(firstOfEach(tracked, NEIGHBOURS))).toEqual(['192.0.2.200', '192.0.3.0', '192.0.4.0', '2001:db8::5']);
});

test('the networks of addresses are whole, each once; a domain is its own', () => {
  expect(
    shown(networksOf(ranges('192.0.2.9', '192.0.2.77', '192.0.3.1', '2001:db8::5', 'example.org'), NEIGHBOURS)),
  ).toEqual(['192.0.2.0/23', '2001:db8::/64', 'example.org']);
});

test('ranges are intersected and taken away from each other', () => {
  const some = ranges('192.0.2.0/24', '198.51.100.0/24', '2001:db8::/124', 'a.example', 'b.example');
  const others = ranges('192.0.2.16/28', '192.0.2.64/26', '198.51.100.0/25', '2001:db8::8', 'b.example', 'c.example');
  expect(shown(intersectRanges(some, others))).toEqual([
    ...['192.0.2.16/28', '192.0.2.64/26', '198.51.100.0/25', '2001:db8::8', 'b.example'],
  ]);
  expect(shown(subtractRanges(some, others))).toEqual([
    ...['192.0.2.0/28', '192.0.2.32/27', '192.0.2.128/25', '198.51.100.128/25'],
    ...['2001:db8::/125', '2001:db8::9-2001:db8::f', 'a.example'],
  ]);
  expect(subtractRanges(some, some)).toEqual([]);
  expect(shown(subtractRanges(some, []))).toEqual(shown(some));
});
