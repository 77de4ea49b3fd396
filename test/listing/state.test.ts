import { describe, expect, test } from 'vitest';
import {
  type Change,
  type Evidence,
  type Open,
  type Pending,
  type Policy,
  type SeenCode,
  type Sight,
  step,
} from '../../src/listing/state.ts';

/** Minutes after this moment are the times of the tables. */
const start = Date.parse('2026-11-24T00:00:00Z');
const hour = 60;

const code = (label: string): SeenCode => ({ code: `127.0.0.${label.length}`, label, key: label });
const listed = (...labels: string[]): Sight => ({ kind: 'listed', codes: labels.map(code) });
const clean: Sight = { kind: 'clean', proven: true };
const unproven: Sight = { kind: 'clean', proven: false };
const unknown: Sight = { kind: 'unknown' };

const time = (minutes: number): string => new Date(start + minutes * 60_000).toISOString();
const minutes = (at: string): number => (Date.parse(at) - start) / 60_000;

const evidence: Evidence = {
  at: time(0),
  scan: 0,
  asked: '2.0.0.127.bl.example',
  path: 'servers',
  server: '127.0.0.1:53',
  rcode: 'NOERROR',
  addresses: [],
  txt: null,
  ttl: null,
  proven: true,
  controls: [],
};

/** One verdict: minutes after the start, what was seen; each from a scan of its own unless `scan` says which. */
type Seen = { at: number; sight: Sight; scan?: number; ttl?: number; cached?: boolean };
type Said = [at: number, change: string];

/** Plays verdicts from nothing or an open listing and says which changes they made, as text. */
function play(seen: Seen[], policy: Partial<Policy> = {}, opened: Open | null = null): Said[] {
  const rules: Policy = { listed: 1, delisted: 2, spacing: 5 * 60_000, ...policy };
  let open = opened;
  let pending: Pending | null = null;
  const said: Said[] = [];
  for (const [index, one] of seen.entries()) {
    const scan = one.scan ?? index + 1000;
    const at = time(one.at);
    const seeing = { at, scan, ttl: one.ttl ?? 0, cached: one.cached ?? false, evidence: { ...evidence, at, scan } };
    const next = step(open, pending, one.sight, seeing, rules);
    pending = next.pending;
    if (next.change === null) continue;
    said.push([one.at, describeChange(next.change)]);
    open = after(open, next.change, one.ttl ?? 0);
  }
  return said;
}

function after(open: Open | null, change: Change, ttl: number): Open | null {
  if (change.kind === 'delisted') return null;
  return { since: change.kind === 'listed' ? change.since : (open?.since ?? ''), codes: change.codes, ttl };
}

function describeChange(change: Change): string {
  const evidences = change.evidence.length;
  if (change.kind === 'delisted')
    return `delisted until ${minutes(change.until)} ${change.proven ? 'proven' : 'unproven'} (${evidences})`;
  const codes = change.codes.map(({ label, since }) => `${label}@${minutes(since)}`).join(' ');
  if (change.kind === 'listed') return `listed since ${minutes(change.since)} ${codes} (${evidences})`;
  return `recoded ${codes} +${change.added.join()} -${change.removed.join()} (${evidences})`;
}

const openSince = (at: number, ...labels: string[]): Open => ({
  since: time(at),
  codes: labels.map((label) => ({ ...code(label), since: time(at) })),
  ttl: 0,
});
const A = openSince(0, 'A');

type Row = { rule: string; seen: Seen[]; policy?: Partial<Policy>; open?: Open; said: Said[] };

const rows: Row[] = [
  { rule: 'one listed verdict lists', seen: [{ at: 1, sight: listed('A') }], said: [[1, 'listed since 1 A@1 (1)']] },
  {
    rule: 'listed again is no change',
    seen: [
      { at: 1, sight: listed('A') },
      { at: 9, sight: listed('A') },
    ],
    said: [[1, 'listed since 1 A@1 (1)']],
  },
  { rule: 'clean while not listed is no change', seen: [{ at: 1, sight: clean }], said: [] },
  {
    rule: 'confirm.listed 2: since is the first verdict that agrees, the change is at the second',
    policy: { listed: 2 },
    seen: [
      { at: 1, sight: listed('A') },
      { at: 10, sight: listed('A') },
    ],
    said: [[10, 'listed since 1 A@1 (2)']],
  },
  {
    rule: 'confirm.listed 2: a clean between clears what waits',
    policy: { listed: 2 },
    seen: [
      { at: 1, sight: listed('A') },
      { at: 10, sight: unproven },
      { at: 20, sight: listed('A') },
    ],
    said: [],
  },
  {
    rule: 'confirm.listed 2: an unknown between changes nothing',
    policy: { listed: 2 },
    seen: [
      { at: 1, sight: listed('A') },
      { at: 10, sight: unknown },
      { at: 20, sight: listed('A') },
    ],
    said: [[20, 'listed since 1 A@1 (2)']],
  },
  {
    rule: 'confirm.listed 2: another code agrees that it is listed, and counts from when it was seen',
    policy: { listed: 2 },
    seen: [
      { at: 1, sight: listed('A') },
      { at: 10, sight: listed('A', 'BB') },
    ],
    said: [[10, 'listed since 1 A@1 BB@10 (2)']],
  },
  {
    rule: 'two verdicts of one scan count once',
    policy: { listed: 2 },
    seen: [
      { at: 1, sight: listed('A'), scan: 7 },
      { at: 10, sight: listed('A'), scan: 7 },
      { at: 20, sight: listed('A'), scan: 8 },
    ],
    said: [[20, 'listed since 1 A@1 (2)']],
  },
  {
    rule: 'verdicts closer than the spacing count once, and the wait is from the one that counted',
    policy: { listed: 2 },
    seen: [
      { at: 1, sight: listed('A') },
      { at: 4, sight: listed('A') },
      { at: 6, sight: listed('A') },
    ],
    said: [[6, 'listed since 1 A@1 (2)']],
  },
  {
    rule: 'two proven cleans delist: until is the first, the change at the second',
    open: A,
    seen: [
      { at: 10, sight: clean },
      { at: 15, sight: clean },
    ],
    said: [[15, 'delisted until 10 proven (2)']],
  },
  { rule: 'one proven clean does not delist', open: A, seen: [{ at: 10, sight: clean }], said: [] },
  {
    rule: 'confirm.delisted 1 delists at once',
    open: A,
    policy: { delisted: 1 },
    seen: [{ at: 10, sight: clean }],
    said: [[10, 'delisted until 10 proven (1)']],
  },
  {
    rule: 'spacing 0: the next scan confirms',
    open: A,
    policy: { spacing: 0 },
    seen: [
      { at: 10, sight: clean },
      { at: 10, sight: clean },
    ],
    said: [[10, 'delisted until 10 proven (2)']],
  },
  {
    rule: 'listed between two cleans starts the count again',
    open: A,
    seen: [
      { at: 10, sight: clean },
      { at: 20, sight: listed('A') },
      { at: 30, sight: clean },
      { at: 40, sight: clean },
    ],
    said: [[40, 'delisted until 30 proven (2)']],
  },
  {
    rule: 'unknown between two cleans changes nothing: a time-out is never a delisting',
    open: A,
    seen: [
      { at: 10, sight: unknown },
      { at: 20, sight: clean },
      { at: 30, sight: unknown },
      { at: 40, sight: unknown },
      { at: 50, sight: clean },
    ],
    said: [[50, 'delisted until 20 proven (2)']],
  },
  {
    rule: 'two unproven cleans do not delist, however far apart',
    open: A,
    seen: [
      { at: 10, sight: unproven },
      { at: 90 * hour, sight: unproven },
    ],
    said: [],
  },
  {
    rule: 'three unproven cleans a day apart delist, unproven',
    open: A,
    seen: [
      { at: 10, sight: unproven },
      { at: 10 + 24 * hour, sight: unproven },
      { at: 10 + 48 * hour, sight: unproven },
    ],
    said: [[10 + 48 * hour, 'delisted until 10 unproven (3)']],
  },
  {
    rule: 'unproven cleans less than a day apart count once',
    open: A,
    seen: [
      { at: 10, sight: unproven },
      { at: 10 + 12 * hour, sight: unproven },
      { at: 10 + 24 * hour, sight: unproven },
      { at: 10 + 36 * hour, sight: unproven },
    ],
    said: [],
  },
  {
    rule: 'listed between unproven cleans starts the count again',
    open: A,
    seen: [
      { at: 10, sight: unproven },
      { at: 10 + 24 * hour, sight: unproven },
      { at: 20 + 24 * hour, sight: listed('A') },
      { at: 10 + 48 * hour, sight: unproven },
    ],
    said: [],
  },
  {
    rule: 'an unproven clean does not count among the proven ones, and does not clear them',
    open: A,
    seen: [
      { at: 10, sight: clean },
      { at: 20, sight: unproven },
      { at: 30, sight: clean },
    ],
    said: [[30, 'delisted until 10 proven (2)']],
  },
  {
    rule: 'a clean from a cache counts only after every TTL seen is over',
    open: { ...A, ttl: 1800 },
    seen: [
      { at: 10, sight: clean, cached: true, ttl: 60 },
      { at: 20, sight: clean, cached: true, ttl: 60 },
      { at: 39, sight: clean, cached: true, ttl: 60 },
      { at: 40, sight: clean, cached: true, ttl: 60 },
    ],
    said: [[40, 'delisted until 10 proven (2)']],
  },
  {
    rule: 'the TTL of the first clean and its controls counts too',
    open: A,
    seen: [
      { at: 10, sight: clean, cached: true, ttl: 1800 },
      { at: 20, sight: clean, cached: true, ttl: 60 },
      { at: 45, sight: clean, cached: true, ttl: 60 },
    ],
    said: [[45, 'delisted until 10 proven (2)']],
  },
  {
    rule: 'another code recodes: what came, what went, and since when each',
    open: A,
    seen: [
      { at: 10, sight: listed('A', 'BB') },
      { at: 20, sight: listed('BB') },
    ],
    said: [
      [10, 'recoded A@0 BB@10 +BB - (1)'],
      [20, 'recoded BB@10 + -A (1)'],
    ],
  },
  {
    rule: 'the same label with another address is no change (scores compare bands)',
    open: A,
    seen: [{ at: 10, sight: { kind: 'listed', codes: [{ code: '127.0.0.99', label: 'A', key: 'A' }] } }],
    said: [],
  },
  {
    rule: 'recoded is confirmed as listed is',
    open: A,
    policy: { listed: 2 },
    seen: [
      { at: 10, sight: listed('BB') },
      { at: 20, sight: listed('BB') },
    ],
    said: [[20, 'recoded BB@10 +BB -A (2)']],
  },
  {
    rule: 'other codes than those that wait start the count again',
    open: A,
    policy: { listed: 2 },
    seen: [
      { at: 10, sight: listed('BB') },
      { at: 20, sight: listed('CCC') },
      { at: 30, sight: listed('CCC') },
    ],
    said: [[30, 'recoded CCC@20 +CCC -A (2)']],
  },
  {
    rule: 'the codes of before clear a recoding that waits',
    open: A,
    policy: { listed: 2 },
    seen: [
      { at: 10, sight: listed('BB') },
      { at: 20, sight: listed('A') },
      { at: 30, sight: listed('BB') },
    ],
    said: [],
  },
  {
    rule: 'other codes clear a delisting that waits',
    open: A,
    seen: [
      { at: 10, sight: clean },
      { at: 20, sight: listed('BB') },
      { at: 30, sight: clean },
    ],
    said: [[20, 'recoded BB@20 +BB -A (1)']],
  },
  {
    rule: 'a clock that jumps back never makes until earlier than since',
    open: openSince(1000, 'A'),
    seen: [
      { at: 10, sight: clean },
      { at: 20, sight: clean },
    ],
    said: [[20, 'delisted until 1000 proven (2)']],
  },
  {
    rule: 'a clock that jumps back between two verdicts does not stop the count',
    open: A,
    seen: [
      { at: 1000, sight: clean },
      { at: 10, sight: clean },
    ],
    said: [[10, 'delisted until 1000 proven (2)']],
  },
];

describe('a change', () => {
  test.each(rows)('$rule', ({ seen, policy, open, said }) => {
    expect(play(seen, policy, open ?? null)).toEqual(said);
  });

  test('unknown gives back the very same pending', () => {
    const waiting: Pending = { kind: 'delisted', run: null, daily: null, codes: [], evidence: [] };
    const seeing = { at: time(1), scan: 1, ttl: 0, cached: false, evidence };
    const next = step(A, waiting, unknown, seeing, { listed: 1, delisted: 2, spacing: 0 });
    expect(next).toEqual({ pending: waiting, change: null });
    expect(next.pending).toBe(waiting);
  });
});
