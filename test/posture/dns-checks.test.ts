import { describe, expect, test } from 'vitest';
import { standingOf } from '../../src/posture/finding.ts';
import { parseMessage } from '../../src/posture/message.ts';
import { findingsOf, only, outcomes, subjectOf } from './audits.ts';
import type { Zone } from './zone.ts';

/** Everything in order for one server with both families. */
const GOOD: Zone = {
  'example.org': { MX: '10 mail.example.org', TXT: 'v=spf1 ip4:192.0.2.7 ip6:2001:db8::7 -all' },
  'mail.example.org': { A: '192.0.2.7', AAAA: '2001:db8::7', TXT: 'v=spf1 a -all' },
  '7.2.0.192.in-addr.arpa': { PTR: 'mail.example.org' },
  '7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { PTR: 'mail.example.org' },
  '_dmarc.example.org': { TXT: 'v=DMARC1; p=reject; rua=mailto:dmarc@example.org' },
  '_smtp._tls.example.org': { TXT: 'v=TLSRPTv1; rua=mailto:tls@example.org' },
};
const both = subjectOf('example.org', ['192.0.2.7', '2001:db8::7'], { helo: 'mail.example.org' });
const v4 = subjectOf('example.org', ['192.0.2.7'], { helo: 'mail.example.org' });
const changed = (zone: Zone): Zone => ({ ...GOOD, ...zone });

test('a server in order: nothing fails', async () => {
  const findings = await findingsOf(GOOD, both);
  expect(findings.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
  for (const check of [
    'ptr.exists',
    'ptr.fcrdns',
    'ptr.not_generic',
    'ptr.own_domain',
    'helo.fqdn',
    'helo.resolves',
    'helo.ptr',
  ])
    expect(findings.filter((one) => one.check === check).map(({ outcome }) => outcome)).toEqual(['pass', 'pass']);
  expect(outcomes(findings, 'spf.pass')).toEqual(Array(4).fill('pass critical'));
  expect(standingOf(findings.filter(({ check }) => check !== 'dkim.key'))).toBe(0);
});

describe('MX', () => {
  test.each<[string, Zone, string]>([
    ['no such domain', { 'example.org': {} }, 'fail high'],
    ['none, but an address of the domain', { 'example.org': { A: '192.0.2.7' } }, 'warn medium'],
    ['null MX, and it sends', { 'example.org': { MX: '0 .' } }, 'warn medium'],
    ['null MX beside another', { 'example.org': { MX: ['0 .', '10 mail.example.org'] } }, 'fail high'],
    [
      'an alias',
      { 'mail.example.org': { CNAME: 'real.example.org' }, 'real.example.org': { A: '192.0.2.7' } },
      'fail high',
    ],
    ['an address', { 'example.org': { MX: '10 192.0.2.7' } }, 'fail high'],
    ['a host without an address', { 'mail.example.org': { TXT: 'x' } }, 'fail high'],
    ['the resolver fails', { 'example.org': { fails: 'servfail' } }, 'unknown high'],
    ['its host cannot be looked up', { 'mail.example.org': { fails: 'timeout' } }, 'unknown high'],
    ['in order', {}, 'pass high'],
  ])('%s', async (_rule, zone, outcome) =>
    expect(outcomes(await findingsOf(changed(zone), v4), 'mx.exists')).toEqual([outcome]),
  );

  test('one of two hosts has no address: less grave', async () => {
    const findings = await findingsOf(
      changed({ 'example.org': { MX: ['10 mail.example.org', '20 gone.example.org'] } }),
      v4,
    );
    expect(outcomes(findings, 'mx.exists')).toEqual(['fail medium']);
  });
  test('a domain that takes no mail and sends none has nothing to check', async () => {
    const findings = await findingsOf(changed({ 'example.org': { MX: '0 .' } }), subjectOf('example.org', []));
    expect(outcomes(findings, 'mx.exists')).toEqual(['not-applicable high']);
  });
});

describe('reverse names', () => {
  const name = '7.2.0.192.in-addr.arpa';
  test.each<[string, Zone, string[]]>([
    ['none', { [name]: {} }, ['fail critical', 'fail critical', 'fail high', 'fail medium']],
    [
      'not known',
      { [name]: { fails: 'timeout' } },
      ['unknown critical', 'unknown critical', 'unknown high', 'unknown medium'],
    ],
    [
      'leads elsewhere',
      { 'mail.example.org': { A: '192.0.2.8' } },
      ['pass critical', 'fail critical', 'pass high', 'pass medium'],
    ],
    [
      'leads nowhere',
      { [name]: { PTR: 'gone.example.org' } },
      ['pass critical', 'fail critical', 'pass high', 'pass medium'],
    ],
    [
      'forward unknown',
      { 'mail.example.org': { fails: 'servfail' } },
      ['pass critical', 'unknown critical', 'pass high', 'pass medium'],
    ],
    [
      'in capitals',
      { [name]: { PTR: 'MAIL.Example.ORG.' } },
      ['pass critical', 'pass critical', 'pass high', 'pass medium'],
    ],
    ['localhost', { [name]: { PTR: 'localhost' } }, ['pass critical', 'fail critical', 'fail high', 'fail medium']],
    ['the address', { [name]: { PTR: '192.0.2.7' } }, ['pass critical', 'fail critical', 'fail high', 'fail medium']],
    [
      'thirty, of which the last leads back',
      { [name]: { PTR: [...Array.from({ length: 30 }, (_, at) => `n${at}.example.net`), 'mail.example.org'] } },
      ['pass critical', 'warn critical', 'pass high', 'pass medium'],
    ],
    [
      'one of two leads back',
      { [name]: { PTR: ['gone.example.org', 'mail.example.org'] } },
      ['pass critical', 'pass critical', 'pass high', 'pass medium'],
    ],
    [
      'an alias of the zone of the block (RFC 2317)',
      { [name]: { CNAME: '7.0-15.2.0.192.in-addr.arpa' }, '7.0-15.2.0.192.in-addr.arpa': { PTR: 'mail.example.org' } },
      ['pass critical', 'pass critical', 'pass high', 'pass medium'],
    ],
    [
      'generic, of the provider',
      { [name]: { PTR: '192-0-2-7.isp.example.net' }, '192-0-2-7.isp.example.net': { A: '192.0.2.7' } },
      ['pass critical', 'pass critical', 'fail high', 'fail medium'],
    ],
  ])('%s', async (_rule, zone, wanted) => {
    const findings = await findingsOf(changed(zone), v4);
    expect(
      ['ptr.exists', 'ptr.fcrdns', 'ptr.not_generic', 'ptr.own_domain'].flatMap((check) => outcomes(findings, check)),
    ).toEqual(wanted);
  });

  test('whose domain it is was not said: unknown, with the way to settle it', async () => {
    const findings = await findingsOf(GOOD, subjectOf(null, ['192.0.2.7']));
    expect(only(findings, 'ptr.own_domain').settle).toBe('dnsblwatch audit 192.0.2.7 YOUR-DOMAIN');
  });
  test('another domain of the same operator counts', async () => {
    const findings = await findingsOf(GOOD, subjectOf('shop.example', ['192.0.2.7'], { ownDomains: ['example.org'] }));
    expect(only(findings, 'ptr.own_domain').outcome).toBe('pass');
  });
  test.each<[string, Zone[string], string]>([
    ['none', {}, 'ptr.exists'],
    ['localhost', { PTR: 'localhost' }, 'ptr.fcrdns'],
    ['control characters', { PTR: 'mail\u001b[2J\u0000.example.org' }, 'ptr.fcrdns'],
  ])('%s: the fix can be copied', async (_rule, records, check) => {
    const findings = await findingsOf(changed({ [name]: records }), v4);
    expect(findings.find((one) => one.check === check)?.fix?.after).toBe(
      '7.2.0.192.in-addr.arpa. 3600 IN PTR mail.example.org.\nmail.example.org. 3600 IN A 192.0.2.7',
    );
  });
});

describe('HELO', () => {
  test('not given: unknown, never a failure', async () => {
    const findings = await findingsOf(GOOD, subjectOf('example.org', ['192.0.2.7']));
    expect(outcomes(findings, 'helo.fqdn')).toEqual(['unknown high']);
    expect(findings.find(({ check }) => check === 'helo.fqdn')?.settle).toContain('--helo');
  });
  test.each([
    'localhost',
    'localhost.localdomain',
    'mail',
    '192.0.2.7',
    '[192.0.2.7]',
    'srv.local',
    'srv.corp',
    'srv.example',
    'mail.example.123',
    'mail_1.example.org',
    '-mail.example.org',
  ])('%s is no full name', async (helo) => {
    const findings = await findingsOf(GOOD, subjectOf('example.org', ['192.0.2.7'], { helo }));
    expect(outcomes(findings, 'helo.fqdn')).toEqual(['fail high']);
  });
  test('it must lead to the address', async () => {
    const elsewhere = await findingsOf(changed({ 'mail.example.org': { A: '192.0.2.8' } }), v4);
    expect(outcomes(elsewhere, 'helo.resolves')).toEqual(['fail high']);
    const nowhere = await findingsOf(GOOD, { ...v4, helo: 'gone.example.org' });
    expect([outcomes(nowhere, 'helo.resolves'), outcomes(nowhere, 'helo.ptr')]).toEqual([
      ['fail high'],
      ['warn medium'],
    ]);
  });
  test('read from the Received line of a message', async () => {
    const message = parseMessage(
      'Received: from mail.example.org (mail.example.org [192.0.2.7]) by mx.example.net\r\n\r\n',
    );
    const findings = await findingsOf(GOOD, subjectOf('example.org', ['192.0.2.7'], { message }));
    expect(outcomes(findings, 'helo.resolves')).toEqual(['pass high']);
  });
});

describe('TLS outwards, read from Received lines', () => {
  const of = (line: string | null) =>
    findingsOf(GOOD, { ...v4, message: line === null ? null : parseMessage(`Received: ${line}\n\n`) });
  test.each([
    [
      'from mail.example.org (x [192.0.2.7]) (using TLSv1.3 with cipher X) by mx.example.net with ESMTPS id 1',
      'pass high',
    ],
    ['from mail.example.org ([192.0.2.7]) by mx.google.com with ESMTPS id 1 (version=TLS1_3 cipher=X)', 'pass high'],
    ['from mail.example.org ([192.0.2.7]) by mx.example.net with UTF8SMTPSA id 1', 'pass high'],
    ['from mail.example.org ([192.0.2.7]) by mx.example.net with ESMTP id 1', 'warn high'],
    ['from other.example.org ([192.0.2.8]) by mx.example.net with ESMTP id 1', 'unknown high'],
    [null, 'unknown high'],
  ])('%s: %s', async (line, outcome) => expect(outcomes(await of(line), 'tls.outbound')).toEqual([outcome]));
});

describe('SPF', () => {
  const spf = (TXT: string | string[], more: Zone = {}): Zone =>
    changed({ 'example.org': { MX: '10 mail.example.org', TXT }, ...more });
  const includes = (count: number): Zone =>
    Object.fromEntries(
      Array.from({ length: count }, (_, at) => [`i${at}.example.net`, { TXT: 'v=spf1 ip4:203.0.113.1 -all' }]),
    );
  const terms = (count: number): string =>
    Array.from({ length: count }, (_, at) => `include:i${at}.example.net`).join(' ');

  test.each<[string, Zone, string[]]>([
    ['allows the address', GOOD, ['pass critical', 'pass critical']],
    ['not this address', spf('v=spf1 ip4:192.0.2.8 -all'), ['fail critical', 'pass critical']],
    ['softfail is not allowed', spf('v=spf1 ip4:192.0.2.8 ~all'), ['fail critical', 'pass critical']],
    ['no record', spf('x'), ['fail critical', 'pass critical']],
    ['two records', spf(['v=spf1 mx -all', 'v=spf1 a -all']), ['fail critical', 'pass critical']],
    [
      'cannot be looked up',
      spf('v=spf1 include:slow.example.net -all', { 'slow.example.net': { fails: 'timeout' } }),
      ['unknown critical', 'pass critical'],
    ],
    ['HELO has no record', changed({ 'mail.example.org': { A: '192.0.2.7' } }), ['pass critical', 'warn low']],
    [
      'HELO is denied',
      changed({ 'mail.example.org': { A: '192.0.2.7', TXT: 'v=spf1 -all' } }),
      ['pass critical', 'fail critical'],
    ],
  ])('%s', async (_rule, zone, wanted) => expect(outcomes(await findingsOf(zone, v4), 'spf.pass')).toEqual(wanted));

  test('v4 and v6 are judged apart', async () => {
    const findings = await findingsOf(spf('v=spf1 ip4:192.0.2.7 -all'), both);
    expect(outcomes(findings, 'spf.pass').slice(0, 2)).toEqual(['pass critical', 'fail critical']);
    expect(findings.find(({ check, outcome }) => check === 'spf.pass' && outcome === 'fail')?.fix?.after).toBe(
      'example.org. 3600 IN TXT "v=spf1 ip6:2001:db8::7 ip4:192.0.2.7 -all"',
    );
  });
  test('an MX host that SPF does not name may only receive', async () => {
    const findings = await findingsOf(spf('v=spf1 ip4:192.0.2.8 -all'), subjectOf('example.org', []));
    expect(outcomes(findings, 'spf.pass')).toEqual(['unknown critical', 'unknown critical']);
  });

  test.each<[string, Zone, string, RegExp]>([
    [
      '11 lookups, though an address matches first',
      spf(`v=spf1 ip4:192.0.2.7 ${terms(11)} -all`, includes(11)),
      'fail high',
      /^11 lookups/,
    ],
    ['10 lookups', spf(`v=spf1 ip4:192.0.2.7 ${terms(10)} -all`, includes(10)), 'pass high', /^10 of 10.*no room/],
    [
      '12 within an include',
      spf('v=spf1 ip4:192.0.2.7 include:big.example.net -all', {
        ...includes(11),
        'big.example.net': { TXT: `v=spf1 ${terms(11)} -all` },
      }),
      'fail high',
      /^12 lookups/,
    ],
    [
      '3 that find nothing',
      spf('v=spf1 ip4:192.0.2.7 a:x.example.net a:y.example.net a:z.example.net -all'),
      'fail high',
      /^3 lookups find nothing/,
    ],
    ['2 that find nothing', spf('v=spf1 ip4:192.0.2.7 a:x.example.net a:y.example.net -all'), 'pass high', /2 of 2/],
    ['includes itself', spf('v=spf1 ip4:192.0.2.7 include:example.org -all'), 'fail high', /example.org → example.org/],
    [
      'a circle of three',
      spf('v=spf1 include:a.example.net -all', {
        'a.example.net': { TXT: 'v=spf1 include:b.example.net ~all' },
        'b.example.net': { TXT: 'v=spf1 redirect=a.example.net' },
      }),
      'fail high',
      /a\.example\.net → b\.example\.net → a\.example\.net/,
    ],
    [
      'mx with 11 hosts',
      spf('v=spf1 mx:many.example.net -all', {
        'many.example.net': { MX: Array.from({ length: 11 }, (_, at) => `${at} h${at}.example.net`) },
      }),
      'fail high',
      /11 hosts/,
    ],
    [
      'unknown',
      spf('v=spf1 include:slow.example.net -all', { 'slow.example.net': { fails: 'servfail' } }),
      'unknown high',
      /SERVFAIL/,
    ],
  ])('lookups: %s', async (_rule, zone, outcome, why) => {
    const finding = only(await findingsOf(zone, v4), 'spf.lookups');
    expect([`${finding.outcome} ${finding.severity}`, finding.why]).toEqual([outcome, expect.stringMatching(why)]);
  });

  test.each<[string, Zone, string]>([
    ['one valid record', GOOD, 'pass high'],
    ['none', spf('v=spf2.0/pra'), 'fail high'],
    ['meant, but not begun rightly', spf('spf1 ip4:192.0.2.7 -all'), 'fail high'],
    ['several', spf(['v=spf1 mx -all', 'V=SPF1 a -all']), 'fail high'],
    ['an unknown mechanism', spf('v=spf1 ipv4:192.0.2.7 -all'), 'fail high'],
    ['an address that is none', spf('v=spf1 ip4:192.0.2.300 -all'), 'fail high'],
    ['two redirects', spf('v=spf1 redirect=a.example.net redirect=b.example.net'), 'fail high'],
    ['an include without a record', spf('v=spf1 include:none.example.net -all'), 'fail high'],
    [
      'an include with an error',
      spf('v=spf1 include:bad.example.net -all', { 'bad.example.net': { TXT: 'v=spf1 foo:bar -all' } }),
      'fail high',
    ],
    ['not known', changed({ 'example.org': { fails: 'timeout' } }), 'unknown high'],
  ])('record: %s', async (_rule, zone, outcome) =>
    expect(outcomes(await findingsOf(zone, v4), 'spf.record')).toEqual([outcome]),
  );

  test.each<[string, string, Zone, string]>([
    ['-all', 'v=spf1 mx -all', {}, 'pass medium'],
    ['~all', 'v=spf1 mx ~all', {}, 'pass medium'],
    ['?all', 'v=spf1 mx ?all', {}, 'fail medium'],
    ['+all', 'v=spf1 mx +all', {}, 'fail critical'],
    ['all', 'v=spf1 mx all', {}, 'fail critical'],
    ['none', 'v=spf1 mx', {}, 'fail medium'],
    [
      'through redirect',
      'v=spf1 redirect=r.example.net',
      { 'r.example.net': { TXT: 'v=spf1 mx -all' } },
      'pass medium',
    ],
    [
      '+all through redirect',
      'v=spf1 redirect=r.example.net',
      { 'r.example.net': { TXT: 'v=spf1 +all' } },
      'fail critical',
    ],
    [
      'an include that allows the world',
      'v=spf1 include:r.example.net -all',
      { 'r.example.net': { TXT: 'v=spf1 +all' } },
      'fail critical',
    ],
    ['0.0.0.0/0', 'v=spf1 ip4:0.0.0.0/0 -all', {}, 'fail critical'],
    ['::/0', 'v=spf1 ip6:::/0 -all', {}, 'fail critical'],
    ['a/0', 'v=spf1 a:mail.example.org/0 -all', {}, 'fail critical'],
    ['exists of a fixed name', 'v=spf1 exists:mail.example.org -all', {}, 'fail critical'],
    ['half of the world', 'v=spf1 ip4:0.0.0.0/1 -all', {}, 'fail high'],
    ['a large network', 'v=spf1 ip4:10.0.0.0/8 -all', {}, 'pass medium'],
    [
      'a redirect to a record without one',
      'v=spf1 redirect=r.example.net',
      { 'r.example.net': { TXT: 'v=spf1 mx' } },
      'fail medium',
    ],
    ['a redirect to no record', 'v=spf1 redirect=none.example.net', {}, 'not-applicable medium'],
  ])('all: %s', async (_rule, text, more, outcome) =>
    expect(outcomes(await findingsOf(spf(text, more), v4), 'spf.all')).toEqual([outcome]),
  );

  test.each<[string, Zone, string]>([
    ['v=spf1 mx +all', {}, 'example.org. 3600 IN TXT "v=spf1 mx ~all"'],
    ['v=spf1 mx', {}, 'example.org. 3600 IN TXT "v=spf1 mx ~all"'],
    ['v=spf1 mx ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all', {}, 'example.org. 3600 IN TXT "v=spf1 mx -all"'],
    [
      'v=spf1 mx include:r.example.net -all',
      { 'r.example.net': { TXT: 'v=spf1 +all' } },
      'example.org. 3600 IN TXT "v=spf1 mx -all"',
    ],
    [
      'v=spf1 redirect=r.example.net',
      { 'r.example.net': { TXT: 'v=spf1 mx ?all' } },
      'r.example.net. 3600 IN TXT "v=spf1 mx ~all"',
    ],
    [
      'v=spf1 redirect=r.example.net',
      { 'r.example.net': { TXT: 'v=spf1 mx' } },
      'r.example.net. 3600 IN TXT "v=spf1 mx ~all"',
    ],
  ])('the end of %s is mended where it stands', async (text, more, after) =>
    expect(only(await findingsOf(spf(text, more), v4), 'spf.all').fix?.after).toBe(after),
  );
  test.each([
    ['v=spf1\tip4:192.0.2.7 -all', 'v=spf1 ip4:192.0.2.7 -all'],
    ['"v=spf1 ip4:192.0.2.7 -all"', 'v=spf1 ip4:192.0.2.7 -all'],
    ['“v=spf1 ip4:192.0.2.7 -all”', 'v=spf1 ip4:192.0.2.7 -all'],
    ['v=spf1\u00a0ip4:192.0.2.7 ~all', 'v=spf1 ip4:192.0.2.7 ~all'],
    ['spf1 mx -all', 'v=spf1 mx -all'],
    ['v=spf1; mx; -all', 'v=spf1 mx ~all'],
    ['SPF: please see our page', 'v=spf1 mx ~all'],
  ])('what was meant as a record is mended: %s', async (text, after) => {
    const found = only(await findingsOf(spf(text), v4), 'spf.record');
    expect([found.outcome, found.fix?.after]).toEqual(['fail', `example.org. 3600 IN TXT "${after}"`]);
  });
  test('hosts with IPv4 alone are void for senders over IPv6 only: little harm', async () => {
    const hosts = {
      'a.example.net': { A: '192.0.2.8' },
      'b.example.net': { A: '192.0.2.9' },
      'c.example.net': { A: '192.0.2.10' },
    };
    const found = only(
      await findingsOf(spf('v=spf1 a:a.example.net a:b.example.net a:c.example.net -all', hosts), v4),
      'spf.lookups',
    );
    expect(`${found.outcome} ${found.severity} ${found.why}`).toMatch(
      /^warn low for senders over IPv6 3 lookups find nothing/,
    );
  });
  test.each([
    ['v=spf1 MX mx -all', 'v=spf1 MX -all'],
    ['v=spf1 exists:%{S}.e.example.net mx mx -all', 'v=spf1 exists:%{S}.e.example.net mx -all'],
    ['v=spf1 mx -ip4:192.0.2.8 mx ~all', 'v=spf1 mx -ip4:192.0.2.8 ~all'],
  ])('of terms that stand twice the first stays, as it is written: %s', async (text, after) => {
    const found = only(await findingsOf(spf(text), v4), 'spf.duplicates');
    expect([found.outcome, found.fix?.after]).toEqual(['warn', `example.org. 3600 IN TXT "${after}"`]);
  });
  test('macros that differ in case are no duplicates: the large one is escaped (RFC 7208 7.3)', async () => {
    const zone = spf('v=spf1 exists:%{s}.e.example.net exists:%{S}.e.example.net -all');
    expect(only(await findingsOf(zone, v4), 'spf.duplicates').outcome).toBe('pass');
  });
  test('two records are joined as they are written, the first of each term', async () => {
    const zone = spf(['v=spf1 exists:%{S}.E.example.net mx ~all', 'v=spf1 MX a -ALL']);
    expect(only(await findingsOf(zone, v4), 'spf.record').fix?.after).toBe(
      'example.org. 3600 IN TXT "v=spf1 exists:%{S}.E.example.net mx a -all"',
    );
  });
  test('ptr, size and duplicates are advised against', async () => {
    const long = `v=spf1 ${Array.from({ length: 34 }, (_, at) => `ip4:198.51.100.${at}`).join(' ')} ptr mx mx -all`;
    const findings = await findingsOf(spf(long), v4);
    expect(['spf.ptr', 'spf.size', 'spf.duplicates'].flatMap((check) => outcomes(findings, check))).toEqual([
      'warn low',
      'fail low',
      'warn low',
    ]);
  });
});

describe('DMARC', () => {
  const dmarc = (TXT: string | string[], more: Zone = {}): Zone => changed({ '_dmarc.example.org': { TXT }, ...more });
  test.each<[string, Zone, string[], string[]]>([
    ['reject', dmarc('v=DMARC1; p=reject; rua=mailto:d@example.org'), ['pass high'], ['pass medium']],
    ['quarantine', dmarc('v=DMARC1; p=quarantine; rua=mailto:d@example.org'), ['pass high'], ['pass medium']],
    ['none', dmarc('v=DMARC1; p=none; rua=mailto:d@example.org'), ['pass high'], ['warn medium']],
    [
      't=y lowers quarantine to none',
      dmarc('v=DMARC1; p=quarantine; t=y; rua=mailto:d@example.org'),
      ['pass high'],
      ['warn medium'],
    ],
    [
      't=y lowers reject to quarantine',
      dmarc('v=DMARC1; p=reject; t=y; rua=mailto:d@example.org'),
      ['pass high'],
      ['pass medium'],
    ],
    ['pct is historic', dmarc('v=DMARC1; p=reject; pct=20; rua=mailto:d@example.org'), ['pass high'], ['warn medium']],
    [
      'subdomains left open',
      dmarc('v=DMARC1; p=reject; sp=none; rua=mailto:d@example.org'),
      ['pass high'],
      ['warn medium'],
    ],
    ['no record', changed({ '_dmarc.example.org': {} }), ['fail high'], []],
    ['two records', dmarc(['v=DMARC1; p=none', 'v=DMARC1; p=reject']), ['fail high'], []],
    ['a policy that is none', dmarc('v=DMARC1; p=rejct; rua=mailto:d@example.org'), ['fail high'], ['warn medium']],
    ['no policy and no reports', dmarc('v=DMARC1; adkim=r'), ['fail high'], ['fail medium']],
    ['not begun rightly', dmarc('v=dmarc1; p=reject'), ['fail high'], []],
    ['a tag twice', dmarc('v=DMARC1; p=none; p=reject'), ['fail high'], []],
    ['not known', changed({ '_dmarc.example.org': { fails: 'servfail' } }), ['unknown high'], ['unknown medium']],
  ])('%s', async (_rule, zone, record, policy) => {
    const findings = await findingsOf(zone, v4);
    expect([outcomes(findings, 'dmarc.record'), outcomes(findings, 'dmarc.policy')]).toEqual([record, policy]);
  });

  test.each([
    ['v=DMARC1; p=none; t=y; rua=mailto:d@example.org', 'v=DMARC1; p=quarantine; rua=mailto:d@example.org'],
    ['v=DMARC1; p=none; t=y', 'v=DMARC1; p=quarantine'],
    ['v=DMARC1; t=y; p=quarantine;', 'v=DMARC1; p=quarantine;'],
    ['v=DMARC1; p=none; sp=none; np=none', 'v=DMARC1; p=quarantine; sp=quarantine; np=quarantine'],
    ['v=DMARC1; p=reject; np=none', 'v=DMARC1; p=reject'],
    ['v=DMARC1; p=reject; sp=none; adkim=s', 'v=DMARC1; p=reject; adkim=s'],
    ['v=DMARC1; rua=mailto:d@example.org', 'v=DMARC1; p=quarantine; rua=mailto:d@example.org'],
  ])('the fix of %s is %s', async (text, after) => {
    const found = only(await findingsOf(dmarc(text), v4), 'dmarc.policy');
    expect([found.outcome, found.fix?.after]).toEqual(['warn', `_dmarc.example.org. 3600 IN TXT "${after}"`]);
  });

  test.each([
    [' v=DMARC1; p=reject', 'v=DMARC1; p=reject'],
    ['v=DMARC1 p=reject; rua=mailto:d@example.org', 'v=DMARC1; p=reject; rua=mailto:d@example.org'],
    ['"v=DMARC1; p=reject"', 'v=DMARC1; p=reject'],
    ['v=DMARC1\\; p=reject', 'v=DMARC1; p=reject'],
    ['v=dmarc1; p=reject', 'v=DMARC1; p=reject'],
    ['v=DMARC1；p=reject', 'v=DMARC1; p=reject'],
    ['v=DMARC1; p=reject; p=none', 'v=DMARC1; p=reject'],
    ['v=DMARC1; P=reject; sp=none', 'v=DMARC1; p=reject; sp=none'],
    ['v=DMARC1; p=block', 'v=DMARC1; p=none'],
    ['v=DMARC1; p=reject; sp=never; adkim=s', 'v=DMARC1; p=reject; adkim=s'],
    ['DMARC is coming', 'v=DMARC1; p=none; rua=mailto:dmarc@example.org'],
  ])('a record that does not count is mended, with all that it says: %s', async (text, after) => {
    const found = only(await findingsOf(dmarc(text), v4), 'dmarc.record');
    expect([found.outcome, found.fix?.after]).toEqual(['fail', `_dmarc.example.org. 3600 IN TXT "${after}"`]);
  });

  describe('the tree walk (RFC 9989 4.10)', () => {
    const sub = (domain: string) => subjectOf(domain, ['192.0.2.7']);
    test('a subdomain inherits, by sp where there is one', async () => {
      const findings = await findingsOf(
        dmarc('v=DMARC1; p=reject; sp=none; rua=mailto:d@example.org'),
        sub('news.example.org'),
      );
      expect(only(findings, 'dmarc.record').why).toBe('the record of example.org applies');
      expect(outcomes(findings, 'dmarc.policy')).toEqual(['warn medium']);
    });
    test('a name that does not exist inherits np, and sp where there is none', async () => {
      const record = 'v=DMARC1; p=none; sp=none; np=reject';
      const ghost = await findingsOf(dmarc(record), sub('ghost.example.org'));
      expect(only(ghost, 'dmarc.policy').why).toBe('the policy, from example.org, is reject');
      const there = await findingsOf(dmarc(record), sub('mail.example.org'));
      expect(only(there, 'dmarc.policy').why).toMatch(/^the policy, from example.org, is none/);
      const unsaid = await findingsOf(dmarc('v=DMARC1; p=none; sp=reject'), sub('ghost.example.org'));
      expect(only(unsaid, 'dmarc.policy').why).toBe('the policy, from example.org, is reject');
    });
    test('from eight labels on the walk goes from the name to its last seven', async () => {
      const zone = dmarc('v=DMARC1; p=reject', {
        '_dmarc.c.d.e.f.g.h.i.example.org': { TXT: 'v=DMARC1; p=none; psd=n' },
      });
      expect(only(await findingsOf(zone, sub('a.b.c.d.e.f.g.h.i.example.org')), 'dmarc.record').why).toBe(
        'the record of example.org applies',
      );
      const seven = dmarc('v=DMARC1; p=reject', { '_dmarc.e.f.g.h.i.example.org': { TXT: 'v=DMARC1; p=none; psd=n' } });
      expect(only(await findingsOf(seven, sub('a.b.c.d.e.f.g.h.i.example.org')), 'dmarc.record').why).toBe(
        'the record of e.f.g.h.i.example.org applies',
      );
    });
    test('the longest of several names above does not count, the organizational domain does', async () => {
      const zone = dmarc('v=DMARC1; p=reject', { '_dmarc.b.example.org': { TXT: 'v=DMARC1; p=none' } });
      expect(only(await findingsOf(zone, sub('a.b.example.org')), 'dmarc.record').why).toBe(
        'the record of example.org applies',
      );
    });
    test('psd=n ends the walk', async () => {
      const zone = dmarc('v=DMARC1; p=reject', { '_dmarc.b.example.org': { TXT: 'v=DMARC1; p=none; psd=n' } });
      expect(only(await findingsOf(zone, sub('a.b.example.org')), 'dmarc.record').why).toBe(
        'the record of b.example.org applies',
      );
    });
    test('a public suffix operator’s record applies where there is no other', async () => {
      const zone: Zone = { '_dmarc.bank': { TXT: 'v=DMARC1; p=reject; psd=y' }, 'one.bank': { A: '192.0.2.7' } };
      expect(only(await findingsOf(zone, sub('one.bank')), 'dmarc.record').why).toBe('the record of bank applies');
    });
    test('a record above cannot be looked up: unknown', async () => {
      const zone: Zone = { '_dmarc.org': { fails: 'servfail' }, 'example.org': { A: '192.0.2.7' } };
      expect(outcomes(await findingsOf(zone, sub('example.org')), 'dmarc.record')).toEqual(['unknown high']);
    });
  });

  test.each<[string, Zone, string]>([
    ['none', dmarc('v=DMARC1; p=reject'), 'warn medium'],
    ['no mailto:', dmarc('v=DMARC1; p=reject; rua=d@example.org'), 'fail medium'],
    [
      'elsewhere, not authorised',
      dmarc('v=DMARC1; p=reject; rua=mailto:d@example.net', { 'example.net': { MX: '10 mail.example.org' } }),
      'fail medium',
    ],
    [
      'elsewhere, authorised',
      dmarc('v=DMARC1; p=reject; rua=mailto:d@example.net', {
        'example.net': { MX: '10 mail.example.org' },
        'example.org._report._dmarc.example.net': { TXT: 'v=DMARC1' },
      }),
      'pass medium',
    ],
    ['takes no mail', dmarc('v=DMARC1; p=reject; rua=mailto:d@gone.example.org'), 'fail medium'],
    [
      'one of two takes no mail',
      dmarc('v=DMARC1; p=reject; rua=mailto:d@gone.example.org,mailto:d@example.org'),
      'warn medium',
    ],
    ['not ASCII', dmarc('v=DMARC1; p=reject; rua=mailto:postmäster@example.org'), 'fail medium'],
    ['with the size of old', dmarc('v=DMARC1; p=reject; rua=mailto:d@example.org!10m'), 'pass medium'],
    ['within the organization', dmarc('v=DMARC1; p=reject; rua=mailto:d@mail.example.org'), 'pass medium'],
    [
      'authorisation not known',
      dmarc('v=DMARC1; p=reject; rua=mailto:d@example.net', {
        'example.net': { MX: '10 mail.example.org' },
        'example.org._report._dmarc.example.net': { fails: 'timeout' },
      }),
      'unknown medium',
    ],
  ])('reports: %s', async (_rule, zone, outcome) =>
    expect(outcomes(await findingsOf(zone, v4), 'dmarc.rua')).toEqual([outcome]),
  );

  test.each<[string, string, string]>([
    [
      'signed by the domain',
      'From: a@example.org\nDKIM-Signature: v=1; d=example.org; s=m\nReturn-Path: <b@example.org>',
      'pass high',
    ],
    [
      'signed by a subdomain, relaxed',
      'From: A "x@y" <a@example.org>\nDKIM-Signature: v=1; d=mail.example.org;\n s=m',
      'pass high',
    ],
    ['MAIL FROM alone', 'From: a@example.org\nReturn-Path: <b@bounce.example.org>', 'warn medium'],
    [
      'neither',
      'From: a@example.org\nReturn-Path: <b@esp.example.net>\nDKIM-Signature: d=esp.example.net; s=m',
      'fail high',
    ],
  ])('alignment: %s', async (_rule, text, outcome) => {
    const message = parseMessage(text);
    expect(outcomes(await findingsOf(GOOD, { ...v4, message }), 'dmarc.align')).toEqual([outcome]);
  });
});
