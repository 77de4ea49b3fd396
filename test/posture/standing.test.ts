import { expect, test } from 'vitest';
import { type Finding, type Outcome, type Severity, standingOf } from '../../src/posture/finding.ts';

type Seen = [Outcome, Severity, settle?: string];
const found = ([outcome, severity, settle = '']: Seen): Finding => ({
  ...{ check: 'ptr.exists', subject: '192.0.2.7', outcome, severity, why: '', evidence: [], rfc: null, fix: null },
  settle: settle === '' ? null : settle,
});

test.each<[rule: string, status: number, seen: Seen[]]>([
  ['critical failed', 2, [['fail', 'critical']]],
  ['high failed, whatever else', 2, [['unknown', 'critical'], ['fail', 'medium'], ['fail', 'high']]], // biome-ignore format: a row each
  ['medium failed', 1, [['fail', 'medium']]],
  ['high is to be bettered', 1, [['warn', 'high']]],
  ['medium failed beside an unknown', 1, [['unknown', 'critical'], ['fail', 'medium']]], // biome-ignore format: a row each
  ['only unknown', 3, [['unknown', 'high']]],
  ['unknown beside what is in order', 3, [['pass', 'high'], ['unknown', 'critical']]], // biome-ignore format: a row each
  ['what waits for the user to say something is not unknown', 0, [['unknown', 'critical', '--helo NAME']]],
  ['low failed', 0, [['fail', 'low']]],
  ['medium is to be bettered', 0, [['warn', 'medium']]],
  ['all in order', 0, [['pass', 'critical'], ['not-applicable', 'high']]], // biome-ignore format: a row each
])('exit status of an audit: %s', (_rule, status, seen) => {
  expect(standingOf(seen.map(found))).toBe(status);
});
