import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SecureAnswer, SecureLookup, Tlsa } from '../../src/dns/secure.ts';
import type { ServiceLook } from '../../src/posture/mail/service.ts';
import { SERVICES } from '../../src/posture/mail/service.ts';
import type { MailAsking } from '../../src/posture/subject.ts';
import { findingsOf, only, subjectOf } from './audits.ts';
import { type Certificates, makeCertificates } from './mail/certificates.ts';
import type { Zone } from './zone.ts';

const HOST = 'mail.example.org';
const ZONE: Zone = { 'example.org': { MX: `10 ${HOST}` }, [HOST]: { A: '192.0.2.7' } };
let certificates: Certificates;
let certificate: X509Certificate;
beforeAll(() => {
  certificates = makeCertificates();
  certificate = new X509Certificate(certificates.good(HOST).chain);
});
afterAll(() => certificates.remove());

const answer = (more: Partial<Extract<SecureAnswer, { kind: 'answer' }>> = {}): SecureAnswer => ({
  ...{ kind: 'answer', rcode: 'NOERROR', authentic: true, records: [], errors: [] },
  ...more,
});
const tlsa = (records: Tlsa[]) =>
  answer({ records: records.map((one) => ({ name: '', type: 'TLSA', ttl: 300, tlsa: one, caa: null })) });
const spki = (hash: string): Buffer =>
  createHash(hash)
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest();

/** What is said of the host's record, its server showing the certificate. */
async function judged(secure: SecureLookup) {
  const look: ServiceLook = {
    ...{ service: SERVICES[0] as never, address: '192.0.2.7', name: HOST, from: '192.0.2.9' },
    ...{ greeting: null, before: null, starttls: null, offered: true, recipients: [], old: null, end: null },
    tls: { protocol: 'TLSv1.3', cipher: '', certificate, chain: [], untrusted: null, wrongName: null },
  };
  const server = { address: '192.0.2.7', kind: 'ipv4', name: HOST, receives: ['example.org'], recipients: [] } as const;
  const mail: MailAsking = {
    looks: async () => [{ server: server as never, look }],
    relay: null,
    ownAddresses: new Set(),
  };
  const findings = await findingsOf(ZONE, subjectOf('example.org', []), { secure, mail });
  return only(findings, 'dane');
}
const published = (...records: Tlsa[]) => judged(async (_name, type) => (type === 'TLSA' ? tlsa(records) : answer()));

test.each<[string, (key: (hash: string) => Buffer) => Tlsa[], string]>([
  [
    '3 1 1 of the key',
    (key) => [{ usage: 3, selector: 1, matchingType: 1, certificate: key('sha256') }],
    'pass medium',
  ],
  [
    '3 1 2 of the key',
    (key) => [{ usage: 3, selector: 1, matchingType: 2, certificate: key('sha512') }],
    'pass medium',
  ],
  [
    'an unknown selector',
    (key) => [{ usage: 3, selector: 2, matchingType: 1, certificate: key('sha256') }],
    'warn medium',
  ],
  [
    'an unknown matching type',
    (key) => [{ usage: 3, selector: 1, matchingType: 3, certificate: key('sha256') }],
    'warn medium',
  ],
  [
    'a digest cut short',
    (key) => [{ usage: 3, selector: 1, matchingType: 1, certificate: key('sha256').subarray(1) }],
    'warn medium',
  ],
  [
    'an unusable one beside one that fits',
    (key) => [
      { usage: 3, selector: 9, matchingType: 1, certificate: Buffer.alloc(32) },
      { usage: 3, selector: 1, matchingType: 1, certificate: key('sha256') },
    ],
    'pass medium',
  ],
  [
    'one that does not fit',
    () => [{ usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32) }],
    'fail critical',
  ],
])('%s: %s', async (_rule, records, outcome) => {
  const found = await published(...records(spki));
  expect(`${found.outcome} ${found.severity}`).toBe(outcome);
});

test('bogus is what the same question says unchecked, not another one', async () => {
  const brokenTlsa: SecureLookup = async (_name, type) =>
    type === 'TLSA' ? answer({ rcode: 'SERVFAIL', authentic: false }) : answer();
  expect((await judged(brokenTlsa)).outcome).toBe('unknown');
  const bogus: SecureLookup = async (_name, type, { checkingDisabled }) =>
    type === 'TLSA' && !checkingDisabled ? answer({ rcode: 'SERVFAIL', authentic: false }) : answer();
  expect((await judged(bogus)).severity).toBe('critical');
});
