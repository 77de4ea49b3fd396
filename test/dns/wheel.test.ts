import { expect, test } from 'vitest';
import { createWheel, type Timed } from '../../src/dns/wheel.ts';

type Item = Timed & { name: string; asked: number };

const item = (name: string, asked: number): Item => ({ due: 0, before: null, after: null, name, asked });

/** Sets items to ms from now; resolves with what was called and how late, once `last` was. */
function turned(items: Item[], last: string, onDue: (item: Item) => void = () => {}) {
  const start = performance.now();
  const called: { name: string; late: number }[] = [];
  return new Promise<typeof called>((resolve) => {
    const wheel = createWheel<Item>((due) => {
      called.push({ name: due.name, late: performance.now() - start - due.asked });
      onDue(due);
      if (due.name === last) resolve(called);
    });
    for (const one of items) wheel.set(one, start + one.asked);
  });
}

test('none is called early, and all in the order of their times', async () => {
  const items = [item('c', 120), item('a', 20), item('b', 60), item('d', 160)];
  const called = await turned(items, 'd');
  expect(called.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  expect(Math.min(...called.map(({ late }) => late))).toBeGreaterThanOrEqual(0);
});

test('what lies more than a turn of the wheel away waits for its own turn', async () => {
  const called = await turned([item('far', 2700), item('near', 150)], 'far');
  expect(called.map(({ name }) => name)).toEqual(['near', 'far']);
  expect(called[1]?.late).toBeGreaterThanOrEqual(0);
});

test('one that is due may clear and move others that are', async () => {
  const start = performance.now();
  const [first, cleared, moved] = [item('first', 20), item('cleared', 20), item('moved', 20)];
  const called: string[] = [];
  await new Promise<void>((resolve) => {
    const wheel = createWheel<Item>((due) => {
      called.push(due.name);
      if (called.length === 1) {
        for (const other of [first, cleared, moved]) if (other !== due) wheel.clear(other);
        wheel.set(moved, start + 60);
      } else resolve();
    });
    for (const one of [first, cleared, moved]) wheel.set(one, start + 20);
  });
  expect(called).toHaveLength(2);
  expect(called[1]).toBe('moved');
});
