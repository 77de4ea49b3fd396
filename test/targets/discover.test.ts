import { describe, expect, test } from 'vitest';
import type { AnswerRecord, QuestionType } from '../../src/dns/answer.ts';
import type { Lookup } from '../../src/dns/lookup.ts';
import { formatRange } from '../../src/target.ts';
import { discover } from '../../src/targets/discover.ts';

/** `name TYPE` → data; `failed` for a time-out. What is not there is absent. */
type Zone = Record<string, string[] | 'failed'>;

/** The answers of a resolver that knows `zone`; `asked` keeps what it was asked. */
function resolver(zone: Zone): { lookup: Lookup; asked: string[] } {
  const asked: string[] = [];
  const base = { server: '127.0.0.1:53', at: new Date(0), authoritative: false, recursionAvailable: true };
  const lookup: Lookup = async (name: string, type: QuestionType) => {
    asked.push(`${name} ${type}`);
    const data = zone[`${name} ${type}`];
    if (data === 'failed') return { ...base, rcode: '', kind: 'failed', why: 'timeout', detail: '' };
    if (data === undefined) return { ...base, rcode: 'NXDOMAIN', kind: 'absent', ttl: 60 };
    const records = data.map((one): AnswerRecord => ({ name, type, ttl: 60, data: one }));
    return { ...base, rcode: 'NOERROR', kind: 'records', ttl: 60, records };
  };
  return { lookup, asked };
}

const mx: Zone = { 'example.com MX': ['10 mx.example.com'], 'mx.example.com A': ['8.8.4.4'] };

async function told(zone: Zone) {
  const { lookup, asked } = resolver({ ...mx, ...zone });
  const discovery = await discover('example.com', lookup);
  return {
    ...discovery,
    asked,
    ranges: discovery.found.map(({ range }) => formatRange(range)),
    named: discovery.notTaken.map(({ what, why }) => `${what}: ${why}`),
    problems: discovery.problems,
  };
}
const spf = (record: string, zone: Zone = {}) => told({ 'example.com TXT': ['other', record], ...zone });

describe('addresses come from MX and SPF', () => {
  test('MX hosts by both kinds of address, with the way that led there', async () => {
    const { found, ranges } = await spf('v=spf1 mx -all', { 'mx.example.com AAAA': ['2606:4700::1'] });
    expect(ranges).toEqual(['8.8.4.4', '2606:4700::1']);
    expect(found[0]?.via).toEqual(['MX of example.com, mx.example.com', 'SPF of example.com, mx, mx.example.com']);
  });

  test.each<[string, string, Zone, string[]]>([
    ['ip4', 'v=spf1 ip4:8.8.8.8 -all', {}, ['8.8.8.8']],
    ['ip4 with a prefix, host bits cleared as receivers do', 'v=spf1 ip4:8.8.8.9/30 -all', {}, ['8.8.8.8/30']],
    ['ip6', 'v=spf1 ip6:2606:4700::8/125 -all', {}, ['2606:4700::8/125']],
    ['a of the domain', 'v=spf1 a -all', { 'example.com A': ['8.8.8.8'] }, ['8.8.8.8']],
    [
      'a of another name with a prefix',
      'v=spf1 a:web.example.com/31//127',
      { 'web.example.com A': ['8.8.8.9'], 'web.example.com AAAA': ['2606:4700::9'] },
      ['8.8.8.8/31', '2606:4700::8/127'],
    ],
    [
      'mx of another domain',
      'v=spf1 mx:example.net',
      { 'example.net MX': ['5 m.example.net.'], 'm.example.net A': ['8.8.8.8'] },
      ['8.8.8.8'],
    ],
    ['include', 'v=spf1 include:a.example ~all', { 'a.example TXT': ['v=spf1 ip4:8.8.8.8 -all'] }, ['8.8.8.8']],
    [
      'includes in includes',
      'v=spf1 include:a.example',
      { 'a.example TXT': ['v=spf1 include:b.example'], 'b.example TXT': ['v=spf1 ip4:8.8.8.8'] },
      ['8.8.8.8'],
    ],
    ['redirect', 'v=spf1 redirect=a.example', { 'a.example TXT': ['v=spf1 ip4:8.8.8.8 -all'] }, ['8.8.8.8']],
    ['capitals, modifiers and unknown ones', 'V=SPF1 IP4:8.8.8.8 exp=x.example foo=bar -ALL', {}, ['8.8.8.8']],
  ])('%s', async (_rule, record, zone, ranges) => {
    const discovery = await spf(record, zone);
    expect(discovery.ranges).toEqual(['8.8.4.4', ...ranges]);
    expect(discovery.problems).toEqual([]);
  });
});

describe('what is named and not taken', () => {
  test.each([
    ['more than 256 addresses', 'v=spf1 ip4:8.8.0.0/23', '8.8.0.0/23: 512 addresses, more than 256'],
    ['an IPv6 network', 'v=spf1 ip6:2606:4700::/64', '2606:4700::/64: 18446744073709551616 addresses, more than 256'],
    ['special addresses', 'v=spf1 ip4:10.0.0.1', '10.0.0.1: it touches 10.0.0.0/8 (private, RFC 1918)'],
    ['exists', 'v=spf1 exists:%{i}._spf.example.com', 'exists:%{i}._spf.example.com: it names addresses only while'],
    ['ptr', 'v=spf1 ptr', 'ptr: it names addresses only while mail is received'],
    ['macros', 'v=spf1 include:%{d}.example.net', 'include:%{d}.example.net: it names addresses only while'],
    ['what is not allowed', 'v=spf1 ?ip4:8.8.8.8', '?ip4:8.8.8.8: "?" does not say that it sends'],
    ['the whole world', 'v=spf1 +all', '+all: the record allows every address of the world'],
  ])('%s', async (_rule, record, said) => {
    const { named, ranges } = await spf(record);
    expect(named).toEqual([expect.stringContaining(said)]);
    expect(ranges).toEqual(['8.8.4.4']);
  });
  test('256 addresses are taken', async () =>
    expect((await spf('v=spf1 ip4:8.8.8.0/24')).ranges).toContain('8.8.8.0/24'));
  test('redirect where an all stands', async () => {
    const { asked } = await spf('v=spf1 redirect=a.example ~all', { 'a.example TXT': ['v=spf1 ip4:8.8.8.8'] });
    expect(asked).not.toContain('a.example TXT');
  });
});

describe('limits and faults are said', () => {
  test('at most ten lookups', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `i${index}.example`);
    const zone = Object.fromEntries(names.map((name, index) => [`${name} TXT`, [`v=spf1 ip4:8.8.8.${index}`]]));
    const discovery = await spf(`v=spf1 ${names.map((name) => `include:${name}`).join(' ')} ip4:8.8.9.9`, zone);
    expect(discovery.spfLookups).toBe(10);
    expect(discovery.asked).not.toContain('i10.example TXT');
    expect(discovery.ranges).not.toContain('8.8.9.9');
    expect(discovery.problems).toEqual([
      'SPF of example.com, include:i10.example: more than 10 lookups (RFC 7208 4.6.4): receivers stop here with permerror, and so does this',
    ]);
  });
  test('a record that includes itself ends', async () =>
    expect((await spf('v=spf1 include:example.com')).problems).toEqual([
      'SPF of example.com, include:example.com: example.com is included twice or includes itself; it is read once',
    ]));
  test.each<[string, string, Zone, string]>([
    [
      'a lookup that fails',
      'v=spf1 a:x.example',
      { 'x.example A': 'failed', 'x.example AAAA': ['2606:4700::1'] },
      'A of "x.example" could not be looked up (timeout)',
    ],
    [
      'an include without a record',
      'v=spf1 include:x.example',
      {},
      '"x.example" has no SPF record; receivers reject this record (permerror)',
    ],
    ['a name without addresses', 'v=spf1 a:x.example', {}, '"x.example" has no address'],
    ['a broken term', 'v=spf1 ip4:8.8.8.8/33', {}, '"ip4:8.8.8.8/33" is no SPF term'],
    ['a broken address', 'v=spf1 ip4:8.8.8', {}, '"ip4:8.8.8" is no address or prefix'],
    ['an IPv6 address as ip4', 'v=spf1 ip4:2606:4700::1', {}, '"ip4:2606:4700::1" is no address or prefix'],
    [
      'more than two void lookups',
      'v=spf1 a:x.example a:y.example a:z.example',
      {},
      'more than 2 lookups found nothing',
    ],
    [
      'more than ten MX hosts',
      'v=spf1 mx:x.example',
      { 'x.example MX': Array.from({ length: 11 }, (_, index) => `1 m${index}.example`) },
      '11 MX hosts; only 10 are looked up',
    ],
  ])('%s', async (_rule, record, zone, said) =>
    expect((await spf(record, zone)).problems).toContainEqual(expect.stringContaining(said)),
  );
  test('two SPF records: none counts', async () => {
    const { problems, ranges } = await told({ 'example.com TXT': ['v=spf1 ip4:8.8.8.8', 'v=spf1 -all'] });
    expect(problems).toEqual([expect.stringContaining('2 SPF records, so none counts')]);
    expect(ranges).toEqual(['8.8.4.4']);
  });
  test('no MX and no SPF', async () => {
    const { lookup } = resolver({ 'example.com MX': ['0 .'] });
    expect((await discover('example.com', lookup)).problems).toEqual([
      'example.com has no MX record that names a host',
      'SPF of example.com: "example.com" has no SPF record; what sends beside the MX hosts is not known',
    ]);
  });
});
