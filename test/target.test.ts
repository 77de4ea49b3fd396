import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../src/errors.ts';
import {
  addressText,
  addressValue,
  countOf,
  expand,
  formatRange,
  kindOf,
  namesToAsk,
  parseTarget,
  queryName,
} from '../src/target.ts';

const parse = (text: string, allowSpecial = false) => parseTarget(text, { allowSpecial });
const messageOf = (text: string): string => {
  try {
    return `taken as ${formatRange(parse(text))}`;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
};

describe('what is taken, in canonical form', () => {
  test.each([
    ['an address', '8.8.4.4', '8.8.4.4', 1n],
    ['white space around it', '  8.8.4.4\t', '8.8.4.4', 1n],
    ['an IPv6 address in full', '2606:4700:0000:0000:0000:0000:0000:1111', '2606:4700::1111', 1n],
    ['IPv6 in capitals', '2606:4700::ABCD', '2606:4700::abcd', 1n],
    ['a single zero group is not shortened', '2606:4700:1:0:2:3:4:5', '2606:4700:1:0:2:3:4:5', 1n],
    ['the first of two runs as long', '2606:4700:0:0:1:0:0:1', '2606:4700::1:0:0:1', 1n],
    ['IPv4 in IPv6 form is folded', '::ffff:8.8.4.4', '8.8.4.4', 1n],
    ['so in hexadecimal', '::FFFF:808:404', '8.8.4.4', 1n],
    ['and a prefix of it', '::ffff:8.8.4.0/120', '8.8.4.0/24', 256n],
    ['a prefix with its first and last address', '8.8.4.0/30', '8.8.4.0/30', 4n],
    ['a /32 is one address', '8.8.4.4/32', '8.8.4.4', 1n],
    ['IPv6 from /116 on', '2606:4700::1000/116', '2606:4700::1000/116', 4096n],
    ['a range', '8.8.4.1-8.8.4.6', '8.8.4.1-8.8.4.6', 6n],
    ['a range with spaces', '8.8.4.1 - 8.8.4.6', '8.8.4.1-8.8.4.6', 6n],
    ['a range that is a prefix', '8.8.4.0-8.8.4.255', '8.8.4.0/24', 256n],
    ['an IPv6 range', '2606:4700::1-2606:4700::f', '2606:4700::1-2606:4700::f', 15n],
    ['a domain in lower case without its last dot', 'Mail.Example.COM.', 'mail.example.com', 1n],
    ['a domain beyond ASCII in punycode', 'Bücher.example', 'xn--bcher-kva.example', 1n],
    ['ideographic dots', '日本。jp', 'xn--wgv71a.jp', 1n],
    ['a domain that looks like a range', '1-2.example.com', '1-2.example.com', 1n],
  ])('%s: %s', (_rule, given, canonical, count) => {
    const range = parse(given);
    expect(formatRange(range)).toBe(canonical);
    expect(countOf(range)).toBe(count);
  });
});

describe('what is refused says what was meant', () => {
  test.each([
    ['nothing', ' ', 'it is empty'],
    ['host bits', '8.8.4.4/24', 'write 8.8.4.0/24 for all 256 addresses, or 8.8.4.4 for this one'],
    ['IPv6 below /116', '2606:4700::/115', '8192 addresses are too many'],
    ['a whole /64', '2606:4700::/64', 'IPv6 is taken up to 4096 addresses (/116 to /128)'],
    ['a wide IPv6 range', '2606:4700::-2606:4700::ffff', '65536 addresses are too many'],
    ['a prefix length too long', '8.8.4.0/33', 'the prefix length is "33", expected 0 to 32'],
    ['a prefix length missing', '8.8.4.0/', 'the prefix length is "", expected 0 to 32'],
    ['an IPv6 prefix length too long', '2606:4700::/129', 'the prefix length is "129", expected 0 to 128'],
    ['a netmask', '8.8.4.0/255.255.255.0', 'a prefix is written with its length: 8.8.4.0/24'],
    ['a mask with holes', '8.8.4.0/255.0.255.0', '"255.0.255.0" is no netmask'],
    ['a range upside down', '8.8.4.9-8.8.4.1', 'write 8.8.4.1-8.8.4.9'],
    ['a short range', '8.8.4.1-9', 'both ends are written out: 8.8.4.1-8.8.4.9'],
    ['a range of two kinds', '8.8.4.1-2606:4700::1', 'one end is IPv4 and the other IPv6'],
    ['a long dash', '8.8.4.1–8.8.4.9', 'a range is written with "-": 8.8.4.1-8.8.4.9'],
    ['a zone id', 'fe80::1%eth0', 'write fe80::1'],
    ['a port', '8.8.4.4:25', 'a target has no port; write 8.8.4.4'],
    ['a port after brackets', '[2606:4700::1]:25', 'write 2606:4700::1'],
    ['a port after a domain', 'mail.example.com:25', 'a target has no port; write mail.example.com'],
    ['a URL', 'https://user@example.com:8080/path?x', 'a URL is no target; write example.com'],
    ['a URL with an address', 'http://[2606:4700::1]/', 'write 2606:4700::1'],
    ['a path', 'example.com/path', 'write example.com'],
    ['an e-mail address', 'Admin <admin@example.com>', 'write its domain, example.com'],
    ['leading zeros', '8.8.04.004', 'leading zeros may mean octal; write 8.8.4.4'],
    ['too few octets', '8.8.4', 'this has 3'],
    ['too many octets', '8.8.4.4.4', 'this has 5'],
    ['an octet above 255', '8.8.4.256', '256 is no octet'],
    ['a number', '134743044', 'an address is written with dots: 8.8.4.4'],
    ['a dot at the end of an address', '8.8.4.4.', 'write 8.8.4.4'],
    ['a wildcard', '8.8.4.*', 'write 8.8.4.0/24'],
    ['a wildcard domain', '*.example.com', 'write example.com'],
    ['a reverse name', '4.4.8.8.in-addr.arpa', 'write 8.8.4.4'],
    ['two targets', '8.8.4.4,8.8.8.8', 'one target at a time'],
    ['a broken IPv6 address', '2606:4700::1::2', 'this is no valid address'],
    ['an underscore', '_dmarc.example.com', 'name the domain itself'],
    ['an empty label', 'example..com', 'it has an empty label'],
    ['a hyphen at the edge', '-a.example.com', 'the label "-a" begins or ends with "-"'],
    ['a long label', `${'a'.repeat(64)}.com`, 'has 64 characters, at most 63 fit'],
    ['a long name', `${'abcdefg.'.repeat(32)}com`, 'a name has at most 253'],
    ['no dot', 'localhost', 'it has no dot'],
    ['a number as last label', 'mx.1', 'its last label is a number'],
    ['digits beyond ASCII', '１.2.3.4', 'its last label is a number'],
    ['a control character, escaped', 'a\u001b[2J.com', 'the character "\\u001b" is not part of a domain'],
  ])('%s: %s', (_rule, given, said) => expect(messageOf(given)).toContain(said));
});

describe('special addresses are refused, unless asked for', () => {
  test.each([
    ['10.1.2.3', 'lies in 10.0.0.0/8 (private, RFC 1918)'],
    ['172.31.255.255', 'lies in 172.16.0.0/12'],
    ['192.168.0.0/16', 'touches 192.168.0.0/16'],
    ['127.0.0.2', 'lies in 127.0.0.0/8 (loopback'],
    ['100.64.0.1', 'lies in 100.64.0.0/10'],
    ['169.254.1.1', 'lies in 169.254.0.0/16'],
    ['192.0.2.7', 'lies in 192.0.2.0/24 (documentation'],
    ['198.19.0.1', 'lies in 198.18.0.0/15'],
    ['224.0.0.1', 'lies in 224.0.0.0/4 (multicast'],
    ['255.255.255.255', 'lies in 255.255.255.255/32 (broadcast'],
    ['0.0.0.0', 'lies in 0.0.0.0/8'],
    ['9.255.255.254-10.0.0.1', 'touches 10.0.0.0/8'],
    ['8.0.0.0/6', 'touches 10.0.0.0/8'],
    ['::', 'lies in ::/128'],
    ['::1', 'lies in ::1/128 (loopback'],
    ['::ffff:10.0.0.1', 'lies in 10.0.0.0/8'],
    ['fe80::1', 'lies in fe80::/10 (link-local'],
    ['fd00::1', 'lies in fc00::/7 (unique local'],
    ['2001:db8::1', 'lies in 2001:db8::/32 (documentation'],
    ['2002:808:404::1', 'lies in 2002::/16 (6to4'],
    ['2001:0:1::1', 'lies in 2001::/32 (Teredo'],
    ['ff02::1', 'lies in ff00::/8 (multicast'],
    ['4000::1', 'lies in 4000::/2 (not global unicast'],
  ])('%s', (given, said) => {
    expect(messageOf(given)).toContain(said);
    expect(messageOf(given)).toContain('--allow-special');
    expect(() => parse(given, true)).not.toThrow();
  });

  test.each(['9.255.255.255', '11.0.0.0', '172.32.0.0', '223.255.255.255', '2606:4700::1', '2a00::1', '192.31.196.1'])(
    '%s beside them is taken',
    (given) => expect(messageOf(given)).toBe(`taken as ${given}`),
  );
});

describe('what a range stands for', () => {
  const texts = (given: string) => [...expand(parse(given))].map((target) => `${target.kind} ${target.text}`);

  test('every address of a prefix, the first and the last too', () =>
    expect(texts('8.8.4.0/30')).toEqual(['ipv4 8.8.4.0', 'ipv4 8.8.4.1', 'ipv4 8.8.4.2', 'ipv4 8.8.4.3']));
  test('IPv6 addresses in canonical form', () =>
    expect(texts('2606:4700::fffe/127')).toEqual(['ipv6 2606:4700::fffe', 'ipv6 2606:4700::ffff']));
  test('a domain stands for itself', () => expect(texts('example.com')).toEqual(['domain example.com']));
});

describe('the name that is asked (RFC 5782)', () => {
  test.each([
    ['IPv4: octets from the last', '192.0.2.99', '99.2.0.192.bl.example.org'],
    [
      'IPv6: 32 nibbles from the last',
      '2001:db8:1:2:3:4:567:89ab',
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example.org',
    ],
    [
      'a control is not folded',
      '::ffff:7f00:2',
      '2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example.org',
    ],
    ['a domain stands before the zone', 'example.com', 'example.com.bl.example.org'],
  ])('%s', (_rule, text, name) => expect(queryName({ kind: kindOf(text), text }, 'bl.example.org')).toBe(name));

  test.each([
    ['as-given', 'mail.shop.example.co.uk', ['mail.shop.example.co.uk']],
    ['registered', 'mail.shop.example.co.uk', ['example.co.uk']],
    ['registered', 'example.com', ['example.com']],
    ['registered', 'a.someone.github.io', ['someone.github.io']],
    ['registered', 'co.uk', ['co.uk']],
    ['both', 'mail.example.com', ['mail.example.com', 'example.com']],
    ['both', 'example.com', ['example.com']],
  ] as const)('a list that holds domains %s is asked for %s as %j', (asks, text, names) =>
    expect(namesToAsk({ kind: 'domain', text }, { asks })).toEqual(names),
  );
});

describe('whatever is given', () => {
  const numbers = fc.oneof(
    fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ({ kind: 'ipv4' as const, value })),
    fc.bigInt(0n, 2n ** 128n - 1n).map((value) => ({ kind: 'ipv6' as const, value })),
  );
  const near = fc.stringMatching(/^[0-9a-fx.:/%@[\]*_ \-\u00fc\u3002]{0,40}$/);
  const damaged = fc
    .tuple(
      fc.constantFrom('192.0.2.7', '2001:db8::/64', '8.8.4.1-8.8.4.9', 'mail.example.com', 'https://example.com/a'),
      fc.nat(30),
      fc.string({ unit: 'binary', maxLength: 3 }),
    )
    .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at));

  test('an address is read back from its text', () => {
    fc.assert(
      fc.property(numbers, ({ kind, value }) => {
        expect(addressValue(addressText(kind, value))).toEqual({ kind, value });
      }),
    );
  });

  test('a thousand malformed targets give a UserError of printable text, or a range that is read back as itself', () => {
    fc.assert(
      fc.property(fc.oneof(near, damaged, fc.string({ unit: 'binary' })), fc.boolean(), (text, allowSpecial) => {
        try {
          const range = parse(text, allowSpecial);
          expect(parse(formatRange(range), true)).toEqual(range);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
          const message = (error as UserError).message;
          expect(message).toMatch(/^target "/);
          expect(message).not.toMatch(/\p{Cc}/u);
          expect(message.length).toBeLessThan(1200);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
