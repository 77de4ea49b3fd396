import { expect, test } from 'vitest';
import { createProgress } from '../../src/output/progress.ts';
import { list } from './example.ts';

const one = list('one');
const two = list('two');

/** A terminal that is read, and a clock that is set. */
function terminal(errIsTerminal = true, errWidth = 200) {
  const seen = { text: '', now: 0 };
  const err = (text: string): void => {
    seen.text += text;
  };
  const progress = (lookups: number) =>
    createProgress({ err, errIsTerminal, errWidth }, { lookups, shown: true, lists: [one, two] }, () => seen.now);
  /** What stands on the line now. */
  const line = (): string => seen.text.split('\u001b[K').at(-1) ?? '';
  return { seen, progress, line };
}

test('the line says share, rate, time left, what is listed and what is unknown', () => {
  const { seen, progress, line } = terminal();
  const shown = progress(60_000);
  seen.now = 2000;
  shown.done(one, { asked: 6000, listed: 60, unknown: 0 }, null);
  expect(line()).toMatch(/ 10 % · 6,000 of 60,000 lookups · 3,000\/s, 18 s left · 60 listed$/);
  seen.now = 4000;
  shown.done(two, { asked: 24_000, listed: 3, unknown: 7 }, null);
  expect(line()).toMatch(/ 50 % · 30,000 of 60,000 lookups · 7,500\/s, 4 s left · 63 listed · 7 unknown$/);
  shown.clear();
  expect(line()).toBe('');
});

test('the rate is that of the last seconds', () => {
  const { seen, progress, line } = terminal();
  const shown = progress(1_000_000);
  for (seen.now = 1000; seen.now <= 60_000; seen.now += 1000)
    shown.done(one, { asked: seen.now <= 30_000 ? 10_000 : 100, listed: 0, unknown: 0 }, null);
  expect(line()).toMatch(/ · 100\/s, /);
});

test('a list that cannot be asked is named once, on a line that stays', () => {
  const { seen, progress, line } = terminal();
  const shown = progress(1000);
  for (seen.now = 1000; seen.now < 4000; seen.now += 1000)
    shown.done(two, { asked: 100, listed: 0, unknown: 100 }, 'list-refused');
  expect(seen.text.match(/TWO list: the list refuses us\n/g)).toHaveLength(1);
  expect(line()).toMatch(/ · 1 of 2 lists in trouble$/);
});

test('the line is never longer than the terminal is wide', () => {
  const { seen, progress, line } = terminal(true, 40);
  const shown = progress(1000);
  seen.now = 1000;
  shown.done(one, { asked: 100, listed: 5, unknown: 5 }, null);
  expect(line()).toHaveLength(39);
});

test('without a terminal nothing is written', () => {
  const { seen, progress } = terminal(false);
  const shown = progress(1000);
  shown.done(one, { asked: 100, listed: 5, unknown: 100 }, 'list-refused');
  shown.clear();
  expect(seen.text).toBe('');
});

test('what takes long has its line from the beginning', () => {
  const { progress, line } = terminal();
  progress(100);
  expect(line()).toBe('');
  progress(60_000);
  expect(line()).toMatch(/ 0 % · 0 of 60,000 lookups · 0 listed$/);
});
