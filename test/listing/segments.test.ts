import { expect, test } from 'vitest';
import type { Origin } from '../../src/db/schema.ts';
import { type Edit, type Given, planEdit, type Row } from '../../src/listing/segments.ts';
import type { AddressRange, TargetRange } from '../../src/target.ts';

const span = (lo: number, hi = lo): AddressRange => ({ kind: 'ipv4', lo: BigInt(lo), hi: BigInt(hi), domain: null });
const domain = (name: string): TargetRange => ({ kind: 'domain', lo: null, hi: null, domain: name });
const row = (id: number, range: TargetRange, label: string | null = null, origin: Origin = 'command'): Row => ({
  id,
  range,
  label,
  tags: [],
  owner: null,
  origin,
});
const show = (range: TargetRange): string => (range.kind === 'domain' ? range.domain : `${range.lo}-${range.hi}`);

type Case = { rule: string; rows: Row[]; edit: Edit; given: Given[]; close: number[]; open: string[]; gone: string[] };

const cases: Case[] = [
  {
    rule: 'a new range opens a row',
    rows: [],
    edit: 'add',
    given: [{ range: span(1, 9) }],
    close: [],
    open: ['1-9'],
    gone: [],
  },
  {
    rule: 'what is tracked already stays as it is',
    rows: [row(1, span(1, 9))],
    edit: 'add',
    given: [{ range: span(3, 4) }],
    close: [],
    open: [],
    gone: [],
  },
  {
    rule: 'only the part that is new is added',
    rows: [row(1, span(1, 9))],
    edit: 'add',
    given: [{ range: span(5, 12) }],
    close: [],
    open: ['10-12'],
    gone: [],
  },
  {
    rule: 'a note inside a range splits it',
    rows: [row(1, span(1, 9))],
    edit: 'add',
    given: [{ range: span(5), label: 'mx' }],
    close: [1],
    open: ['1-4', '5-5 mx', '6-9'],
    gone: [],
  },
  {
    rule: 'neighbours given one by one are rows of their own',
    rows: [],
    edit: 'add',
    given: [{ range: span(1) }, { range: span(2) }],
    close: [],
    open: ['1-1', '2-2'],
    gone: [],
  },
  {
    rule: 'the same given twice is one row',
    rows: [],
    edit: 'add',
    given: [{ range: span(1) }, { range: span(1) }],
    close: [],
    open: ['1-1'],
    gone: [],
  },
  {
    rule: 'one inside another given is one row',
    rows: [],
    edit: 'add',
    given: [{ range: span(1, 9) }, { range: span(5) }],
    close: [],
    open: ['1-9'],
    gone: [],
  },
  {
    rule: 'removing inside a range splits it and keeps its notes',
    rows: [row(1, span(1, 9), 'mx')],
    edit: 'remove',
    given: [{ range: span(5) }],
    close: [1],
    open: ['1-4 mx', '6-9 mx'],
    gone: ['5-5'],
  },
  {
    rule: 'removing a whole range closes it',
    rows: [row(1, span(1, 9)), row(2, span(20))],
    edit: 'remove',
    given: [{ range: span(0, 15) }],
    close: [1],
    open: [],
    gone: ['1-9'],
  },
  {
    rule: 'removing what is not tracked does nothing',
    rows: [row(1, span(1))],
    edit: 'remove',
    given: [{ range: span(5) }],
    close: [],
    open: [],
    gone: [],
  },
  {
    rule: 'replacing keeps what stays, and its row',
    rows: [row(1, span(1, 4)), row(2, span(7))],
    edit: 'replace',
    given: [{ range: span(1, 4) }, { range: span(8) }],
    close: [2],
    open: ['8-8'],
    gone: ['7-7'],
  },
  {
    rule: 'replacing takes the notes of the file',
    rows: [row(1, span(1), 'old')],
    edit: 'replace',
    given: [{ range: span(1) }],
    close: [1],
    open: ['1-1'],
    gone: [],
  },
  {
    rule: 'domains are added and removed by name',
    rows: [row(1, domain('a.example'))],
    edit: 'replace',
    given: [{ range: domain('b.example') }],
    close: [1],
    open: ['b.example'],
    gone: ['a.example'],
  },
  {
    rule: 'what the configuration stops to name ends; what a command added stays',
    rows: [row(1, span(1), null, 'config'), row(2, span(5))],
    edit: 'follow',
    given: [{ range: span(3) }],
    close: [1],
    open: ['3-3'],
    gone: ['1-1'],
  },
  {
    rule: 'what a command added and the configuration names too is not ended with its line',
    rows: [row(1, span(1), 'mx')],
    edit: 'follow',
    given: [{ range: span(1) }],
    close: [],
    open: [],
    gone: [],
  },
  {
    rule: 'the configuration is the whole truth about what only it names: a label that it drops is dropped',
    rows: [row(1, span(1), 'mx', 'config')],
    edit: 'follow',
    given: [{ range: span(1) }],
    close: [1],
    open: ['1-1'],
    gone: [],
  },
  {
    rule: 'a file that is the truth leaves what the configuration names',
    rows: [row(1, span(1), null, 'config'), row(2, span(5))],
    edit: 'replace',
    given: [{ range: span(3) }],
    close: [2],
    open: ['3-3'],
    gone: ['5-5'],
  },
];

test.each(cases)('$rule', ({ rows, edit, given, close, open, gone }) => {
  const plan = planEdit(rows, given, edit);
  expect(plan.close).toEqual(close);
  expect(plan.open.map(({ range, label }) => [show(range), label].filter((part) => part !== null).join(' '))).toEqual(
    open,
  );
  expect(plan.gone.map(show)).toEqual(gone);
});

test('what is added by command as well is no longer the configuration’s alone', () => {
  const plan = planEdit([row(1, span(1), null, 'config')], [{ range: span(1) }], 'add');
  expect(plan).toMatchObject({ close: [1], open: [{ origin: 'command' }], gone: [], fresh: [] });
});

test('a hundred thousand addresses are planned within the time of a test', () => {
  const given = Array.from({ length: 100_000 }, (_, at) => ({ range: span(at * 2) }));
  const rows = given.map(({ range }, id) => row(id, range));
  expect(planEdit(rows, given, 'replace')).toMatchObject({ close: [], open: [], gone: [] });
});
