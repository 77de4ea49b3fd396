import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { giveWay, grant, type Lease, type Wish } from '../../src/politeness/turns.ts';

const NOW = 1_800_000_000_000;
const unused: Lease = { spentUntil: 0, first: null, othersFrom: 0 };
const rate = (perSecond: number | null, burst = 1, perDay: number | null = null): Wish['rate'] => ({
  perSecond,
  burst,
  perDay,
});
const wish = (more: Partial<Wish> = {}): Wish => ({
  holder: 'scan 1',
  first: false,
  rate: rate(2, 5),
  lookups: 10,
  closings: 0,
  resent: 0,
  left: Number.POSITIVE_INFINITY,
  ...more,
});

describe('a rate', () => {
  test('gives the burst at once, and no turn more than a second ahead', () => {
    const { granted } = grant(unused, wish(), NOW);
    expect(granted.waits).toEqual([0, 0, 0, 0, 0, 500, 1000]);
    expect(granted.again).toBe(750);
  });

  test('is used up for the next, whoever that is', () => {
    const { lease } = grant(unused, wish(), NOW);
    expect(grant(lease, wish({ holder: 'scan 2' }), NOW).granted).toMatchObject({ waits: [], again: 1250 });
    expect(grant(lease, wish({ holder: 'scan 2' }), NOW + 1500).granted.waits).toEqual([0, 500, 1000]);
  });

  test('counts what was sent once more', () => {
    const { granted, lease } = grant(unused, wish({ resent: 3 }), NOW);
    expect(granted.waits).toHaveLength(4);
    expect(lease.spentUntil).toBe(NOW + 3500);
  });

  test('serves closing controls before lookups', () => {
    const { granted } = grant({ ...unused, spentUntil: NOW + 2500 }, wish({ closings: 1 }), NOW);
    expect(granted).toMatchObject({ closings: 1, lookups: 1, waits: [500, 1000] });
  });

  test('is kept in every stretch of time, however many ask, first or not, and whenever', () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 1500 }),
      first: fc.boolean(),
      lookups: fc.integer({ min: 0, max: 30 }),
      closings: fc.integer({ min: 0, max: 3 }),
    });
    const rates = fc.record({ perSecond: fc.constantFrom(0.5, 2, 10, 50), burst: fc.integer({ min: 1, max: 20 }) });
    fc.assert(
      fc.property(rates, fc.array(step, { maxLength: 60 }), ({ perSecond, burst }, steps) => {
        let lease = unused;
        let now = NOW;
        const turns: number[] = [];
        for (const { ms, ...more } of steps) {
          now += ms;
          const given = grant(lease, wish({ ...more, rate: rate(perSecond, burst) }), now);
          lease = given.lease;
          turns.push(...given.granted.waits.map((wait) => now + wait));
        }
        turns.sort((a, b) => a - b);
        for (let from = 0; from < turns.length; from += 1)
          for (let to = from; to < turns.length; to += 1) {
            const seconds = ((turns[to] ?? 0) - (turns[from] ?? 0)) / 1000;
            expect(to - from + 1).toBeLessThanOrEqual(seconds * perSecond + burst + 1e-6);
          }
      }),
    );
  });

  test('goes on when the clock jumped back: nobody waits for the time that was', () => {
    const ahead: Lease = { spentUntil: NOW + 1e9, first: { holder: 'scan 9', until: NOW - 1 }, othersFrom: NOW + 1e9 };
    expect(grant(ahead, wish(), NOW).granted.again).toBeLessThan(13_000);
  });
});

describe('the scan that goes first', () => {
  const held = grant(unused, wish({ first: true, lookups: 5 }), NOW).lease;

  test('leaves the others a quarter of the rate, one turn at a time', () => {
    const one = grant(held, wish({ holder: 'scan 2' }), NOW + 1000);
    expect(one.granted.waits).toEqual([0]);
    expect(grant(one.lease, wish({ holder: 'scan 2' }), NOW + 1000).granted).toMatchObject({ waits: [], again: 2000 });
    expect(grant(one.lease, wish({ first: true }), NOW + 1000).granted.waits).not.toEqual([]);
  });

  test('gives way when it is done, or two seconds after its last turn', () => {
    expect(grant(giveWay(held, 'scan 1'), wish({ holder: 'scan 2' }), NOW + 1000).granted.waits).toHaveLength(4);
    expect(grant(held, wish({ holder: 'scan 2' }), NOW + 1999).granted.waits).toHaveLength(1);
    expect(grant(held, wish({ holder: 'scan 2' }), NOW + 2000).granted.waits.length).toBeGreaterThan(1);
    expect(giveWay(held, 'scan 2')).toEqual(held);
  });
});

describe('a day', () => {
  test('gives what is left and says that no more is there', () => {
    expect(grant(unused, wish({ left: 3 }), NOW).granted).toMatchObject({ lookups: 3, spent: true });
    expect(grant(unused, wish({ left: -4, rate: rate(null) }), NOW).granted).toMatchObject({ lookups: 0, spent: true });
  });

  test('may be overdrawn by closing controls', () => {
    const closing = wish({ left: 0, closings: 2 });
    expect(grant(unused, closing, NOW).granted).toMatchObject({ lookups: 0, closings: 2, spent: true });
    expect(grant(unused, { ...closing, rate: rate(null) }, NOW).granted).toMatchObject({ lookups: 0, closings: 2 });
  });
});
