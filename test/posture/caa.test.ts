import { expect, test } from 'vitest';
import type { Caa, SecureAnswer } from '../../src/dns/secure.ts';
import { findingsOf, only, subjectOf } from './audits.ts';

const ZONE = { 'example.org': { MX: '10 mx.mail.example.org' }, 'mx.mail.example.org': { A: '192.0.2.7' } };
const answer = (records: Caa[], rcode = 'NOERROR'): SecureAnswer => ({
  ...{ kind: 'answer', rcode, authentic: false, errors: [] },
  records: records.map((caa) => ({ name: '', type: 'CAA', ttl: 300, tlsa: null, caa })),
});
const issue = (value: string, tag = 'issue', critical = false): Caa => ({ critical, tag, value });

async function judged(published: Record<string, SecureAnswer>) {
  const asked: string[] = [];
  const findings = await findingsOf(ZONE, subjectOf('example.org', []), {
    rare: async (name) => {
      asked.push(name);
      return published[name] ?? answer([], 'NXDOMAIN');
    },
  });
  return { ...only(findings, 'caa'), asked };
}

test.each<[string, Record<string, SecureAnswer>, string, RegExp]>([
  ['none', {}, 'warn', /^any authority/],
  ['of the host', { 'mx.mail.example.org': answer([issue('ca.example; x=1')]) }, 'pass', /^ca\.example alone/],
  ['of the domain above', { 'example.org': answer([issue('ca.example')]) }, 'pass', /at example\.org/],
  [
    'the nearest counts',
    { 'mail.example.org': answer([issue(';')]), 'example.org': answer([issue('ca.example')]) },
    'warn',
    /^no authority may issue.*at mail\.example\.org/,
  ],
  ['reports alone', { 'example.org': answer([issue('mailto:a@example.org', 'iodef')]) }, 'warn', /^any authority/],
  ['critical and unknown', { 'example.org': answer([issue('x', 'tbs', true)]) }, 'fail', /^tbs is not known/],
  ['refused', { 'mx.mail.example.org': answer([], 'REFUSED') }, 'unknown', /REFUSED/],
  ['no answer', { 'mx.mail.example.org': { kind: 'failed', why: 'no reply within 5 s' } }, 'unknown', /no reply/],
])('CAA: %s', async (_rule, published, outcome, why) => {
  const found = await judged(published);
  expect([found.outcome, found.severity, found.why]).toEqual([outcome, 'info', expect.stringMatching(why)]);
});
test('what is above is asked where nothing stands below, and no top-level domain', async () =>
  expect((await judged({})).asked).toEqual(['mx.mail.example.org', 'mail.example.org', 'example.org']));
