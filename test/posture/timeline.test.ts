import { describe, expect, test } from 'vitest';
import type { Finding, Outcome } from '../../src/posture/finding.ts';
import { targetOf } from '../../src/posture/target-of.ts';
import { changesOf, type FindingRow } from '../../src/posture/timeline.ts';

const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 1, hour));
let ids = 0;
const row = (outcome: Outcome, since: number, until: number | null, more: Partial<FindingRow> = {}): FindingRow => {
  const of = { check: 'ptr.exists', subject: '192.0.2.7', outcome, severity: 'critical' as const };
  const found: Finding = { ...of, why: `${outcome} at ${since}`, evidence: [], rfc: null, fix: null, settle: null };
  ids += 1;
  const times = { since: at(since), seenAt: at(since), until: until === null ? null : at(until) };
  return { id: ids, ...of, found, ...times, targets: ['192.0.2.7'], ...more };
};
const steps = (rows: FindingRow[]) => changesOf(rows).map(({ before, outcome }) => `${before} → ${outcome}`);

describe('changes of several audits', () => {
  test('what two audits see is told once, each way', () =>
    expect(
      steps([row('pass', 0, 5), row('pass', 1, 6), row('fail', 5, 9), row('fail', 6, 10), row('pass', 9, null)]),
    ).toEqual(['null → pass', 'pass → fail', 'fail → pass']));

  test('an unknown of one audit says nothing against what another knows', () =>
    expect(steps([row('pass', 0, null), row('unknown', 1, null)])).toEqual(['null → pass']));

  test('what an audit did not come to and the next sees as before is no change', () => {
    const [only, other] = changesOf([row('fail', 0, 2), row('fail', 5, null)]);
    expect([only?.until, other]).toEqual([null, undefined]);
    expect(steps([row('pass', 0, 2), row('fail', 5, null)])).toEqual(['null → pass', 'pass → fail']);
  });

  test('what two targets share is told of each', () =>
    expect(steps([row('fail', 0, null), row('fail', 2, null, { targets: ['example.org'] })])).toEqual([
      'null → fail',
      'null → fail',
    ]));

  test('it stands as long as any audit says so', () => {
    const [only] = changesOf([row('fail', 0, null), row('fail', 1, 2)]);
    expect(only).toMatchObject({ until: null, why: 'fail at 1' });
  });
});

describe('which target a finding is about', () => {
  const targets = ['192.0.2.7', '2001:db8::7', 'example.org', 'mail.example.org', 'other.example'];
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:25', '192.0.2.7'],
    ['[2001:db8::7]:465', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['192.0.2.7 as example.org', 'example.org'],
    ['192.0.2.7 as elsewhere.example', '192.0.2.7'],
    ['198.51.100.1 as other.example', 'other.example'],
    ['mail._domainkey.example.org', 'example.org'],
    ['_25._tcp.mx.mail.example.org', 'mail.example.org'],
    ['postmaster@other.example', 'other.example'],
    ['badexample.org', 'example.org'],
    ['198.51.100.1:25', 'example.org'],
  ])('%s is about %s', (subject, target) => expect(targetOf(subject, targets)).toBe(target));

  test('without a domain the first target has what is none of theirs', () =>
    expect(targetOf('198.51.100.1:25', ['192.0.2.7'])).toBe('192.0.2.7'));
});
