import { describe, expect, test } from 'vitest';
import type { Limits } from '../../src/catalogue/list.ts';
import { type Ledger, memoryLedger } from '../../src/scan/ledger.ts';
import { createOperators } from '../../src/scan/operators.ts';
import { createPacing } from '../../src/scan/pacing.ts';
import { labList } from './zone.ts';

const plenty = (): Ledger => memoryLedger(Number.POSITIVE_INFINITY);
/** Milliseconds that a busy machine may take longer; far less than the wait for one token more would be in sum. */
const SLACK = 400;
const FAR = ['192.0.2.53:53'];
const NEAR = ['127.0.0.1:5300', '[::1]:5300'];

describe('rate', () => {
  type Row = { rule: string; servers: string[]; limits?: Limits | 'none'; burst: number; next: number | null };
  const rows: Row[] = [
    { rule: 'nothing published: a burst of 5, then 2 a second', servers: FAR, burst: 5, next: 500 },
    { rule: 'a written rate goes before', servers: FAR, limits: { perSecond: 20 }, burst: 20, next: 50 },
    { rule: 'a slow one is kept too', servers: FAR, limits: { perSecond: 4 }, burst: 4, next: 250 },
    { rule: 'none is none', servers: FAR, limits: 'none', burst: 200, next: null },
    { rule: 'nothing published, on loopback: none', servers: NEAR, burst: 200, next: null },
    { rule: 'a written rate holds on loopback', servers: NEAR, limits: { perSecond: 10 }, burst: 10, next: 100 },
  ];
  test.each(rows)('$rule', async ({ servers, limits, burst, next }) => {
    const list = labList({ id: 'bl', servers, ...(limits === undefined ? {} : { limits }) });
    const gate = createPacing({ ledger: plenty() }).gate(list);
    const started = performance.now();
    for (let taken = 0; taken < burst; taken += 1) expect(await gate.take('lookup')).toBe('go');
    await gate.take('lookup');
    const waited = performance.now() - started;
    expect(waited).toBeGreaterThan((next ?? 0) - 5);
    expect(waited).toBeLessThan((next ?? 0) + SLACK);
  });

  test('all lists of an operator share one rate', async () => {
    const pacing = createPacing({ ledger: plenty() });
    const gates = ['a', 'b', 'c'].map((id) =>
      pacing.gate(labList({ id, operator: 'one', servers: FAR, limits: { perSecond: 10 } })),
    );
    const started = performance.now();
    await Promise.all(gates.flatMap((gate) => Array.from({ length: 4 }, () => gate.take('lookup'))));
    expect(performance.now() - started).toBeGreaterThan(195);
    expect(performance.now() - started).toBeLessThan(200 + SLACK);
  });

  test('a packet that is sent once more takes a turn', async () => {
    const ledger = plenty();
    const gate = createPacing({ ledger }).gate(
      labList({ id: 'bl', servers: FAR, limits: { perSecond: 4, perDay: 100 } }),
    );
    await gate.take('lookup');
    for (let sent = 0; sent < 3; sent += 1) gate.resent();
    const started = performance.now();
    await gate.take('lookup');
    expect(performance.now() - started).toBeGreaterThan(245);
    expect(ledger.used('bl', new Date())).toBe(5);
  });

  test('limits of the configuration go before those of the catalogue', async () => {
    const list = labList({ id: 'bl', operator: 'one', servers: FAR, limits: { perSecond: 1 } });
    for (const limits of ['none', { one: 'none' }, { bl: { perSecond: 1000 } }] as const) {
      const gate = createPacing({ ledger: plenty(), limits }).gate(list);
      const started = performance.now();
      for (let taken = 0; taken < 50; taken += 1) await gate.take('lookup');
      expect(performance.now() - started).toBeLessThan(SLACK);
    }
  });

  test('an aborted wait ends at once', async () => {
    const gate = createPacing({ ledger: plenty() }).gate(labList({ id: 'bl', limits: { perSecond: 0.01 } }));
    await gate.take('lookup');
    const stop = new AbortController();
    const waiting = gate.take('lookup', stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});

describe('the day', () => {
  test('is 24 rolling hours, of the operator', async () => {
    let now = new Date('2026-11-24T10:00:00Z');
    const pacing = createPacing({ ledger: plenty(), now: () => now });
    const limits = { perSecond: 1e6, perDay: 3 };
    const one = pacing.gate(labList({ id: 'a', operator: 'one', limits }));
    const two = pacing.gate(labList({ id: 'b', operator: 'one', limits }));
    const other = pacing.gate(labList({ id: 'c', operator: 'other', limits }));
    expect([await one.take('lookup'), await two.take('lookup'), await one.take('lookup')]).toEqual(['go', 'go', 'go']);
    expect(await two.take('lookup')).toBe('budget');
    expect(await two.take('closing')).toBe('go');
    expect(await other.take('lookup')).toBe('go');
    now = new Date('2026-11-25T09:59:00Z');
    expect(await one.take('lookup')).toBe('budget');
    now = new Date('2026-11-25T11:00:00Z');
    expect(await one.take('lookup')).toBe('go');
  });

  test('without a ledger an operator is asked 200 times', async () => {
    const gate = createPacing({ ledger: memoryLedger() }).gate(labList({ id: 'bl', limits: { perSecond: 1e6 } }));
    for (let taken = 0; taken < 200; taken += 1) expect(await gate.take('lookup')).toBe('go');
    expect(await gate.take('lookup')).toBe('budget');
  });
});

describe('an operator', () => {
  test('is broken after ten exhausted lookups in a row, and mended by one answer', () => {
    const operator = createOperators().of(labList({ id: 'bl' }));
    for (let lookup = 0; lookup < 9; lookup += 1) operator.exhausted();
    operator.answered();
    for (let lookup = 0; lookup < 9; lookup += 1) operator.exhausted();
    expect(operator.broken()).toBe(false);
    operator.exhausted();
    expect(operator.broken()).toBe(true);
    operator.answered();
    expect(operator.broken()).toBe(false);
  });

  test.each([
    { rule: 'two operators are no outage of ours', worked: 'abcd', failing: 'ab', ours: false },
    { rule: 'three of four are', worked: 'abcd', failing: 'abc', ours: true },
    { rule: 'three of six are', worked: 'abcdef', failing: 'abc', ours: true },
    { rule: 'three of seven are not', worked: 'abcdefg', failing: 'abc', ours: false },
    { rule: 'those that never worked do not count', worked: 'abcd', failing: 'abxyz', ours: false },
  ])('$rule', async ({ worked, failing, ours }) => {
    const operators = createOperators(new Set(worked));
    for (const id of failing) operators.of(labList({ id })).unreachable();
    expect(await operators.ourOutage()).toBe(ours);
  });
});
