import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { judgeFetched, judgeStsRecord } from '../../src/posture/mta-sts.ts';
import { judgeTlsRpt } from '../../src/posture/tls-rpt.ts';
import { findingsOf, only, outcomes, subjectOf } from './audits.ts';
import type { Zone } from './zone.ts';

const rsa = (bits: number): string =>
  generateKeyPairSync('rsa', { modulusLength: bits })
    .publicKey.export({ type: 'spki', format: 'der' })
    .toString('base64');
const ed25519 = (): string =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
const KEYS = { 512: rsa(512), 1024: rsa(1024), 2048: rsa(2048), ed: ed25519() };

describe('DKIM keys', () => {
  const at = (TXT: string | string[] | undefined, more: Zone = {}): Zone => ({
    'example.org': { A: '192.0.2.7' },
    ...(TXT === undefined ? {} : { 's._domainkey.example.org': { TXT } }),
    ...more,
  });
  const subject = subjectOf('example.org', ['192.0.2.7'], { selectors: [{ selector: 's', domain: 'example.org' }] });
  const look = async (zone: Zone, of = subject): Promise<string[]> => {
    const findings = await findingsOf(zone, of);
    return ['dkim.key', 'dkim.bits', 'dkim.flags'].flatMap((check) =>
      outcomes(findings, check).map((outcome) => `${check} ${outcome}`),
    );
  };
  const good = ['dkim.key pass high', 'dkim.bits pass high', 'dkim.flags pass medium'];

  test.each<[string, Zone, string[]]>([
    ['RSA 2048', at(`v=DKIM1; k=rsa; p=${KEYS[2048]}`), good],
    ['without v= and k=', at(`p=${KEYS[2048]}`), good],
    ['with spaces in the key', at(`v=DKIM1; k=rsa; p=${KEYS[2048].replace(/.{60}/g, '$& ')}`), good],
    [
      'RSA 1024',
      at(`v=DKIM1; p=${KEYS[1024]}`),
      ['dkim.key pass high', 'dkim.bits warn medium', 'dkim.flags pass medium'],
    ],
    ['RSA 512', at(`v=DKIM1; p=${KEYS[512]}`), ['dkim.key pass high', 'dkim.bits fail high', 'dkim.flags pass medium']],
    [
      'Ed25519 alone',
      at(`v=DKIM1; k=ed25519; p=${KEYS.ed}`),
      ['dkim.key pass high', 'dkim.bits warn medium', 'dkim.flags pass medium'],
    ],
    ['revoked', at('v=DKIM1; p='), ['dkim.key fail high']],
    ['no p', at('v=DKIM1; k=rsa'), ['dkim.key fail high']],
    ['cut off', at(`v=DKIM1; p=${KEYS[2048].slice(0, 200)}`), ['dkim.key fail high']],
    ['no base64', at('v=DKIM1; p=YOUR-KEY-HERE!'), ['dkim.key fail high']],
    ['another version', at(`v=DKIM2; p=${KEYS[2048]}`), ['dkim.key fail high']],
    ['the wrong kind', at(`v=DKIM1; k=ed25519; p=${KEYS[2048]}`), ['dkim.key fail high']],
    ['no record', at(undefined), ['dkim.key fail high']],
    [
      'a dangling alias',
      at(undefined, { 's._domainkey.example.org': { CNAME: 'gone.example.net' } }),
      ['dkim.key fail high'],
    ],
    [
      'an alias',
      at(undefined, {
        's._domainkey.example.org': { CNAME: 'k.example.net' },
        'k.example.net': { TXT: `p=${KEYS[2048]}` },
      }),
      good,
    ],
    ['not known', at(undefined, { 's._domainkey.example.org': { fails: 'timeout' } }), ['dkim.key unknown high']],
    [
      'testing',
      at(`v=DKIM1; t=y; p=${KEYS[2048]}`),
      ['dkim.key pass high', 'dkim.bits pass high', 'dkim.flags warn medium'],
    ],
    [
      'sha1 only',
      at(`v=DKIM1; h=sha1; p=${KEYS[2048]}`),
      ['dkim.key pass high', 'dkim.bits pass high', 'dkim.flags fail medium'],
    ],
    ['sha256 beside sha1', at(`v=DKIM1; h=sha1:sha256; p=${KEYS[2048]}`), good],
    [
      'not for e-mail',
      at(`v=DKIM1; s=tlsrpt; p=${KEYS[2048]}`),
      ['dkim.key pass high', 'dkim.bits pass high', 'dkim.flags fail medium'],
    ],
    ['for everything', at(`v=DKIM1; s=*; p=${KEYS[2048]}`), good],
    [
      'two records',
      at([`p=${KEYS[2048]}`, `p=${KEYS[1024]}`]),
      ['dkim.key pass high', 'dkim.bits pass high', 'dkim.flags fail medium'],
    ],
  ])('%s', async (_rule, zone, wanted) => expect(await look(zone)).toEqual(wanted));

  test('a note beside the key is no key', async () =>
    expect((await look(at(['a note', `p=${KEYS[2048]}`]))).slice(0, 2)).toEqual(good.slice(0, 2)));
  test.each([
    [`v=DKIM1; k=dsa; p=${KEYS[2048]}`, /^k=dsa is no kind of key that receivers know/],
    [`v=DKIM1; k=ed25519; p=${KEYS[2048]}`, /no key of k=ed25519/],
    [`v=DKIM1; p=${KEYS.ed}`, /no key of k=rsa/],
    [`v=DKIM1; p=${KEYS[2048].slice(0, 236)}`, /no key of k=rsa, or was cut off/],
    [`k=rsa; v=DKIM1; p=${KEYS[2048]}`, /version tag is not the first/],
    [`v=DKIM1; p=-----BEGIN PUBLIC KEY-----${KEYS[2048]}`, /base64/],
    ['v=DKIM1; p= ; t=s', /revoked/],
  ])('what is wrong with a key is said: %s', async (text, why) =>
    expect(only(await findingsOf(at(text), subject), 'dkim.key').why).toMatch(why),
  );
  test.each([
    [`v=DKIM1; t=y:s; p=${KEYS[1024]}`, `v=DKIM1; t=s; p=${KEYS[1024]}`],
    [`v=DKIM1; t = y; p=${KEYS[1024]}`, `v=DKIM1; p=${KEYS[1024]}`],
    [`t=y; p=${KEYS[1024]}`, `p=${KEYS[1024]}`],
    [`v=DKIM1; h=sha1; p=${KEYS[1024]}`, `v=DKIM1; p=${KEYS[1024]}`],
  ])('a flag is taken away alone: %s', async (text, after) =>
    expect(only(await findingsOf(at(text), subject), 'dkim.flags').fix?.after).toBe(
      `s._domainkey.example.org. 3600 IN TXT "${after}"`,
    ),
  );

  test('Ed25519 with RSA beside it', async () => {
    const selectors = ['e', 'r'].map((selector) => ({ selector, domain: 'example.org' }));
    const zone: Zone = {
      'e._domainkey.example.org': { TXT: `v=DKIM1; k=ed25519; p=${KEYS.ed}` },
      'r._domainkey.example.org': { TXT: `p=${KEYS[2048]}` },
    };
    expect((await look(zone, { ...subject, selectors })).filter((line) => line.startsWith('dkim.bits'))).toEqual(
      Array(2).fill('dkim.bits pass high'),
    );
  });
  test('without a selector a key is never missing', async () => {
    const findings = await findingsOf(at(undefined), subjectOf('example.org', []));
    expect(only(findings, 'dkim.key')).toMatchObject({
      outcome: 'unknown',
      settle: expect.stringContaining('--dkim-selector'),
    });
  });
  test('a usual selector may be found', async () => {
    const zone = at(undefined, { 'mail._domainkey.example.org': { TXT: `p=${KEYS[2048]}` } });
    expect(only(await findingsOf(zone, subjectOf('example.org', [])), 'dkim.key')).toMatchObject({
      outcome: 'pass',
      subject: 'mail._domainkey.example.org',
    });
  });
});

describe('MTA-STS', () => {
  test.each([
    [['v=STSv1; id=20261124'], 'pass medium'],
    [[], 'warn medium'],
    [['v=STSv1; id=a', 'v=STSv1; id=b'], 'fail medium'],
    [['v=STSv1; id='], 'fail medium'],
    [['v=STSv1; id=2026-11-24'], 'fail medium'],
    [['v=STSv1'], 'fail medium'],
    [['v=stsv1; id=a'], 'fail medium'],
    [['other', 'v=STSv1; id=a;'], 'pass medium'],
  ])('record %j: %s', async (texts, outcome) => {
    const { finding } = await judgeStsRecord('example.org', texts);
    expect(`${finding.outcome} ${finding.severity}`).toBe(outcome);
  });

  const policy = (...lines: string[]) =>
    ({ kind: 'body', body: Buffer.from(lines.join('\r\n')), type: 'text/plain; charset=utf-8' }) as const;
  const mode = (name: string, ...mx: string[]) =>
    policy('version: STSv1', `mode: ${name}`, 'max_age: 1209600', ...mx.map((host) => `mx: ${host}`));
  const body = (text: string) => ({ kind: 'body', body: Buffer.from(text), type: 'text/plain' }) as const;
  const GOOD = ['version: STSv1', 'mode: enforce', 'mx: mail.example.org', 'max_age: 1209600'];
  test.each<[string, Parameters<typeof judgeFetched>[1], string]>([
    ['enforced', mode('enforce', 'mail.example.org'), 'pass medium'],
    ['a wildcard', mode('enforce', '*.example.org'), 'pass medium'],
    ['a wildcard is one label', mode('enforce', '*.org'), 'fail high'],
    ['another host, enforced', mode('enforce', 'mx.example.org'), 'fail high'],
    ['another host, testing', mode('testing', 'mx.example.org'), 'fail medium'],
    ['testing', mode('testing', 'mail.example.org'), 'warn medium'],
    ['none', mode('none'), 'warn medium'],
    [
      'forgotten within a day',
      policy('version: STSv1', 'mode: enforce', 'max_age: 3600', 'mx: mail.example.org'),
      'warn medium',
    ],
    ['no max_age', policy('version: STSv1', 'mode: enforce', 'mx: mail.example.org'), 'fail medium'],
    ['an unknown mode', mode('strict', 'mail.example.org'), 'fail medium'],
    ['lines that end in LF alone', body(GOOD.join('\n')), 'pass medium'],
    ['lines that end in CR alone', body(GOOD.join('\r')), 'fail medium'],
    ['a byte order mark', body(`\ufeff${GOOD.join('\n')}`), 'fail medium'],
    ['max_age of a year and six hours', policy(...GOOD.slice(0, 3), 'max_age: 31557600'), 'pass medium'],
    ['max_age beyond it', policy(...GOOD.slice(0, 3), 'max_age: 31557601'), 'fail medium'],
    ['max_age in days', policy(...GOOD.slice(0, 3), 'max_age: 7d'), 'fail medium'],
    ['a mode in capitals', mode('ENFORCE', 'mail.example.org'), 'fail medium'],
    ['hosts in capitals', mode('enforce', 'MAIL.Example.ORG'), 'pass medium'],
    ['a host with a dot at its end', mode('enforce', 'mail.example.org.'), 'fail medium'],
    ['a wildcard within a name', mode('enforce', 'mail.*.org'), 'fail medium'],
    ['no hosts', mode('enforce'), 'fail medium'],
    ['no version', policy(...GOOD.slice(1)), 'fail medium'],
    ['no type', { ...mode('enforce', 'mail.example.org'), type: '' }, 'fail medium'],
    ['HTML', { ...mode('enforce', 'mail.example.org'), type: 'text/html' }, 'fail medium'],
    ['a redirect', { kind: 'wrong', why: 'the server answers 301' }, 'fail medium'],
    ['no answer', { kind: 'failed', why: 'no answer within 5 s' }, 'unknown medium'],
  ])('policy: %s', (_rule, fetched, outcome) => {
    const finding = judgeFetched('example.org', fetched, ['mail.example.org']);
    expect(`${finding.outcome} ${finding.severity}`).toBe(outcome);
  });
});

test.each([
  [['v=TLSRPTv1; rua=mailto:t@example.org'], 'pass'],
  [['v=TLSRPTv1; rua=https://r.example.net/v1'], 'pass'],
  [['v=TLSRPTv1; rua=http://r.example.net/v1'], 'fail'],
  [['v=TLSRPTv1; rua=mailto:t@example.org?subject=x, https://r.example.net:8443/v1?x=1'], 'pass'],
  [['v=TLSRPTv1; rua=mailto:tä@example.org'], 'fail'],
  [['v=TLSRPTv1; rua=mailto:t@example.org!10m'], 'fail'],
  [['v=tlsrptv1; rua=mailto:t@example.org'], 'fail'],
  [['v=TLSRPTv1; RUA=mailto:t@example.org'], 'fail'],
  [['v=TLSRPTv1;'], 'fail'],
  [['v=TLSRPTv1 rua=mailto:t@example.org'], 'fail'],
  [['v=TLSRPTv1; rua=mailto:t@example.org', 'v=TLSRPTv1; rua=mailto:u@example.org'], 'fail'],
  [[], 'warn'],
])('TLS-RPT %j: %s', (texts, outcome) => expect(judgeTlsRpt('example.org', texts).outcome).toBe(outcome));

test('64 KiB of record is read in time, and judged', async () => {
  const long = 'a'.repeat(65_000);
  const zone: Zone = {
    'example.org': { TXT: `v=spf1 ${'ip4:192.0.2.1 '.repeat(4_500)}-all` },
    '_dmarc.example.org': { TXT: `v=DMARC1; p=none; rua=mailto:${long}@example.org` },
    's._domainkey.example.org': { TXT: `p=${long}` },
    '_mta-sts.example.org': { TXT: `v=STSv1; id=${long}` },
    '_smtp._tls.example.org': { TXT: `v=TLSRPTv1; rua=${'mailto:a@b.c,'.repeat(5_000)}` },
    'default._bimi.example.org': { TXT: `v=BIMI1; l=${long}` },
  };
  const started = performance.now();
  const findings = await findingsOf(
    zone,
    subjectOf('example.org', ['192.0.2.7'], { selectors: [{ selector: 's', domain: 'example.org' }] }),
  );
  expect(outcomes(findings, 'spf.size')).toEqual(['fail low']);
  expect(performance.now() - started).toBeLessThan(3000);
});
