import { expect, test } from 'vitest';
import { durationMs, spokenDuration } from '../../src/delisting/duration.ts';
import { judgeRecorded } from '../../src/delisting/judge.ts';
import { type JudgedListing, judgeRemoval } from '../../src/delisting/removal.ts';
import { code, listOf } from './listings.ts';

const asked = new Date('2026-11-20T10:00:00Z');
const at = (hours: number) => new Date(asked.getTime() + hours * 3_600_000);
const removal = { label: 'XBL', requestedAt: asked, withdrawnAt: null, note: null };
const open: JudgedListing = { until: null, endedBy: null, codes: [{ label: 'XBL' }] };

test.each([
  ['it went', removal, { ...open, until: at(14), endedBy: 'delisted' }, 'PT24H', 60, 'removed', 'removed after 14 h'],
  [
    'after days',
    removal,
    { ...open, until: at(80), endedBy: 'delisted' },
    'PT24H',
    90,
    'removed',
    'removed after 3 days',
  ],
  ['its code went', removal, { ...open, codes: [{ label: 'SBL' }] }, 'PT24H', 6, 'removed', 'XBL is gone within 6 h'],
  ['within the usual time', removal, open, 'PT24H', 5, 'waiting', 'still there after 5 h; it usually takes 24 h'],
  ['on the dot', removal, open, 'PT24H', 24, 'waiting', 'it usually takes 24 h'],
  ['past it', removal, open, 'PT24H', 30, 'overdue', 'still there after 30 h, and the usual time is 24 h'],
  [
    'past it when last seen, and not asked since',
    removal,
    { ...open, lastSeen: at(5) },
    'PT24H',
    30,
    'waiting',
    'still there after 5 h; it usually takes 24 h',
  ],
  [
    'not seen since, one clean not being proof enough',
    removal,
    { ...open, lastSeen: at(-1) },
    'PT24H',
    30,
    'waiting',
    'not seen there since the request, but not proven gone either',
  ],
  ['no time is known', removal, open, undefined, 99, 'waiting', 'still there after 4 days; the operator gives no time'],
  ['withdrawn', { ...removal, withdrawnAt: at(1) }, open, 'PT24H', 30, 'withdrawn', 'withdrawn'],
  [
    'withdrawn after it went',
    { ...removal, withdrawnAt: at(20) },
    { ...open, until: at(14), endedBy: 'delisted' },
    'PT24H',
    30,
    'removed',
    'removed after 14 h',
  ],
  [
    'it was off before',
    removal,
    { ...open, until: at(-2), endedBy: 'delisted' },
    'PT24H',
    30,
    'needless',
    'before the request',
  ],
  [
    'nobody looks any more',
    removal,
    { ...open, until: at(3), endedBy: 'untracked' },
    'PT24H',
    30,
    'unwatched',
    'no longer watched',
  ],
  ['the clock went back', removal, open, 'PT24H', -5, 'waiting', 'still there after less than a minute'],
])('a request is judged: %s', (_rule, request, listing, usual, hours, kind, said) => {
  const judgement = judgeRemoval(request, listing, usual, at(hours));
  expect(judgement.kind).toBe(kind);
  expect(judgement.said).toContain(said);
});

test.each([
  ['PT24H', 86_400_000],
  ['P7D', 604_800_000],
  ['P1W', 604_800_000],
  ['P1DT12H', 129_600_000],
  ['PT30M', 1_800_000],
  ['P1M', 2_592_000_000],
  ['P', null],
  ['PT0S', null],
  ['7d', null],
  [undefined, null],
])('the duration %s is %s ms', (text, ms) => expect(durationMs(text)).toBe(ms));

test.each([
  [59_999, 'less than a minute'],
  [60_000, '1 min'],
  [50_400_000, '14 h'],
  [172_800_000, '48 h'],
  [259_200_000, '3 days'],
])('%s ms are said as %s', (ms, said) => expect(spokenDuration(ms)).toBe(said));

test.each([
  ['127.0.0.7-127.0.0.9', '127.0.0.8'],
  ['127.0.1.0/24', '127.0.1.3'],
  ['mask:4', '127.0.0.12'],
])('the usual time of a code that the table has as %s', (key, seen) => {
  const list = listOf('bl', { usualTime: 'P9D' }, { codes: { [key]: code('WIDE', { usualTime: 'PT24H' }) } });
  const listing = { until: null, endedBy: null, codes: [{ code: seen, label: 'WIDE' }] };
  const record = { label: 'WIDE', requestedAt: asked.toISOString(), withdrawnAt: null, note: null };
  expect(judgeRecorded(record, listing, list, at(30)).kind).toBe('overdue');
});
