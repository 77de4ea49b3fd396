import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/posture/finding.ts';
import { probeService } from '../../src/posture/mail/probe.ts';
import { probeRelay } from '../../src/posture/mail/relay-probe.ts';
import { SERVICES } from '../../src/posture/mail/service.ts';
import { judgeAuth } from '../../src/posture/ports.ts';
import { judgeRelay } from '../../src/posture/relay.ts';
import { judgeService } from '../../src/posture/tls.ts';
import { type Desk, openDesk, printed } from '../desk.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { freeTcpPort } from '../port.ts';
import { type Certificates, type Identity, makeCertificates } from '../posture/mail/certificates.ts';
import { startMail } from '../posture/mail/server.ts';
import { type Zone, zoneHandler } from '../posture/zone.ts';
import { ELSEWHERE, HOST, type MailServer, mailParts, startDovecot, startPostfix } from './mail-server.ts';

const chain = ({ keyFile, chainFile }: Identity) => ({ smtpd_tls_chain_files: `${keyFile}, ${chainFile}` });

describe.skipIf(!mailParts.run)(
  mailParts.named('audit, against real Postfix and Dovecot'),
  { timeout: 120_000 },
  () => {
    let certificates: Certificates;
    let postfix: MailServer;
    let dovecot: MailServer;
    let careless: MailServer;
    let desk: Desk;
    let dns: LabServer;
    beforeAll(async () => {
      mailParts.demandParts();
      desk = openDesk();
      certificates = makeCertificates();
      const good = certificates.good(HOST);
      const old = { tls_medium_cipherlist: 'DEFAULT:@SECLEVEL=0', smtpd_tls_mandatory_ciphers: 'medium' };
      [postfix, dovecot, careless] = await Promise.all([
        startPostfix(
          good,
          {
            good: {},
            wrapped: {},
            expired: chain(certificates.expired(HOST)),
            selfSigned: chain(certificates.selfSigned(HOST)),
            wrongName: chain(certificates.good('other.example.org')),
            incomplete: chain(certificates.incomplete(HOST)),
            tls10: { smtpd_tls_protocols: 'TLSv1', ...old },
            noKey: { smtpd_tls_chain_files: '/nowhere/key.pem' },
            // Its TLS cannot be set up at all: what Postfix offers, it then answers 454.
            broken: { smtpd_tls_CAfile: '/nowhere/ca.pem' },
            noTls: { smtpd_tls_security_level: 'none' },
            slow: { smtpd_delay_reject: 'no', smtpd_client_restrictions: 'sleep 2' },
            openRelay: { mynetworks: '0.0.0.0/0' },
          },
          ['wrapped'],
        ),
        startDovecot({ identity: good, plainAuth: false }),
        startDovecot({ identity: certificates.selfSigned(HOST), plainAuth: true }),
      ]);
    });
    afterAll(async () => {
      await Promise.all([postfix?.stop(), dovecot?.stop(), careless?.stop(), dns?.close()]);
      certificates?.remove();
      desk?.close();
    });

    async function look(port: number, on: MailServer, listener: string, address = '127.0.0.1'): Promise<Finding[]> {
      const service = SERVICES.find((one) => one.port === port);
      if (service === undefined) throw new Error(`no service ${port}`);
      const options = {
        name: HOST,
        port: on.ports[listener] ?? 0,
        ca: [certificates.ca],
        deadline: 5000,
        patience: 10_000,
      };
      const seen = await probeService(service, address, {
        ...options,
        recipients: [],
        signal: new AbortController().signal,
      });
      const auth = judgeAuth(seen);
      return [...judgeService(seen, new Date()), ...(auth === null ? [] : [auth])];
    }
    const said = (findings: Finding[], check: string): string => {
      const found = findings.find((one) => one.check === check);
      return `${found?.outcome} ${found?.severity}: ${found?.why}`;
    };

    test.each<[string, string, RegExp]>([
      ['good', 'tls.cert', /^pass high: trusted for mail\.example\.org/],
      ['good', 'tls.starttls', /^pass high: STARTTLS works: TLSv1\.3/],
      ['good', 'tls.version', /^pass medium: TLSv1\.3, nothing older than 1\.2/],
      ['good', 'auth.plain', /^pass high: no log-in before TLS/],
      ['expired', 'tls.cert', /^fail high: it expired on/],
      ['selfSigned', 'tls.cert', /^fail high: it is self-signed/],
      ['wrongName', 'tls.cert', /^fail high: it is for other\.example\.org, not for mail\.example\.org/],
      ['incomplete', 'tls.cert', /^fail high: the intermediate certificate is missing/],
      ['tls10', 'tls.version', /^fail high: nothing newer than TLSv1 /],
      ['noKey', 'tls.starttls', /^fail high: STARTTLS is offered, but no session comes about/],
      ['broken', 'tls.starttls', /^fail high: STARTTLS is offered, and refused: 454 4\.7\.0/],
      ['noTls', 'tls.starttls', /^fail high: STARTTLS is not offered/],
      ['slow', 'tls.starttls', /^pass high/],
    ])('Postfix %s: %s', async (listener, check, wanted) =>
      expect(said(await look(587, postfix, listener), check)).toMatch(wanted),
    );

    test('Postfix with TLS from the first byte', async () =>
      expect(said(await look(465, postfix, 'wrapped'), 'tls.cert')).toMatch(/^pass high/));

    test.each<[string, 'pass' | 'fail']>([
      ['good', 'pass'],
      ['openRelay', 'fail'],
    ])('relay of %s: %s', async (listener, outcome) => {
      const options = {
        port: postfix.ports[listener] ?? 0,
        deadline: 5000,
        patience: 10_000,
        signal: new AbortController().signal,
      };
      // Strangers by Postfix' own mynetworks, though we sit on loopback.
      expect(judgeRelay(await probeRelay('127.0.0.1', 'somebody@example.com', options), true).outcome).toBe(outcome);
      expect(judgeRelay(await probeRelay('127.0.0.1', 'somebody@example.com', options), false).outcome).toBe('unknown');
    });

    test.each([
      [143, 'imap'],
      [993, 'imaps'],
      [110, 'pop3'],
      [995, 'pop3s'],
    ] as const)('Dovecot %d in order, and careless', async (port, listener) => {
      const [fine, bad] = await Promise.all([look(port, dovecot, listener, ELSEWHERE), look(port, careless, listener)]);
      expect(said(fine, 'tls.cert')).toMatch(/^pass high/);
      expect(said(bad, 'tls.cert')).toMatch(/^fail high: it is self-signed/);
      if (port === 143 || port === 110) {
        expect(said(fine, 'auth.plain')).toMatch(/^pass high/);
        expect(said(bad, 'auth.plain')).toMatch(/^fail high: offers (LOGIN|USER)/);
      }
    });

    test('the whole audit as a user runs it: one domain, two addresses, all ports; one hangs', async () => {
      const zone: Zone = {
        'example.org': { MX: `10 ${HOST}`, TXT: 'v=spf1 ip4:127.0.0.1 ip4:127.0.0.2 -all' },
        [HOST]: { A: '127.0.0.1' },
        '1.0.0.127.in-addr.arpa': { PTR: HOST },
        '_dmarc.example.org': { TXT: 'v=DMARC1; p=reject; rua=mailto:postmaster@example.org' },
      };
      dns = await startLab(zoneHandler(zone));
      const silent = await startMail({ greeting: null });
      const ca = desk.file('ca.pem', certificates.ca);
      const closed = await freeTcpPort();
      const ports = {
        25: postfix.ports.good,
        587: silent.port,
        465: postfix.ports.wrapped,
        143: dovecot.ports.imap,
        993: dovecot.ports.imaps,
        110: dovecot.ports.pop3,
        995: closed,
      };
      const ran = await desk.run(
        ...[
          'audit',
          'example.org',
          '127.0.0.1',
          '127.0.0.2',
          '--allow-special',
          '--resolver',
          dns.address,
          '--helo',
          HOST,
          '--ca',
          ca,
        ],
        ...['--patience', '1500', '--format', 'json', '--no-record'],
        ...Object.entries(ports).flatMap(([from, to]) => ['--port', `${from}=${to}`]),
      );
      await silent.close();
      const document = printed<{ startedAt: string; finishedAt: string; findings: Finding[] }>(ran);
      const of = (check: string, subject: string) =>
        document.findings.find((one) => one.check === check && one.subject === subject)?.outcome;
      expect({
        in: of('port.25in', '127.0.0.1:25'),
        cert: of('tls.cert', '127.0.0.1:25'),
        imaps: of('tls.cert', '127.0.0.1:993'),
        postmaster: of('role.postmaster', 'postmaster@example.org'),
        hanging: of('tls.starttls', '127.0.0.1:587'),
        spf: of('spf.pass', '127.0.0.1 as example.org'),
        noPtr: of('ptr.exists', '127.0.0.2'),
      }).toEqual({
        in: 'pass',
        cert: 'pass',
        imaps: 'pass',
        postmaster: 'pass',
        hanging: 'unknown',
        spf: 'pass',
        noPtr: 'fail',
      });
      expect(Date.parse(document.finishedAt) - Date.parse(document.startedAt)).toBeLessThan(3000);
    });
  },
);
