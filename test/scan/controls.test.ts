import { describe, expect, test } from 'vitest';
import type { TargetKind } from '../../src/catalogue/list.ts';
import { openingControls, randomControl } from '../../src/scan/controls.ts';
import { parseTarget } from '../../src/target.ts';
import { labList } from './zone.ts';

describe('a random control', () => {
  const shapes: [TargetKind, RegExp][] = [
    ['ipv4', /^198\.1[89]\.\d{1,3}\.\d{1,3}$/],
    ['ipv6', /^2001:db8(:[0-9a-f]{4}){6}$/],
    ['domain', /^[0-9a-f]{12}\.example\.com$/],
  ];
  test.each(shapes)('of %s has the shape of a target that nobody owns', (kind, shape) => {
    const texts = Array.from({ length: 200 }, () => randomControl(kind).target.text);
    for (const text of texts) {
      expect(text).toMatch(shape);
      expect(parseTarget(text, { allowSpecial: true }).kind).toBe(kind);
    }
    expect(new Set(texts).size).toBeGreaterThan(190);
  });
});

describe('the opening controls', () => {
  const shown = (list: ReturnType<typeof labList>, kind: TargetKind, seen = false): string[] =>
    openingControls(list, kind, seen).map(({ role, target, certain }) =>
      role === 'random' ? role : `${role} ${target.text}${certain ? '' : '?'}`,
    );

  test('are the ones that the list names for the kind', () => {
    const list = labList({ id: 'bl', control: { ipv4: { listed: '127.0.0.9', notListed: '127.0.0.1' } } });
    expect(shown(list, 'ipv4')).toEqual(['listed 127.0.0.9', 'not-listed 127.0.0.1', 'random']);
  });

  test.each([
    ['ipv4', 'listed 127.0.0.2'],
    ['ipv6', 'listed ::ffff:7f00:2'],
    ['domain', 'listed test'],
  ] as const)('of %s are that of RFC 5782 where it names none, which counts only once seen', (kind, listed) => {
    const list = labList({ id: 'bl', control: {} });
    expect(shown(list, kind)).toEqual([`${listed}?`, 'random']);
    expect(shown(list, kind, true)).toEqual([listed, 'random']);
  });
});
