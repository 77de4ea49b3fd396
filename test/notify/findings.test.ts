import { describe, expect, test } from 'vitest';
import { findingNotices, routedFinding } from '../../src/notify/findings.ts';
import type { FindingFacts } from '../../src/notify/notice.ts';
import type { Outcome } from '../../src/posture/finding.ts';
import { rangeOf } from '../../src/target.ts';
import { at, mute } from './facts.ts';

/** Hours into the story. */
const day = 24;
let ids = 0;
function finding(
  before: Outcome | null,
  outcome: Outcome,
  hour: number,
  more: Partial<FindingFacts> = {},
): FindingFacts {
  ids += 1;
  return {
    ...{ id: ids, target: '192.0.2.7', label: null, tags: [], check: 'helo.banner', subject: '192.0.2.7:25' },
    ...{ before, outcome, severity: 'high', why: 'so it is', fix: null, ends: null, since: at(hour), until: null },
    ...more,
  };
}
const owed = (changes: FindingFacts[], now: number, told: number | null = 0, mutes = [] as ReturnType<typeof mute>[]) =>
  findingNotices(changes, mutes, told === null ? null : at(told), new Date(at(now)));
const reasons = (...args: Parameters<typeof owed>): string[] => owed(...args).map(({ reason }) => reason);

describe('why somebody is told', () => {
  const ptr = { subject: '192.0.2.7' };
  const certificate = { check: 'tls.cert', ends: at(20 * day) };
  test.each<[string, FindingFacts, string[]]>([
    ['not in order on the first look', finding(null, 'warn', 5), ['audit-found']],
    ['the first look after it could not be looked at', finding('unknown', 'fail', 5), ['audit-found']],
    ['in order on the first look', finding(null, 'pass', 5), []],
    ['worse', finding('pass', 'warn', 5), ['audit-worse']],
    ['worse again', finding('warn', 'fail', 5), ['audit-worse']],
    ['a little better is no news', finding('fail', 'warn', 5), []],
    ['in order again', finding('fail', 'pass', 5), ['audit-right']],
    ['nothing to look at any more', finding('fail', 'not-applicable', 5), []],
    ['SPF stopped to allow', finding('pass', 'fail', 5, { check: 'spf.pass' }), ['spf-lost']],
    ['the reverse name is gone', finding('pass', 'fail', 5, { ...ptr, check: 'ptr.exists' }), ['ptr-lost']],
    ['it leads back no more', finding('pass', 'fail', 5, { ...ptr, check: 'ptr.fcrdns' }), ['ptr-lost']],
    ['a certificate has 14 days or less', finding('pass', 'warn', 6 * day, certificate), ['certificate-ends']],
    ['it is not trusted, and has longer', finding('pass', 'fail', 5, certificate), ['audit-worse']],
    ['it has ended', finding('warn', 'fail', 21 * day, certificate), ['audit-worse']],
    ['for information', finding('pass', 'warn', 5, { severity: 'info' }), []],
    [
      'on port 25 its end is told',
      finding('pass', 'warn', 6 * day, { ...certificate, severity: 'info' }),
      ['certificate-ends'],
    ],
  ])('%s', (_, one, expected) =>
    expect(reasons([one], Math.ceil((Date.parse(one.since) - Date.parse(at(0))) / 3_600_000) + 1)).toEqual(expected),
  );
});

test('who is told for the first time is told what is not in order, and nothing that was', () => {
  const changes = [
    finding('pass', 'fail', 5),
    finding(null, 'fail', 5, { subject: 'b', until: at(9) }),
    finding(null, 'warn', 5, { subject: 'c', severity: 'info' }),
    finding('fail', 'pass', 5, { subject: 'd' }),
  ];
  expect(owed(changes, 40 * day, null)).toMatchObject([
    { reason: 'audit-found', finding: { subject: '192.0.2.7:25' } },
  ]);
});

test('what was before the recipient was told, or is over a week old, is not owed', () => {
  expect(reasons([finding('pass', 'fail', 5)], 20, 10)).toEqual([]);
  expect(reasons([finding('pass', 'fail', 5)], 8 * day)).toEqual([]);
});

test('all about a reverse name that is gone is told once', () => {
  const ptr = (check: string) => finding('pass', 'fail', 5, { check, subject: '192.0.2.7' });
  const all = ['ptr.exists', 'ptr.fcrdns', 'ptr.not_generic', 'ptr.own_domain'].map(ptr);
  expect(owed(all, 6)).toMatchObject([{ reason: 'ptr-lost', finding: { check: 'ptr.exists' } }]);
});

test('what comes and goes day by day is told three times, then that it flaps, then nothing until it is quiet for days', () => {
  const outcomes: Outcome[] = ['fail', 'pass', 'fail', 'pass', 'fail', 'pass'];
  const changes = outcomes.map((outcome, index) =>
    finding(outcome === 'fail' ? 'pass' : 'fail', outcome, (index + 1) * day),
  );
  const told = outcomes.map((_, index) =>
    reasons(changes.slice(0, index + 1), (index + 1) * day + 1, (index + 1) * day),
  );
  expect(told.flat()).toEqual(['audit-worse', 'audit-right', 'audit-worse', 'audit-flapping']);
  const later = finding('pass', 'fail', 12 * day);
  expect(reasons([...changes, later], 12 * day + 1, 12 * day)).toEqual(['audit-worse']);
});

describe('mutes', () => {
  const ofTarget = (more = {}) => mute({ range: rangeOf('192.0.2.7'), list: null, ...more });
  test('of the target hide it; of a list, or of the target on a list, do not', () => {
    const changes = [finding('pass', 'fail', 5)];
    expect(reasons(changes, 6, 0, [ofTarget()])).toEqual([]);
    expect(reasons(changes, 6, 0, [mute(), ofTarget({ list: 'spam' })])).toEqual(['audit-worse']);
  });
  test('of an address hide what is found of it as a sender of a domain', () => {
    const spf = finding('pass', 'fail', 5, {
      check: 'spf.pass',
      target: 'example.org',
      subject: '192.0.2.7 as example.org',
    });
    expect(reasons([spf], 6, 0, [ofTarget()])).toEqual([]);
  });
  test('that end let it be told if it is so still', () => {
    const ended = ofTarget({ createdAt: at(1), until: at(20 * day) });
    const changes = [finding('pass', 'fail', 5), finding('fail', 'pass', 6, { subject: 'other' })];
    expect(reasons(changes, 19 * day, 0, [ended])).toEqual([]);
    expect(owed(changes, 20 * day + 1, 0, [ended])).toMatchObject([
      { reason: 'audit-worse', key: `finding:${changes[0]?.id}` },
    ]);
  });
});

test('routes see its severity: critical is high, and what is told for information is low', () => {
  const levels = (['critical', 'high', 'medium', 'low', 'info'] as const).map((severity) =>
    routedFinding({ tags: [], severity }),
  );
  expect(levels.map(({ severity, impact }) => `${severity} ${impact}`)).toEqual([
    'high high',
    'high high',
    'medium high',
    'low high',
    'low high',
  ]);
});
