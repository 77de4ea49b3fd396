import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/posture/finding.ts';
import { type Desk, openDesk, printed } from '../desk.ts';
import { type Certificates, type Identity, makeCertificates } from '../posture/mail/certificates.ts';
import { type MailLab, startMail } from '../posture/mail/server.ts';
import { type SignedZones, signedParts, startSigned } from './signed-zone.ts';

const spki = ({ chain }: Identity): string =>
  createHash('sha256')
    .update(new X509Certificate(chain).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');

describe.skipIf(!signedParts.run)(
  signedParts.named('DNSSEC and DANE, against unbound and signed zones'),
  { timeout: 120_000 },
  () => {
    let certificates: Certificates;
    let desk: Desk;
    let mail: MailLab;
    let dns: SignedZones;
    beforeAll(async () => {
      signedParts.demandParts();
      desk = openDesk();
      certificates = makeCertificates();
      const identity = certificates.good('mail.good.test');
      const key = spki(identity);
      mail = await startMail({ before: ['STARTTLS'], tls: { cert: identity.chain, key: identity.key } });
      const zone = (origin: string, state: 'signed' | 'bogus' | 'unsigned', tlsa: string) => ({
        ...{ origin, state },
        records: [
          `${origin}. 300 IN MX 10 mail.${origin}.`,
          `mail.${origin}. 300 IN A 127.0.0.1`,
          ...(tlsa === '' ? [] : [`_25._tcp.mail.${origin}. 300 IN TLSA ${tlsa}`]),
        ],
      });
      const ca = createHash('sha256')
        .update(new X509Certificate(identity.chain.split(/(?=-----BEGIN)/)[1] ?? '').raw)
        .digest('hex');
      dns = await startSigned([
        zone('good.test', 'signed', `3 1 1 ${key}`),
        zone('anchor.test', 'signed', `2 0 1 ${ca}`),
        zone('stale.test', 'signed', `3 1 1 ${'ab'.repeat(32)}`),
        zone('old.test', 'signed', `1 1 1 ${key}`),
        zone('none.test', 'signed', ''),
        zone('bogus.test', 'bogus', `3 1 1 ${key}`),
        zone('plain.test', 'unsigned', `3 1 1 ${key}`),
      ]);
    });
    afterAll(async () => {
      await Promise.all([mail?.close(), dns?.stop()]);
      certificates?.remove();
      desk?.close();
    });

    test.each([
      ['good.test', 'pass low', 'pass medium'],
      ['anchor.test', 'pass low', 'pass medium'],
      ['stale.test', 'pass low', 'fail critical'],
      ['old.test', 'pass low', 'warn medium'],
      ['none.test', 'pass low', 'not-applicable medium'],
      ['plain.test', 'warn low', 'warn medium'],
    ])('%s: DNSSEC %s, DANE %s', async (domain, dnssec, dane) => {
      const ran = await desk.run(
        ...[
          'audit',
          domain,
          '--resolver',
          dns.address,
          '--allow-special',
          '--patience',
          '2000',
          '--no-record',
          '--format',
          'json',
        ],
        ...['25', '465', '587', '143', '993', '110', '995'].flatMap((port) => [
          '--port',
          `${port}=${port === '25' ? mail.port : 9}`,
        ]),
      );
      const { findings } = printed<{ findings: Finding[] }>(ran);
      const of = (check: string, subject: string): string => {
        const found = findings.find((one) => one.check === check && one.subject === subject);
        return `${found?.outcome} ${found?.severity}`;
      };
      expect([of('dnssec', domain), of('dane', `_25._tcp.mail.${domain}`)]).toEqual([dnssec, dane]);
    });

    test('bogus.test: what is wrongly signed is told from what is not there', async () => {
      const ran = await desk.run(
        ...['audit', 'bogus.test', '--resolver', dns.address, '--no-connect', '--no-record', '--format', 'json'],
      );
      const { findings } = printed<{ findings: Finding[] }>(ran);
      const found = findings.find(({ check, subject }) => check === 'dnssec' && subject === 'bogus.test');
      expect([found?.outcome, found?.severity, found?.why]).toEqual([
        'fail',
        'critical',
        expect.stringMatching(/signatures are wrong/),
      ]);
      expect(ran.status).toBe(2);
    });
  },
);
