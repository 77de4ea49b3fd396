import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { formatRange } from '../../src/target.ts';
import { parseTargetFile, readTargetFile } from '../../src/targets/read-file.ts';

const parse = (text: string) => parseTargetFile(text, 'hosts.txt', { allowSpecial: false });
const ranges = (text: string) => parse(text).map((entry) => formatRange(entry.range));
const mistakes = (text: string): string[] => {
  try {
    return parse(text).map((entry) => `taken: ${formatRange(entry.range)}`);
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n');
    throw error;
  }
};

describe('one target a line', () => {
  test('comments, blank lines and line ends of any kind', () =>
    expect(ranges('\uFEFF# ours\r\n8.8.4.4  # mail\r\n\r\n  8.8.8.0/30\rexample.com\n')).toEqual([
      '8.8.4.4',
      '8.8.8.0/30',
      'example.com',
    ]));
  test('a target named twice is taken once', () =>
    expect(ranges('8.8.4.4\n8.8.4.0/30\n8.8.4.4\n8.8.4.2-8.8.4.9\n8.8.4.0/30')).toEqual([
      '8.8.4.0/30',
      '8.8.4.4-8.8.4.9',
    ]));
});

describe('CSV', () => {
  test('columns in any order, quotes, tags parted by spaces, commas or semicolons', () => {
    const text =
      'Label,target,tags\n"Acme, ""main""",8.8.4.4,"acme, mx"\n\n# old\n,example.com,\nspare,8.8.8.8,a;b a\n';
    expect(parse(text).map(({ range, ...entry }) => ({ ...entry, target: formatRange(range) }))).toEqual([
      { target: '8.8.4.4', label: 'Acme, "main"', tags: ['acme', 'mx'], owner: null, line: 2 },
      { target: '8.8.8.8', label: 'spare', tags: ['a', 'b'], owner: null, line: 6 },
      { target: 'example.com', label: null, tags: [], owner: null, line: 5 },
    ]);
  });
  test('owner is kept, missing fields are empty', () =>
    expect(parse('target,owner,label\n8.8.4.4,Acme')).toMatchObject([{ owner: 'Acme', label: null }]));
  test('a header of one column', () => expect(ranges('target\n8.8.4.4')).toEqual(['8.8.4.4']));
});

describe('every mistake is told with file, line, given and expected, and nothing is taken', () => {
  test('all of a file', () =>
    expect(mistakes('8.8.4.4\n10.0.0.1\nexample.org\nfoo bar\n8.8.4.4/24')).toEqual([
      expect.stringMatching(/^hosts\.txt, line 2: target "10\.0\.0\.1": it lies in 10\.0\.0\.0\/8 .*expected/),
      expect.stringMatching(/^hosts\.txt, line 4: target "foo bar": one target at a time; expected/),
      expect.stringMatching(/^hosts\.txt, line 5: target "8\.8\.4\.4\/24": .*write 8\.8\.4\.0\/24/),
    ]));

  test.each([
    ['an empty file', '# nothing\n', 'hosts.txt: no targets in it; expected one a line'],
    [
      'CSV without a header',
      '8.8.4.4,mail\n',
      'hosts.txt, line 1: the header is "8.8.4.4,mail"; expected a header with the column target, such as target,label,tags,owner',
    ],
    [
      'a column of another name',
      'target,name\n8.8.4.4,x\n',
      'hosts.txt, line 1: the column "name" is unknown or there twice; expected target,label,tags,owner',
    ],
    ['a field too many', 'target,label\n8.8.4.4,a,b\n', 'hosts.txt, line 2: 3 fields, expected 2 (target,label)'],
    ['no target in a row', 'target,label\n,a\n', 'hosts.txt, line 2: target "": it is empty; expected an address'],
    ['an open quote', 'target,label\n8.8.4.4,"a\n', 'hosts.txt, line '],
    ['a strange tag', 'target,tags\n8.8.4.4,a|b\n', 'hosts.txt, line 2: tag "a|b": expected up to 64 letters'],
    [
      'a label of two lines',
      'target,label\n8.8.4.4,"a\nb"\n',
      'hosts.txt, line 3: label "a\\nb": expected one line of at most 200 characters',
    ],
    [
      'a target with two labels',
      'target,label\n8.8.4.0/30,pool\n8.8.4.2,mail\n',
      'hosts.txt, line 3: 8.8.4.2 is also in line 2 (8.8.4.0/30); expected each target once',
    ],
  ])('%s', (_rule, text, said) => expect(mistakes(text)[0]).toContain(said));
});

test('whatever a file holds, it is entries without overlap or a UserError whose lines each name the file', () => {
  const cell = fc.oneof(
    fc.constantFrom('8.8.4.4', '8.8.4.0/30', 'example.com', '"a,b"', '"', 'target', 'label', '10.0.0.1', '#', ''),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const line = fc.array(cell, { maxLength: 4 }).map((cells) => cells.join(','));
  const file = fc.tuple(fc.constantFrom('', 'target,label\n', '\uFEFF'), fc.array(line, { maxLength: 6 }));
  fc.assert(
    fc.property(file, ([head, lines]) => {
      for (const said of mistakes(head + lines.join('\n'))) expect(said).toMatch(/^(taken: |hosts\.txt)/);
    }),
    { numRuns: 1000 },
  );
});

describe('the file itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is read', () => {
    writeFileSync(join(folder, 'hosts'), '8.8.4.4\n');
    expect(readTargetFile(join(folder, 'hosts'), { allowSpecial: false })).toHaveLength(1);
  });
  test('that is not there is named', () =>
    expect(() => readTargetFile(join(folder, 'none'), { allowSpecial: false })).toThrow(
      /none: there is no such file; expected a file with one target a line, or CSV/,
    ));
  test('that is no text is named', () => {
    writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x80, 0x00]));
    expect(() => readTargetFile(join(folder, 'binary'), { allowSpecial: false })).toThrow(/it is not UTF-8 text/);
  });
});
