import * as v from 'valibot';
import { expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { auditRun } from '../../src/db/schema.ts';
import { addTargets, removeTargets } from '../../src/listing/tracked.ts';
import { collect } from '../../src/notify/collect.ts';
import { digestDoc } from '../../src/notify/digest/doc.ts';
import { readDigest } from '../../src/notify/digest/read.ts';
import { digestSchema } from '../../src/notify/digest/schema.ts';
import type { FindingFacts } from '../../src/notify/notice.ts';
import { deliver, messages } from '../../src/notify/outbox.ts';
import { readerOf } from '../../src/notify/reader.ts';
import { TEXT, writeMarkup } from '../../src/notify/render/markup.ts';
import type { Audit } from '../../src/posture/audit.ts';
import type { Finding, Outcome, Severity } from '../../src/posture/finding.ts';
import { recordAudit, recordScheduled } from '../../src/posture/record.ts';
import { rangeOf } from '../../src/target.ts';
import { testDatabase } from '../database.ts';
import { subjectOf } from '../posture/audits.ts';
import { startReceiver } from './receiver.ts';
import { channelOf, setupOf } from './setup.ts';

const hook = { type: 'webhook', url: 'http://127.0.0.1:9/', secret: null } as const;
const ops = channelOf('ops', hook);
const setup = setupOf([], [ops]);
const day = (at: number): Date => new Date(Date.UTC(2026, 10, 1 + at, 5));
const TARGETS = ['192.0.2.7', 'example.org'];

function finding(check: string, outcome: Outcome, subject = '192.0.2.7', severity: Severity = 'high'): Finding {
  const fix = outcome === 'fail' ? { say: `mend ${check}`, before: null, after: null, settings: {} } : null;
  return { check, subject, outcome, severity, why: `${check}: ${outcome}`, evidence: [], rfc: null, fix, settle: null };
}
function auditOf(at: Date, findings: Finding[]): Audit {
  const summary = { pass: 0, warn: 0, fail: 0, unknown: 0, 'not-applicable': 0 };
  return { startedAt: at, finishedAt: at, subject: subjectOf('example.org', ['192.0.2.7']), findings, summary };
}
const scheduled = (db: Database, at: number, findings: Finding[]) =>
  recordScheduled(db, auditOf(day(at), findings), { schedule: 'audit', targets: TARGETS, beside: [] });

async function world(): Promise<Database> {
  const db = await openDatabase(await testDatabase());
  const tracked = TARGETS.map((target) => ({ range: rangeOf(target), tags: ['acme'], label: 'mail' }));
  await addTargets(db, tracked, day(0));
  return db;
}
const titles = async (db: Database): Promise<string[]> => (await messages(db, ['waiting'])).map(({ title }) => title);

const ORDER = [finding('ptr.exists', 'pass'), finding('spf.pass', 'pass', '192.0.2.7 as example.org', 'critical')];

test('the first audits are one message, once the run is through', async () => {
  const db = await world();
  await collect(db, setup, day(0));
  await db.orm.insert(auditRun).values({ id: 1, schedule: 'audit', startedAt: day(1), targets: 2 });
  const later = new Date(day(1).getTime() + 3_600_000);
  await scheduled(db, 1, [finding('ptr.exists', 'fail'), finding('dmarc.record', 'fail', 'example.org')]);
  expect(await collect(db, setup, later)).toBe(0);
  await db.sql`update audit_run set ended_at = ${later}`;
  expect(await collect(db, setup, later)).toBe(1);
  expect(await collect(db, setup, day(2))).toBe(0);
  expect(await titles(db)).toEqual(['2 not in order on the first audit']);
});

test('SPF that stops to allow an address is told, a time-out never, and what is in order again once', async () => {
  const db = await world();
  await collect(db, setup, day(0));
  await scheduled(db, 1, ORDER);
  await collect(db, setup, day(1));
  await scheduled(
    db,
    2,
    ORDER.map(({ check, subject, severity }) => finding(check, 'unknown', subject, severity)),
  );
  await scheduled(db, 3, []);
  await collect(db, setup, day(3));
  expect(await titles(db)).toEqual([]);
  const lost = [finding('ptr.exists', 'pass'), finding('spf.pass', 'fail', '192.0.2.7 as example.org', 'critical')];
  await scheduled(db, 4, lost);
  await collect(db, setup, day(4));
  await scheduled(db, 5, lost);
  await collect(db, setup, day(5));
  await scheduled(db, 6, ORDER);
  await collect(db, setup, day(6));
  expect(await titles(db)).toEqual([
    'SPF no longer allows 192.0.2.7 as example.org',
    'In order again: example.org, spf.pass',
  ]);
});

test('a message says what, why and what to do, of one target and check together', async () => {
  const db = await world();
  const { url, received } = await startReceiver();
  const channel = channelOf('ops', { type: 'telegram', server: url, token: 't', chat: '1' });
  await collect(db, setup, day(0));
  const ports = (outcome: Outcome) => [25, 465].map((port) => finding('tls.starttls', outcome, `192.0.2.7:${port}`));
  await scheduled(db, 1, [...ORDER, ...ports('pass')]);
  await scheduled(db, 2, [finding('ptr.exists', 'fail', '192.0.2.7', 'critical'), ...ports('fail')]);
  await collect(db, setup, day(2));
  await deliver(db, [channel], day(2));
  expect(received.map(({ json }) => (json as { text: string }).text).join('')).toMatchInlineSnapshot(`
    "<b>1 reverse name lost, 2 not in order any more</b>

    <b>Reverse name lost</b>
    • <b>192.0.2.7</b> (mail): ptr.exists
       ptr.exists: fail
       To do: mend ptr.exists

    <b>Not in order any more</b>
    • <b>192.0.2.7</b> (mail): tls.starttls
       192.0.2.7:25, 192.0.2.7:465: tls.starttls: fail
       To do: mend tls.starttls

    In full: dnsblwatch audit 192.0.2.7"
  `);
});

test('audits by hand are told of if they are asked to be, and a channel gets what its routes let through', async () => {
  const db = await world();
  const low = channelOf('low', hook);
  const high = channelOf('high', hook);
  const routes = [
    { to: ['low'], tags: ['acme'], impact: 'low' as const, severity: 'low' as const },
    { to: ['high'], tags: null, impact: 'low' as const, severity: 'high' as const },
    { to: ['ops'], tags: ['someone-else'], impact: 'low' as const, severity: 'low' as const },
  ];
  const routed = setupOf([], [ops, low, high], { routes });
  await collect(db, routed, day(0));
  await recordAudit(db, auditOf(day(1), [finding('helo.banner', 'fail', '192.0.2.7:25', 'low')]));
  await collect(db, routed, day(1));
  expect(await titles(db)).toEqual([]);
  await recordAudit(db, auditOf(day(2), [finding('helo.banner', 'pass', '192.0.2.7:25', 'low')]), { watched: true });
  await collect(db, routed, day(2));
  expect((await messages(db, ['waiting'])).map(({ channel }) => channel)).toEqual(['low']);
});

test('a digest tells what is new, in order again and still so, of its own targets', async () => {
  const db = await world();
  await addTargets(db, [{ range: rangeOf('other.example'), tags: ['other'] }], day(0));
  const other = (at: number) =>
    recordScheduled(db, auditOf(day(at), [finding('dmarc.record', 'fail', 'other.example')]), {
      ...{ schedule: 'audit', targets: ['other.example'], beside: [] },
    });
  await scheduled(db, 1, [
    finding('ptr.exists', 'pass'),
    finding('spf.all', 'fail', 'example.org'),
    finding('mx.exists', 'fail', 'example.org'),
  ]);
  await other(1);
  const gone = ['ptr.exists', 'ptr.fcrdns'].map((check) => finding(check, 'fail'));
  await scheduled(db, 3, [
    ...gone,
    finding('spf.all', 'pass', 'example.org'),
    finding('mx.exists', 'unknown', 'example.org'),
  ]);
  await other(3);
  const period = { from: day(2), to: day(4) };
  const { audit } = await readDigest(db, [], { period, tags: ['acme'] });
  const short = (some: readonly FindingFacts[]): string[] => some.map(({ target, check }) => `${target} ${check}`);
  expect([audit.worse, audit.right, audit.still].map(short)).toEqual([
    ['192.0.2.7 ptr.exists'],
    ['example.org spf.all'],
    ['example.org mx.exists'],
  ]);
  await removeTargets(db, [rangeOf('example.org')], day(3));
  expect(short((await readDigest(db, [], { period, tags: ['acme'] })).audit.still)).toEqual([]);
  await addTargets(db, [{ range: rangeOf('example.org'), tags: ['acme'], label: 'mail' }], day(3));
  expect(audit).toMatchObject({ targets: 2, last: day(3).toISOString() });
  const all = await readDigest(db, [], { period, tags: null });
  expect(v.safeParse(digestSchema, all).issues).toBeUndefined();
  expect(short(all.audit.still)).toEqual(['example.org mx.exists', 'other.example dmarc.record']);
  expect(writeMarkup(digestDoc(all, readerOf('en', 'UTC')), TEXT)).toMatchInlineSnapshot(`
    "DNS lists: 1 audit finding

    No scan ended in this time: nothing here is fresher than that.
    2026-11-03 05:00 UTC to 2026-11-05 05:00 UTC. 3 targets, 0 scans.
    Audits look at 3 targets, the last at 2026-11-04 05:00 UTC.

    Audit: new (1)
    --------------
    * 192.0.2.7 (mail): ptr.exists
        ptr.exists: fail
        To do: mend ptr.exists

    Audit: in order again (1)
    -------------------------
    * example.org (mail): spf.all
        spf.all: pass

    Audit: still not in order (2)
    -----------------------------
    * example.org (mail)
        mx.exists
    * other.example
        dmarc.record"
  `);
});
