import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditSchema } from '../../src/output/audit-schema.ts';
import type { Reply } from '../lab/reply.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { startMail } from '../posture/mail/server.ts';
import { type Zone, zoneHandler } from '../posture/zone.ts';
import { command, temporaryHome } from './world.ts';

const ZONE: Zone = {
  'example.org': { MX: '10 mail.example.org', TXT: 'v=spf1 ip4:192.0.2.7 -all' },
  'mail.example.org': { A: '192.0.2.7', TXT: 'v=spf1 a -all' },
  '7.2.0.192.in-addr.arpa': { PTR: 'mail.example.org' },
  '_dmarc.example.org': { TXT: 'v=DMARC1; p=reject; rua=mailto:dmarc@example.org' },
  '8.2.0.192.in-addr.arpa': { PTR: '192-0-2-8.isp.example.net' },
};

let lab: LabServer;
const { home, remove } = temporaryHome();
beforeAll(async () => {
  lab = await startLab(zoneHandler(ZONE));
});
afterAll(async () => {
  await lab.close();
  remove();
});

const audit = (...words: string[]) =>
  command(
    [
      'audit',
      ...words,
      '--resolver',
      lab.address,
      '--timeout',
      '1000',
      '--allow-special',
      '--no-connect',
      '--no-record',
    ],
    {
      env: { HOME: home },
    },
  );
const findings = (out: string): { check: string; subject: string; outcome: string; severity: string }[] =>
  JSON.parse(out).findings;

describe('audit', () => {
  test('JSON holds every finding with its evidence, RFC and fix', async () => {
    const { out, status } = await audit('example.org', '192.0.2.8', '--format', 'json');
    const document = JSON.parse(out);
    expect(v.safeParse(auditSchema, document).issues).toBeUndefined();
    expect(document).toMatchObject({
      version: 1,
      subject: { domains: ['example.org'] },
      summary: { fail: expect.any(Number) },
    });
    const spf = findings(out).find(({ check }) => check === 'spf.pass');
    expect(spf).toEqual({
      check: 'spf.pass',
      subject: '192.0.2.8 as example.org',
      outcome: 'fail',
      severity: 'critical',
      why: 'the record does not allow it (fail)',
      evidence: ['example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.7 -all"'],
      rfc: 'RFC 7208 4',
      fix: {
        say: 'add the address',
        before: 'example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.7 -all"',
        after: 'example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.8 ip4:192.0.2.7 -all"',
        settings: {},
      },
      settle: null,
    });
    expect(status).toBe(2);
  });

  test('the table ends with what is in order; the fix stands below what is not', async () => {
    const { out } = await audit('example.org', '192.0.2.8');
    expect(out).toContain('FAIL  spf.pass 192.0.2.8 as example.org  (critical, RFC 7208 4)');
    expect(out).toContain('new:     example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.8 ip4:192.0.2.7 -all"');
    expect(out).toMatch(/pass {2}spf\.all {9}example\.org {2}-all/);
  });

  test('a message gives selectors and HELO', async () => {
    const message =
      'Received: from mail.example.org (x [192.0.2.7])\nFrom: a@example.org\nDKIM-Signature: d=example.org; s=m1\n\n';
    const { out } = await command(
      [
        'audit',
        'example.org',
        '192.0.2.7',
        '--message',
        '-',
        '--resolver',
        lab.address,
        '--allow-special',
        '--format',
        'json',
      ],
      { env: { HOME: home }, input: message },
    );
    const of = (check: string) => findings(out).find((one) => one.check === check);
    expect(of('dkim.key')).toMatchObject({ subject: 'm1._domainkey.example.org', outcome: 'fail' });
    expect(of('helo.resolves')?.outcome).toBe('pass');
    expect(of('dmarc.align')?.outcome).toBe('pass');
  });

  test.each([
    ['ndjson', /^\{"type":"finding".*\n.*\{"type":"summary","version":1[^\n]*\n$/s],
    ['csv', /^check,subject,outcome,severity,why,evidence,rfc,fix,before,after,settle\r\n/],
    ['markdown', /\| fail \| critical \| spf\.pass \|/],
    ['nagios', /^AUDIT CRITICAL: not in order: .*\| failed=\d+;;;0 warnings=/],
  ])('--format %s', async (format, wanted) => {
    const { out } = await audit('example.org', '192.0.2.8', '--format', format);
    expect(out).toMatch(wanted);
  });

  test('nobody answers: unknown, exit 3', async () => {
    const silent = await startLab(() => ({ silence: true }));
    const ran = await command(
      [
        'audit',
        'example.org',
        '--resolver',
        silent.address,
        '--timeout',
        '200',
        '--format',
        'json',
        '--allow-special',
        '--no-connect',
        '--no-record',
      ],
      { env: { HOME: home } },
    );
    await silent.close();
    expect(ran.status).toBe(3);
    expect(new Set(findings(ran.out).map(({ outcome }) => outcome))).toEqual(new Set(['unknown']));
  });

  test.each(['json', 'table', 'csv'])(
    '--format %s: records of strangers are read in time, and nothing of them reaches the terminal',
    async (format) => {
      const includes = Array.from({ length: 2400 }, (_, at) => `include:h${at % 240}.example.net`).join(' ');
      const hostile: Record<string, Reply> = {
        'TXT example.org': { txt: [`v=spf1 ${includes} -all`.match(/.{1,255}/gs) ?? []], truncated: true },
        'TXT _dmarc.example.org': { txt: ['v=DMARC1; p=none; rua=mailto:<script>@x.example\u001b[31m\r\nX: y'] },
        'PTR 7.2.0.192.in-addr.arpa': { ptr: ['a\u001b[31mb\u0000.example.org'] },
        'MX example.org': { mx: ['10 mail.example.org'] },
        'A mail.example.org': { a: ['192.0.2.7'] },
      };
      const stranger = await startLab(({ name, type }) => {
        const [, number] = /^h(\d+)\.example\.net$/.exec(name) ?? [];
        if (type === 'TXT' && number !== undefined)
          return { ra: true, txt: [`v=spf1 include:h${(Number(number) + 1) % 240}.example.net -all`] };
        return { ra: true, ...(hostile[`${type} ${name}`] ?? { nxdomain: true }) };
      });
      const started = performance.now();
      const { out } = await command(
        [
          'audit',
          'example.org',
          '192.0.2.7',
          '--resolver',
          stranger.address,
          '--timeout',
          '1000',
          '--allow-special',
        ].concat(['--no-connect', '--no-record', '--format', format]),
        { env: { HOME: home } },
      );
      await stranger.close();
      expect(performance.now() - started).toBeLessThan(5000);
      expect(out).not.toMatch(/[^\P{Cc}\r\n]/u);
      if (format !== 'json') return;
      const outcome = (check: string) => findings(out).find((one) => one.check === check)?.outcome;
      expect(['spf.lookups', 'spf.size', 'dmarc.rua', 'ptr.fcrdns'].map(outcome)).toEqual(Array(4).fill('fail'));
    },
  );

  test('--open-relay tries the named address alone, and does not judge from a place that the server may trust', async () => {
    const mail = await startMail({ rcpt: '250 ok' });
    const ran = await command(
      [
        'audit',
        '127.0.0.1',
        '--open-relay',
        '--resolver',
        lab.address,
        '--allow-special',
        '--no-record',
        '--format',
        'json',
      ].concat(
        [25, 465, 587, 143, 993, 110, 995].flatMap((port) => ['--port', `${port}=${port === 25 ? mail.port : 9}`]),
      ),
      { env: { HOME: home } },
    );
    await mail.close();
    const relay = findings(ran.out).find(({ check }) => check === 'relay');
    expect(relay).toMatchObject({ outcome: 'unknown', severity: 'critical' });
    expect(mail.commands).toContain('RCPT TO:<relay-test@example.com>');
    expect(mail.commands).not.toContain('DATA');
  });

  test.each([
    [['192.0.2.0/24'], /expected single addresses and domains/],
    [['example.org', '--message', '/nowhere.eml'], /--message \/nowhere\.eml: there is no such file/],
    [['192.0.2.7', '--dkim-selector', 'mail'], /expected a domain to audit/],
    [['example.org', '--port', '25'], /expected PORT=OTHER/],
  ])('%j is refused in words', async (words, said) => {
    const ran = await audit(...words);
    expect([ran.status, ran.err]).toEqual([3, expect.stringMatching(said)]);
  });
});
