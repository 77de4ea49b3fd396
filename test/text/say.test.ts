import { describe, expect, test } from 'vitest';
import { whyInWords } from '../../src/output/why.ts';
import type { Why } from '../../src/scan/verdict.ts';
import en from '../../src/text/en.json' with { type: 'json' };
import { LANGUAGES, sayIn, spanText } from '../../src/text/say.ts';
import zhCn from '../../src/text/zh-CN.json' with { type: 'json' };

const CATALOGUES: Record<(typeof LANGUAGES)[number], Record<string, string>> = { en, 'zh-CN': zhCn };

const plain = (catalogue: Record<string, string>): string[] =>
  Object.keys(catalogue)
    .filter((id) => !id.includes('#'))
    .sort();
const placeholders = (sentence: string | undefined): string[] => [...new Set(sentence?.match(/\{\w+\}/g))].sort();

describe.each(LANGUAGES)('the catalogue of %s', (language) => {
  const catalogue = CATALOGUES[language];

  test('has a sentence for every id, and no others', () => {
    expect(plain(catalogue)).toEqual(plain(en));
    expect(Object.values(catalogue).filter((sentence) => sentence.trim() === '' && sentence !== ' ')).toEqual([]);
  });

  test.each(plain(en))('says the same in %s: its placeholders', (id) => {
    expect(placeholders(catalogue[id])).toEqual(placeholders((en as Record<string, string>)[id]));
  });

  test('has forms for numbers only of what it has, and in categories of its language', () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const id of Object.keys(catalogue).filter((one) => one.includes('#'))) {
      const [base = '', category] = id.split('#');
      expect(catalogue).toHaveProperty([base]);
      expect(categories).toContain(category);
    }
  });
});

test('one and many are told apart, and numbers are written as the language does', () => {
  expect(sayIn('en')('alert.count.listed', { count: 1 })).toBe('1 new listing');
  expect(sayIn('en')('alert.count.listed', { count: 5000 })).toBe('5,000 new listings');
  expect(sayIn('zh-CN')('alert.count.listed', { count: 1 })).toBe('新列入 1 项');
});

test('time spans are rounded down: what is not over yet is not said to be', () => {
  const spans = [59_000, 3_599_000, 47.9 * 3_600_000, 71.9 * 3_600_000].map((ms) => spanText(ms, sayIn('en')));
  expect(spans).toEqual(['less than a minute', '59 min', '47 h', '2 days']);
});

test('messages name a reason as the commands do', () => {
  for (const [id, sentence] of Object.entries(en))
    if (id.startsWith('why.')) expect(sentence).toBe(whyInWords(id.slice(4) as Why));
});
