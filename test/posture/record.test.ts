import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import type { Audit } from '../../src/posture/audit.ts';
import { stepsOf } from '../../src/posture/changes.ts';
import type { Finding, Outcome } from '../../src/posture/finding.ts';
import { findingHistory, recordAudit, recordedFindings } from '../../src/posture/record.ts';
import { testDatabase } from '../database.ts';
import { subjectOf } from './audits.ts';

const finding = (check: string, outcome: Outcome, subject = '192.0.2.7'): Finding => ({
  ...{
    check,
    subject,
    outcome,
    severity: 'high',
    why: `${check} ${outcome}`,
    evidence: [],
    rfc: null,
    fix: null,
    settle: null,
  },
});
const auditAt = (minute: number, findings: Finding[], domain: string | null = null): Audit => {
  const at = new Date(Date.UTC(2026, 10, 24, 12, minute));
  return {
    startedAt: at,
    finishedAt: at,
    subject: subjectOf(domain, ['192.0.2.7']),
    findings,
    summary: { pass: 0, warn: 0, fail: 0, unknown: 0, 'not-applicable': 0 },
  };
};

describe('what is recorded', () => {
  const standing = [{ check: 'ptr.exists', subject: '192.0.2.7', outcome: 'pass' as const }];
  test('the same again is no row', () =>
    expect(stepsOf(standing, [finding('ptr.exists', 'pass')])).toMatchObject([{ kind: 'same' }]));
  test('another outcome is one', () =>
    expect(stepsOf(standing, [finding('ptr.exists', 'fail')])).toMatchObject([{ kind: 'change', before: 'pass' }]));
  test('an unknown ends nothing that is known', () =>
    expect(stepsOf(standing, [finding('ptr.exists', 'unknown')])).toEqual([]));
  test('what is known ends an unknown', () =>
    expect(stepsOf([{ check: 'a', subject: 'b', outcome: 'unknown' }], [finding('a', 'pass', 'b')])).toMatchObject([
      { kind: 'change', before: 'unknown' },
    ]));
  test('what is no longer spoken of ends', () =>
    expect(stepsOf(standing, [])).toEqual([{ kind: 'gone', check: 'ptr.exists', subject: '192.0.2.7' }]));
});

describe('in the database', () => {
  let db: Database;
  beforeAll(async () => {
    db = await openDatabase(await testDatabase());
  });
  afterAll(() => db.close());

  test('rows for what changes; history tells it; the last known counts', async () => {
    expect(await recordedFindings(db, '192.0.2.7')).toBeNull();
    const first = await recordAudit(
      db,
      auditAt(0, [finding('ptr.exists', 'pass'), finding('spf.pass', 'pass', '192.0.2.7 as example.org')]),
    );
    expect(first.map(({ before }) => before)).toEqual([null, null]);
    expect(
      await recordAudit(
        db,
        auditAt(1, [finding('ptr.exists', 'pass'), finding('spf.pass', 'pass', '192.0.2.7 as example.org')]),
      ),
    ).toEqual([]);
    expect(
      await recordAudit(
        db,
        auditAt(2, [finding('ptr.exists', 'unknown'), finding('spf.pass', 'pass', '192.0.2.7 as example.org')]),
      ),
    ).toEqual([]);
    const lost = await recordAudit(
      db,
      auditAt(3, [finding('ptr.exists', 'fail'), finding('spf.pass', 'pass', '192.0.2.7 as example.org')]),
    );
    expect(lost).toMatchObject([{ check: 'ptr.exists', before: 'pass', outcome: 'fail' }]);
    expect(
      (await findingHistory(db, '192.0.2.7')).map(({ check, before, outcome, until }) => [
        check,
        before,
        outcome,
        until === null,
      ]),
    ).toEqual([
      ['ptr.exists', null, 'pass', false],
      ['spf.pass', null, 'pass', true],
      ['ptr.exists', 'pass', 'fail', true],
    ]);
    expect((await recordedFindings(db, '192.0.2.7'))?.findings.map(({ why }) => why).sort()).toEqual([
      'ptr.exists fail',
      'spf.pass pass',
    ]);
  });

  test('an audit without the domain does not hide what one with it found', async () => {
    await recordAudit(db, auditAt(10, [finding('ptr.own_domain', 'pass')], 'example.org'));
    await recordAudit(db, auditAt(11, [finding('ptr.own_domain', 'unknown'), finding('ptr.exists', 'fail')]));
    const found = (await recordedFindings(db, '192.0.2.7'))?.findings.find(({ check }) => check === 'ptr.own_domain');
    expect(found?.outcome).toBe('pass');
  });

  test('two at once leave one open row each', async () => {
    await Promise.all(
      [1, 2, 3, 4].map(() =>
        recordAudit(db, auditAt(20, [finding('tls.cert', 'pass', '192.0.2.9:25')], 'other.example')),
      ),
    );
    const rows = (await findingHistory(db, 'other.example')).filter(({ until }) => until === null);
    expect(rows).toHaveLength(1);
  });
});
