import { expect, test } from 'vitest';
import { judgeNeighbours, type NeighbourLook } from '../../src/posture/neighbours.ts';

const clean = { kind: 'clean', proven: true } as const;
const look = (more: Partial<NeighbourLook>): NeighbourLook => ({ net: clean, asn: clean, sweep: null, ...more });
const said = (more: Partial<NeighbourLook>): string[] =>
  judgeNeighbours('8.8.4.4', look(more)).map(({ check, outcome, why }) => `${check} ${outcome}: ${why}`);

test('not listed: in order, and how much room there is is counted where it was asked for', () => {
  expect(said({})).toEqual([
    'neigh.net pass: its network is not on UCEPROTECT level 2',
    'neigh.asn pass: the network of its provider (AS) is not on UCEPROTECT level 3',
  ]);
  expect(said({ sweep: { listed: 3, unknown: 0, asked: 256 } })[0]).toBe(
    'neigh.net pass: its network is not on UCEPROTECT level 2; 3 of 256 addresses of its /24 are on level 1: level 2 lists above 4, so 2 more would list it',
  );
});
test('listed: fails; unknown is unknown', () => {
  expect(said({ net: { kind: 'listed', reason: 'x' }, sweep: { listed: 9, unknown: 2, asked: 256 } })[0]).toMatch(
    /^neigh\.net fail: .*9 of 256 addresses of its \/24 are on level 1, 2 unknown, more than the 4 that level 2 lets pass$/,
  );
  expect(said({ asn: { kind: 'unknown', why: 'the list could not be asked (timeout)' } })[1]).toBe(
    'neigh.asn unknown: the list could not be asked (timeout)',
  );
});
