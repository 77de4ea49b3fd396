import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { builtinDefinitions } from '../../src/catalogue/builtin.ts';
import { readDefinitions } from '../../src/catalogue/file.ts';
import { builtinLists } from '../../src/catalogue/load.ts';

/** Researched facts that stay outside the repository. */
const FACTS = new URL('../../../shared/catalogue/lists.json', import.meta.url);

type Fact = {
  id: string;
  zone: string;
  otherZones: string[];
  monitorUse: string;
  codes: Record<string, { error?: boolean }>;
};

const TXT_ONLY = 'answers by TXT only, so it is not a list here';
const SUBSCRIBERS = 'subscribers only, and the public name is not the one that they ask: its silence means nothing';
const LEFT_OUT: Record<string, string> = {
  'cymru-origin-asn': TXT_ONLY,
  'sem-origin-asn': TXT_ONLY,
  'abusix-contacts': TXT_ONLY,
  'invaluement-sip': SUBSCRIBERS,
  'invaluement-sip24': SUBSCRIBERS,
  'invaluement-uri': SUBSCRIBERS,
};

const facts = readFacts();

describe.skipIf(facts === null)(
  'every researched list (shared/catalogue/lists.json must be beside the repository)',
  () => {
    const lists = new Map(builtinLists().map((list) => [list.id, list]));

    test.each(facts ?? [])('$id is present, retired, or left out with a reason', (fact) => {
      const list = lists.get(fact.id);
      if (LEFT_OUT[fact.id] !== undefined) return expect(list).toBeUndefined();
      expect(list?.zone).toBe(fact.zone.toLowerCase());
      expect(list?.retired !== null).toBe(fact.monitorUse === 'refuse');
      if (list?.retired) expect(list.formerly).toEqual(fact.otherZones.map((zone) => zone.toLowerCase()));
      for (const [key, code] of Object.entries(fact.codes)) {
        if (code.error === true && list?.retired === null) expect(list.codes[key]?.error).toBeDefined();
      }
    });

    test('nothing is left out that the facts do not have', () => {
      const known = new Set((facts ?? []).map((fact) => fact.id));
      expect(Object.keys(LEFT_OUT).filter((id) => !known.has(id))).toEqual([]);
    });
  },
);

describe('the built-in catalogue', () => {
  test('is in the schema of the catalogue file', () => {
    expect(readDefinitions('built-in', { lists: builtinDefinitions() })).toHaveLength(builtinDefinitions().length);
  });

  test.each(builtinLists())('$id: what it names holds together', (list) => {
    const ids = new Set(builtinLists().map((other) => other.id));
    expect(list.contains.filter((id) => !ids.has(id))).toEqual([]);
    expect(Object.keys(list.control).filter((kind) => !list.accepts.some((accepted) => accepted === kind))).toEqual([]);
    expect(list.checked).toMatch(/^2026-/);
    expect(list.sources.join(' ')).not.toContain('not recorded');
    const labels = new Set(operatorLabels(list.operator));
    for (const { delisting } of [list, ...Object.values(list.codes)]) {
      expect((delisting?.after ?? []).filter((label) => !labels.has(label))).toEqual([]);
    }
  });

  test('no zone and no id stands twice', () => {
    const names = builtinLists().flatMap((list) => [list.id, list.zone, ...list.formerly]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('every code of ZEN says its own way off the list', () => {
    const zen = builtinLists().find((list) => list.id === 'spamhaus-zen');
    const by = Object.values(zen?.codes ?? {})
      .filter((code) => code.error === undefined)
      .map((code) => [code.label, code.delisting?.by]);
    expect(Object.fromEntries(by)).toEqual({
      SBL: 'provider',
      CSS: 'ip-owner',
      XBL: 'ip-owner',
      DROP: 'provider',
      'PBL (ISP)': 'ip-owner',
      'PBL (Spamhaus)': 'ip-owner',
    });
  });
});

function operatorLabels(operator: string): string[] {
  return builtinLists()
    .filter((list) => list.operator === operator)
    .flatMap((list) => Object.values(list.codes).map((code) => code.label));
}

function readFacts(): Fact[] | null {
  try {
    return JSON.parse(readFileSync(FACTS, 'utf8'));
  } catch {
    return null;
  }
}
