import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Code, ListDefinition } from '../../src/catalogue/list.ts';
import { type LabServer, type Reply, startLab } from '../lab/server.ts';
import { command, temporaryHome } from './world.ts';

/**
 * The traps of DNS answers, each through the whole program: a list of its own at a server that misbehaves, asked by
 * `check --format json`. The rules are tested one by one in test/scan, test/dns and test/catalogue.
 */

type Asked = { name: string; type: string; count: number; protocol: 'udp' | 'tcp' };
type Trap = {
  rule: string;
  /** What the list says of 192.0.2.7 (or of `target`). */
  says: Reply | ((asked: Asked) => Reply);
  /** What it says of everything else; default: its test entry is listed, all else absent. */
  else?: (asked: Asked) => Reply | undefined;
  list?: Partial<ListDefinition>;
  target?: string;
  /** `listed 127.0.0.2 127.0.0.4`, `clean`, `unknown servfail`, each with ` unproven` where it is. */
  verdict: string;
  /** Of the result; `summary` and `status` are the whole check's. */
  more?: Record<string, unknown> & { summary?: Record<string, number>; status?: number };
};

const TABLE: Record<string, Code> = {
  '127.0.0.2': { label: 'SPAM', severity: 'high' },
  '127.0.0.4': { label: 'BOT', severity: 'high' },
  '127.0.0.9': { label: 'OVER', error: 'over-limit' },
};
const MASK: Record<string, Code> = {
  'mask:1': { label: 'BLOCKED', error: true },
  'mask:2': { label: 'BLACK' },
  'mask:8': { label: 'RED' },
};
const listed = (addresses: string[], more: Reply = {}): Reply => ({ a: addresses, txt: ['why'], ...more });
const txtOnly = (txt: Reply['txt'], a = ['127.0.0.2']): Trap['says'] => {
  return ({ type }) => (type === 'TXT' ? { txt: txt ?? [] } : { a });
};
const RANDOM = /\.(18|19)\.198\.|\.example\.com\./;

const TRAPS: Trap[] = [
  // Codes
  { rule: 'a listing code is a listing', says: listed(['127.0.0.2']), verdict: 'listed 127.0.0.2' },
  {
    rule: 'all records count, sorted, each once, whatever their order',
    says: listed(['127.0.0.4', '127.0.0.2', '127.0.0.4']),
    verdict: 'listed 127.0.0.2 127.0.0.4',
  },
  {
    rule: 'an unrecognised code beside a recognised one is shown with it',
    says: listed(['127.0.0.200', '127.0.0.2']),
    verdict: 'listed 127.0.0.2 127.0.0.200',
  },
  { rule: 'only unrecognised codes', says: listed(['127.0.0.77']), verdict: 'unknown unrecognised-code' },
  { rule: '127.0.0.1 without a key of its own', says: listed(['127.0.0.1']), verdict: 'unknown unrecognised-code' },
  {
    rule: '127.0.0.1 on a list without a table',
    says: listed(['127.0.0.1']),
    list: { codes: {} },
    verdict: 'unknown unrecognised-code',
  },
  {
    rule: 'a list without a table: 127.0.0.2 to 127.0.0.254',
    says: listed(['127.0.0.254']),
    list: { codes: {} },
    verdict: 'listed 127.0.0.254',
  },
  {
    rule: 'a list without a table: 127.0.0.255 is none',
    says: listed(['127.0.0.255']),
    list: { codes: {} },
    verdict: 'unknown unrecognised-code',
  },
  {
    rule: 'a listing beside a foreign address',
    says: listed(['127.0.0.2', '8.8.8.8']),
    verdict: 'unknown bad-answer',
    more: { codes: ['8.8.8.8', '127.0.0.2'] },
  },
  { rule: 'a parked domain', says: listed(['203.0.113.9']), verdict: 'unknown bad-answer' },
  { rule: 'a private address', says: listed(['10.0.0.1']), verdict: 'unknown bad-answer' },
  {
    rule: 'a listing beside an error code of the table',
    says: listed(['127.0.0.2', '127.0.0.9']),
    verdict: 'unknown refused-by-list',
  },
  ...['252', '254', '255', '7'].map(
    (octet): Trap => ({
      rule: `127.255.255.${octet} is a refusal by any list`,
      says: listed([`127.255.255.${octet}`]),
      list: { codes: {} },
      verdict: 'unknown refused-by-list',
    }),
  ),
  {
    rule: 'a listing beside 127.255.255.254',
    says: listed(['127.0.0.2', '127.255.255.254']),
    verdict: 'unknown refused-by-list',
  },
  {
    rule: 'bits combine',
    says: listed(['127.0.0.10']),
    list: { codes: MASK },
    verdict: 'listed 127.0.0.10',
    more: { meanings: [{ label: 'BLACK' }, { label: 'RED' }] },
  },
  {
    rule: 'a bit that is an error beside one that is not',
    says: listed(['127.0.0.3']),
    list: { codes: MASK },
    verdict: 'unknown refused-by-list',
  },
  {
    rule: 'no bit that has a name',
    says: listed(['127.0.0.4']),
    list: { codes: MASK },
    verdict: 'unknown unrecognised-code',
  },

  // Polarity
  {
    rule: 'an allow list’s answer is shown and is no listing',
    says: listed(['127.0.0.2']),
    list: { polarity: 'allow' },
    verdict: 'listed 127.0.0.2',
    more: { polarity: 'allow', summary: { listed: 0, other: 1 }, status: 0 },
  },
  {
    rule: 'severity info is no listing',
    says: listed(['127.0.0.3']),
    list: { codes: { '127.0.0.3': { label: 'NEW', severity: 'info' } } },
    verdict: 'listed 127.0.0.3',
    more: { summary: { listed: 0, other: 1 }, status: 0 },
  },
  {
    rule: 'black and white in one answer is a listing',
    says: listed(['127.0.0.1', '127.0.0.2']),
    list: { codes: { ...TABLE, '127.0.0.1': { label: 'WHITE', polarity: 'allow' } } },
    verdict: 'listed 127.0.0.1 127.0.0.2',
    more: { summary: { listed: 1, other: 0 }, status: 2 },
  },

  // Absence and failure
  { rule: 'NXDOMAIN is absence', says: { nxdomain: true }, verdict: 'clean' },
  { rule: 'NXDOMAIN without a SOA is absence', says: { nxdomain: true, soa: false }, verdict: 'clean' },
  { rule: 'an empty NOERROR with AA is absence', says: { nodata: true }, verdict: 'clean' },
  { rule: 'an empty NOERROR without AA is not', says: { nodata: true, aa: false }, verdict: 'unknown malformed' },
  {
    rule: 'an empty NOERROR with RA and without AA is not',
    says: { nodata: true, aa: false, ra: true },
    verdict: 'unknown malformed',
  },
  {
    rule: 'a referral is no absence',
    says: { referral: { zone: '2.0.192.trap.test', servers: { 'ns.trap.test': ['192.0.2.53'] } } },
    verdict: 'unknown malformed',
  },
  { rule: 'a TXT record alone is absence', says: { txt: ['listed!'] }, verdict: 'clean' },
  { rule: 'an AAAA record alone is absence', says: { aaaa: ['::ffff:127.0.0.2'] }, verdict: 'clean' },
  { rule: 'SERVFAIL', says: { servfail: true }, verdict: 'unknown servfail' },
  { rule: 'SERVFAIL with a listing in it', says: { servfail: true, a: ['127.0.0.2'] }, verdict: 'unknown servfail' },
  { rule: 'REFUSED', says: { refused: true }, verdict: 'unknown refused' },
  { rule: 'NXDOMAIN with a record', says: { nxdomain: true, a: ['127.0.0.2'] }, verdict: 'unknown malformed' },
  { rule: 'FORMERR', says: { rcode: 1 }, verdict: 'unknown malformed' },
  { rule: 'NOTIMP', says: { rcode: 4 }, verdict: 'unknown malformed' },
  { rule: 'no reply', says: { silence: true }, verdict: 'unknown timeout' },
  { rule: 'a reply after the deadline', says: { a: ['127.0.0.2'], delay: 1500 }, verdict: 'unknown timeout' },
  {
    rule: 'a first question that is lost',
    says: ({ count }) => (count === 1 ? { silence: true } : listed(['127.0.0.2'])),
    verdict: 'listed 127.0.0.2',
  },
  {
    rule: 'a SERVFAIL is asked again at another server, not at the same',
    says: ({ count }) => (count === 1 ? { servfail: true } : listed(['127.0.0.2'])),
    verdict: 'unknown servfail',
  },
  { rule: 'random bytes', says: { garbage: true }, verdict: 'unknown timeout' },
  { rule: 'nonsense behind the right question', says: { garbled: true }, verdict: 'unknown malformed' },
  {
    rule: 'a forged reply before the true one',
    says: { nxdomain: true, before: [{ a: ['127.0.0.2'], wrongId: true }] },
    verdict: 'clean',
  },
  {
    rule: 'the answer to another question before the true one',
    says: { nxdomain: true, before: [{ a: ['127.0.0.2'], wrongQuestion: true }] },
    verdict: 'clean',
  },
  { rule: 'another sender', says: { a: ['127.0.0.2'], wrongSender: true }, verdict: 'unknown timeout' },
  {
    rule: 'the question in another case',
    says: listed(['127.0.0.2'], { alter: upperCase }),
    verdict: 'listed 127.0.0.2',
  },
  { rule: 'the reply twice', says: listed(['127.0.0.2'], { twice: true }), verdict: 'listed 127.0.0.2' },
  {
    rule: 'truncated, and whole over TCP',
    says: listed(['127.0.0.2'], { truncated: true }),
    verdict: 'listed 127.0.0.2',
  },
  { rule: 'truncated, and absent over TCP', says: { nxdomain: true, truncated: true }, verdict: 'clean' },
  {
    rule: 'hundreds of records',
    says: listed(['127.0.0.2', ...Array.from({ length: 200 }, (_, at) => `127.1.${at >> 8}.${at & 255}`)], {
      truncated: true,
    }),
    verdict: 'listed',
  },

  // Aliases
  {
    rule: 'a CNAME is followed',
    says: listed(['127.0.0.2'], { cname: 'listed.trap.test' }),
    verdict: 'listed 127.0.0.2',
  },
  {
    rule: 'a CNAME to a parked page',
    says: { cname: 'park.example', a: ['203.0.113.9'] },
    verdict: 'unknown bad-answer',
  },
  { rule: 'a CNAME that leads nowhere', says: { cname: 'away.example' }, verdict: 'unknown malformed' },
  { rule: 'CNAMEs in a circle', says: { cname: ['a.test', 'b.test', 'a.test'] }, verdict: 'unknown malformed' },
  { rule: 'a CNAME whose end does not exist', says: { cname: 'away.example', nxdomain: true }, verdict: 'clean' },

  // TTL
  { rule: 'a TTL of zero', says: listed(['127.0.0.2'], { ttl: 0 }), verdict: 'listed 127.0.0.2', more: { ttl: 0 } },
  {
    rule: 'a TTL of 136 years, its highest bit set, is a week, longer than which no cache keeps it',
    says: listed(['127.0.0.2'], { ttl: 0x7fffffff, alter: highestBit }),
    verdict: 'listed 127.0.0.2',
    more: { ttl: 604_800 },
  },
  {
    rule: 'a TTL of 136 years on absence',
    says: { nxdomain: true, ttl: 0x7fffffff },
    verdict: 'clean',
    more: { ttl: 60 },
  },

  // TXT
  {
    rule: 'no TXT',
    says: ({ type }) => (type === 'TXT' ? { nodata: true } : { a: ['127.0.0.2'] }),
    verdict: 'listed 127.0.0.2',
    more: { reason: null },
  },
  {
    rule: 'a TXT that fails',
    says: ({ type }) => (type === 'TXT' ? { servfail: true } : { a: ['127.0.0.2'] }),
    verdict: 'listed 127.0.0.2',
    more: { reason: null },
  },
  {
    rule: 'a TXT that never comes',
    says: ({ type }) => (type === 'TXT' ? { silence: true } : { a: ['127.0.0.2'] }),
    verdict: 'listed 127.0.0.2',
    more: { reason: null },
  },
  {
    rule: 'strings of one TXT belong together',
    says: txtOnly([['see http', '://x.test']]),
    verdict: 'listed 127.0.0.2',
    more: { reason: 'see http://x.test' },
  },
  {
    rule: 'a TXT that says clean',
    says: txtOnly(['not listed']),
    verdict: 'listed 127.0.0.2',
    more: { reason: 'not listed' },
  },
  {
    rule: 'escape sequences, line breaks and marks that turn text',
    says: txtOnly(['a\u001b[2Jb\r\nc\u202ed\u0000e\u009bf']),
    verdict: 'listed 127.0.0.2',
    more: { reason: 'a [2Jb c d e f' },
  },
  {
    rule: 'bytes that are no UTF-8',
    says: listed(['127.0.0.2'], { txt: ['a\u0001b'], alter: noUtf8 }),
    verdict: 'listed 127.0.0.2',
    more: { reason: 'a\ufffdb' },
  },
  {
    rule: 'a TXT of thousands of characters',
    says: (asked) =>
      asked.type === 'TXT'
        ? { txt: [Array.from({ length: 40 }, () => 'y'.repeat(250))], truncated: true }
        : { a: ['127.0.0.2'] },
    verdict: 'listed 127.0.0.2',
    more: { reason: 'y'.repeat(500) },
  },

  // Proof
  {
    rule: 'a list emptied for ever',
    says: { nxdomain: true },
    else: () => ({ nxdomain: true }),
    verdict: 'unknown list-empty',
  },
  {
    rule: 'a listing on a list whose test entry is gone stands',
    says: listed(['127.0.0.2']),
    else: () => ({ nxdomain: true }),
    verdict: 'listed 127.0.0.2',
  },
  {
    rule: 'a list that lists the world',
    says: listed(['127.0.0.2']),
    else: () => ({ a: ['127.0.0.2'] }),
    verdict: 'unknown list-wildcard',
  },
  {
    rule: 'a list that lists the world but 127.0.0.1',
    says: listed(['127.0.0.2']),
    else: ({ name }) => (name.startsWith('1.0.0.127.') ? { nxdomain: true } : { a: ['127.0.0.2'] }),
    verdict: 'unknown list-wildcard',
  },
  {
    rule: 'a resolver’s invented address for what does not exist',
    says: { nxdomain: true },
    else: ({ name }) => (RANDOM.test(name) ? { a: ['203.0.113.9'] } : undefined),
    verdict: 'unknown list-wildcard',
  },
  {
    rule: 'controls that say public resolver',
    says: { nxdomain: true },
    else: () => ({ a: ['127.255.255.254'] }),
    verdict: 'unknown list-refused',
  },
  {
    rule: 'controls that are not answered',
    says: listed(['127.0.0.2']),
    else: () => ({ silence: true }),
    verdict: 'unknown list-unreachable',
  },
  {
    rule: 'a clean without a known test entry',
    says: { nxdomain: true },
    list: { control: {} },
    else: () => ({ nxdomain: true }),
    verdict: 'clean unproven',
  },
  {
    rule: 'a test entry that RFC 5782 asks for and the list has, though nobody said so',
    says: { nxdomain: true },
    list: { control: {} },
    verdict: 'clean',
  },
  {
    rule: 'a test entry with a code that the table lacks proves all the same',
    says: { nxdomain: true },
    else: ({ name }) => (name.startsWith('2.0.0.127.') ? { a: ['127.0.0.77'] } : undefined),
    verdict: 'clean',
  },
  {
    rule: 'a test entry that is gone when the batch ends',
    says: { nxdomain: true },
    else: ({ name, count }) => (name.startsWith('2.0.0.127.') && count > 1 ? { nxdomain: true } : undefined),
    verdict: 'unknown list-empty',
  },

  // Kinds of targets
  {
    rule: 'IPv6 is asked by 32 nibbles',
    target: '2001:db8::7',
    list: { accepts: ['ipv6'], control: { listed: '::ffff:7f00:2', notListed: '::ffff:7f00:1' } },
    says: ({ name }) => (/^([0-9a-f]\.){32}/.test(name) ? listed(['127.0.0.2']) : { servfail: true }),
    else: ({ name }) => (name.startsWith('2.0.0.0.0.0.f.7.f.f.f.f.') ? { a: ['127.0.0.2'] } : undefined),
    verdict: 'listed 127.0.0.2',
  },
  {
    rule: 'a domain is asked as it is',
    target: 'mail.shop.example',
    list: { accepts: ['domain'], control: { listed: 'test', notListed: 'invalid' } },
    says: listed(['127.0.0.2']),
    else: ({ name }) => (name.startsWith('test.') ? { a: ['127.0.0.2'] } : undefined),
    verdict: 'listed 127.0.0.2',
  },
];

/** DNS is case-insensitive: some servers answer with the question as they keep it. */
function upperCase(reply: Buffer): Buffer {
  const changed = Buffer.from(reply);
  for (let at = 12; changed[at] !== 0 && at < changed.length; at += 1) {
    const byte = changed[at] ?? 0;
    if (byte >= 0x61 && byte <= 0x7a) changed[at] = byte - 0x20;
  }
  return changed;
}

function noUtf8(reply: Buffer): Buffer {
  return Buffer.from(reply.toString('latin1').replace('a\x01b', 'a\xffb'), 'latin1');
}

/** The encoder does not write TTLs of more than 31 bits. */
function highestBit(reply: Buffer): Buffer {
  return Buffer.from(reply.toString('latin1').replaceAll('\x7f\xff\xff\xff', '\xff\xff\xff\xff'), 'latin1');
}

const { home, remove } = temporaryHome();
let lab: LabServer;

beforeAll(async () => {
  lab = await startLab((asked): Reply => {
    const trap = TRAPS[Number(/\.t(\d+)\.test$/.exec(asked.name)?.[1])];
    if (trap === undefined) return { servfail: true };
    const ofTarget = /^(7\.2\.0\.192|7(\.0){15}.*8\.b\.d\.0\.1\.0\.0\.2|(mail\.)?shop\.example)\.t\d+\.test$/;
    if (ofTarget.test(asked.name))
      return typeof trap.says === 'function' ? trap.says(asked) : forType(asked, trap.says);
    return trap.else?.(asked) ?? (asked.name.startsWith('2.0.0.127.') ? { a: ['127.0.0.2'] } : { nxdomain: true });
  });
});
afterAll(async () => {
  await lab.close();
  remove();
});

const forType = ({ type }: Asked, { a, txt, ...rest }: Reply): Reply =>
  type === 'TXT'
    ? { ...rest, txt: txt ?? [] }
    : { ...rest, ...(a === undefined ? { ...(txt === undefined ? {} : { txt }) } : { a }) };

test.each(TRAPS.map((trap, at) => ({ ...trap, at })))(
  '$rule: $verdict',
  async ({ at, list, target, verdict, more = {} }) => {
    const definition = {
      ...{ id: 'trap', zone: `t${at}.test`, accepts: ['ipv4'], servers: [lab.address], codes: TABLE, impact: 'high' },
      ...{ control: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
      ...list,
    };
    const file = path.join(home, `${at}.json`);
    writeFileSync(file, JSON.stringify({ lists: [definition] }));
    const args = ['check', target ?? '192.0.2.7', '--allow-special', '--catalogue', file, '--lists', 'trap'];
    const { status, out, err } = await command(
      [...args, '--timeout', /timeout|unreachable/.test(verdict) ? '700' : '3000', '--format', 'json'],
      {
        env: { HOME: home },
      },
    );
    expect(err).toBe('');
    const document = JSON.parse(out);
    const [result] = document.results;
    const [kind, ...rest] = verdict.split(' ');
    const unproven = rest.at(-1) === 'unproven' ? rest.pop() : undefined;
    expect(result.verdict, `${result.why} ${result.codes}`).toBe(kind);
    if (kind === 'unknown') expect(result).toMatchObject({ why: rest[0], proven: false, meanings: [] });
    else expect(result).toMatchObject({ why: null, proven: unproven === undefined });
    if (kind === 'listed' && rest.length > 0) expect(result.codes).toEqual(rest);
    if (kind === 'unknown') expect(status).toBe(3);
    const { summary, status: expected, ...fields } = more;
    expect(result).toMatchObject(fields);
    if (summary !== undefined) expect(document.summary).toMatchObject(summary);
    if (expected !== undefined) expect(status).toBe(expected);
  },
);
