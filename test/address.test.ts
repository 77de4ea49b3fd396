import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressNumber } from '../src/address.ts';

describe('what is an address, is told as node:net tells it', () => {
  const kindOf = (text: string): string | undefined => addressNumber(text)?.kind;
  const byNode = (text: string): string | undefined => {
    if (isIPv4(text)) return 'ipv4';
    return isIPv6(text) && !text.includes('%') ? 'ipv6' : undefined;
  };

  test.each([
    ['', '.', ':', '::', ':::', '::1', '1::', '1::2::3', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9'],
    ['1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1::3:4:5:6:7:8', '1:2:3:4::5:6:7:8', '12345::', 'g::', ':1::', '::1:'],
    ['::1.2.3.4', '1.2.3.4::', '::1.2.3.4:5', '1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:7:1.2.3.4', '::1.2.3', '::01.2.3.4'],
    ['::1.2.3.256', '1.2.3.4', '01.2.3.4', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.', '0x1.2.3.4', 'fe80::1%eth0'],
  ])('%s …', (...texts) => {
    expect(texts.map(kindOf)).toEqual(texts.map(byNode));
  });

  test('anything made of what addresses are made of', () => {
    const part = fc.constantFrom('0', '1', '25', '255', '256', 'a', 'ffff', '10000', '01', '1.2.3.4', '1.2.3', 'g', '');
    const joined = fc
      .array(fc.tuple(part, fc.constantFrom(':', ':', '::', '.')), { maxLength: 10 })
      .map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(
        fc.tuple(joined, part).map(([front, end]) => front + end),
        (text) => {
          expect(kindOf(text)).toBe(byNode(text));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
