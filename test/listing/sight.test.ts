import { expect, test } from 'vitest';
import { sightOf } from '../../src/listing/sight.ts';
import type { Meaning } from '../../src/scan/verdict.ts';

const meaning = (code: string, label: string, extra: Partial<Meaning> = {}): Meaning => ({
  code,
  label,
  meaning: '',
  severity: 'high',
  polarity: 'block',
  ...extra,
});

const table = { codes: { '127.0.0.2': { label: 'A' }, '127.0.0.3': { label: 'A' }, 'mask:4': { label: 'BIT' } } };

test.each([
  ['a code that blocks', [meaning('127.0.0.2', 'A')], ['127.0.0.2 A']],
  [
    'two codes with one label are two',
    [meaning('127.0.0.2', 'A'), meaning('127.0.0.3', 'A')],
    ['127.0.0.2 A', '127.0.0.3 A'],
  ],
  ['a bit is its label, whatever the address', [meaning('127.0.0.12', 'BIT')], ['BIT']],
  [
    'an allowing code beside it is left out',
    [meaning('127.0.0.2', 'A'), meaning('127.0.0.9', 'W', { polarity: 'allow' })],
    ['127.0.0.2 A'],
  ],
])('listed: %s', (_, meanings, keys) => {
  const sight = sightOf(table, { verdict: { kind: 'listed', codes: [], meanings }, proven: true });
  expect(sight.kind === 'listed' ? sight.codes.map(({ key }) => key) : sight.kind).toEqual(keys);
});

test.each([
  ['allow', { polarity: 'allow' }],
  ['reputation', { polarity: 'reputation' }],
  ['informational', { polarity: 'informational' }],
  ['severity info', { severity: 'info' }],
] as const)('only %s codes: not listed, as proven as the answer is', (_, extra) => {
  const verdict = { kind: 'listed' as const, codes: ['127.0.0.2'], meanings: [meaning('127.0.0.2', 'A', extra)] };
  expect(sightOf(table, { verdict, proven: true })).toEqual({ kind: 'clean', proven: true });
});

test('a list without a table tells its codes apart', () => {
  const verdict = { kind: 'listed' as const, codes: ['127.0.0.7'], meanings: [meaning('127.0.0.7', 'listed')] };
  expect(sightOf({ codes: {} }, { verdict, proven: true })).toMatchObject({ codes: [{ key: '127.0.0.7 listed' }] });
});

test('unknown stays unknown', () => {
  const verdict = { kind: 'unknown' as const, why: 'timeout' as const, detail: null, codes: [] };
  expect(sightOf(table, { verdict, proven: false })).toEqual({ kind: 'unknown' });
});
