import { expect, test } from 'vitest';
import { folded } from '../../src/output/fold.ts';

test.each([
  ['what fits stays', 'short line\n', 'short line\n'],
  [
    'prose is broken between words',
    'This sentence is too long for the width that it has here.',
    'This sentence is too long for the width\nthat it has here.',
  ],
  [
    'under the last column of the left half',
    '     Who:    You, as the one responsible for it.',
    '     Who:    You, as the one responsible\n             for it.',
  ],
  [
    'a step further in than the line',
    '  Some List: no answer in time, nor later on',
    '  Some List: no answer in time, nor\n    later on',
  ],
  [
    'behind the mark of a quotation',
    '    | please remove this address from your list.',
    '    | please remove this address from\n    | your list.',
  ],
  [
    'a word that is too long stays whole',
    'https://list.example/remove?ip=192.0.2.25&why=none',
    'https://list.example/remove?ip=192.0.2.25&why=none',
  ],
  [
    'colours take no room',
    '\u001b[31mred\u001b[39m words in a line of forty, nearly',
    '\u001b[31mred\u001b[39m words in a line of forty, nearly',
  ],
])('%s', (_rule, text, expected) => {
  expect(folded(text, 40)).toBe(expected);
});

test('where there is no room the terminal breaks the line', () => {
  const line = '     Who:    You, as the one responsible for it.';
  expect(folded(line, 20)).toBe(line);
});
