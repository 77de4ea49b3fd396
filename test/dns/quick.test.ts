import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/dns/answer.ts';
import { decodeReply } from '../../src/dns/codec.ts';
import { packetClass } from '../../src/dns/packet.ts';
import { encodeQuery, encodeSuffix, LONGEST_QUERY, nameIn, writeAddressQuery } from '../../src/dns/query.ts';
import { answerOf, readQuick } from '../../src/dns/quick.ts';
import { readReply } from '../../src/dns/reading.ts';
import { addressText, queryName } from '../../src/target.ts';
import { encodeReply, type Reply } from '../lab/reply.ts';

const Packet = packetClass();
const QUESTION = { name: '2.0.0.127.bl.test', type: 'A' } as const;
const QUERY = encodeQuery(0x1234, QUESTION, false);

const asked = (recursionDesired: boolean) => ({
  server: '127.0.0.1:53',
  at: new Date(0),
  question: QUESTION,
  recursionDesired,
});

/** By dns2, the codec for everything; `null` where that finds no reply in order, or a truncated one. */
function byGeneral(message: Buffer, recursionDesired: boolean): Answer | null {
  try {
    const reply = decodeReply(message);
    return reply.truncated ? null : readReply(asked(recursionDesired), reply);
  } catch {
    return null;
  }
}

function byQuick(message: Buffer, recursionDesired: boolean): Answer | null {
  const quick = readQuick(message, QUERY.length);
  return quick === null ? null : answerOf(asked(recursionDesired), quick);
}

function encoded(reply: Reply): Buffer {
  const [outgoing] = encodeReply(Packet.parse(QUERY), reply, 'udp');
  if (outgoing === undefined) throw new Error('no reply');
  return outgoing.message;
}

const address = fc.tuple(fc.constantFrom(127, 10), fc.nat(255), fc.nat(255), fc.nat(255)).map((four) => four.join('.'));
const reply: fc.Arbitrary<Reply> = fc.oneof(
  fc.record({ a: fc.array(address, { minLength: 1, maxLength: 20 }), ttl: fc.nat(0x7fffffff), aa: fc.boolean() }),
  fc.record({ nxdomain: fc.constant(true), soa: fc.boolean(), aa: fc.boolean(), ra: fc.boolean(), ttl: fc.nat(9999) }),
  fc.record({ nodata: fc.constant(true), soa: fc.boolean(), aa: fc.boolean(), ra: fc.boolean() }),
  fc.record({ cname: fc.constant('x.bl.test'), a: fc.array(address, { maxLength: 2 }) }),
  fc.constant<Reply>({ referral: { zone: 'bl.test', servers: { 'ns.bl.test': ['127.0.0.1'] } } }),
  fc.constant<Reply>({ servfail: true }),
  fc.constant<Reply>({ txt: ['reason'] }),
);
/** Bytes after the id that are changed, and where the message is cut off. */
const damage = fc.record({
  edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
  cut: fc.option(fc.nat(), { freq: 5 }),
});

describe('both codecs', () => {
  test('read the same bytes as the same answer, whatever happened to them', () => {
    let common = 0;
    fc.assert(
      fc.property(reply, damage, fc.boolean(), (sent, { edits, cut }, recursionDesired) => {
        const message = Buffer.from(encoded(sent));
        for (const [at, byte] of edits) {
          const place = 2 + (at % (message.length - 2));
          // The question is compared before either codec reads a message.
          if (place < 4 || (place >= 6 && place < 12) || place >= QUERY.length) message[place] = byte;
        }
        const bytes = cut === null ? message : message.subarray(0, QUERY.length + (cut % message.length));
        const quick = byQuick(bytes, recursionDesired);
        if (quick === null) return;
        common += 1;
        expect(quick).toEqual(byGeneral(bytes, recursionDesired));
      }),
      { numRuns: 10_000 },
    );
    expect(common).toBeGreaterThan(500);
  });

  test.each<[what: string, reply: Reply]>([
    ['NXDOMAIN with its SOA', { nxdomain: true }],
    ['bare NXDOMAIN', { nxdomain: true, soa: false }],
    ['no records, with authority', { nodata: true }],
    ['A records', { a: ['127.0.0.2', '127.0.0.10'], ttl: 77 }],
  ])('the quick one knows %s', (_, sent) => {
    expect(byQuick(encoded(sent), false)).toEqual(byGeneral(encoded(sent), false));
    expect(byQuick(encoded(sent), false)).not.toBeNull();
  });

  test.each<[what: string, reply: Reply]>([
    ['a failure', { servfail: true }],
    ['an alias', { cname: 'x.test', a: ['127.0.0.2'] }],
    ['a truncated reply', { a: ['127.0.0.2'], truncated: true }],
    ['a referral', { referral: { zone: 'bl.test', servers: { 'ns.bl.test': [] } } }],
    ['no records without authority', { nodata: true, aa: false }],
  ])('the quick one leaves %s to the other', (_, sent) => {
    expect(byQuick(encoded(sent), false)).toBeNull();
  });
});

describe('the query for an address', () => {
  const suffix = encodeSuffix('bl.test', 'A');
  const query = Buffer.alloc(LONGEST_QUERY, 0xff);

  function isThatOf(name: string, id: number, address: number | bigint, recursionDesired: boolean): void {
    const length = writeAddressQuery(query, id, address, suffix, recursionDesired);
    expect(query.subarray(0, length)).toEqual(encodeQuery(id, { name, type: 'A' }, recursionDesired));
    expect(nameIn(query)).toBe(name);
  }

  test('is the one for its name: IPv4', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffffffff), fc.boolean(), (id, address, recursionDesired) => {
        const text = addressText('ipv4', BigInt(address));
        isThatOf(queryName({ kind: 'ipv4', text }, 'bl.test'), id, address, recursionDesired);
      }),
    );
  });

  test('is the one for its name: IPv6', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.bigInt(0n, 2n ** 128n - 1n), fc.boolean(), (id, address, recursionDesired) => {
        const text = addressText('ipv6', address);
        isThatOf(queryName({ kind: 'ipv6', text }, 'bl.test'), id, address, recursionDesired);
      }),
    );
  });
});

test('a query is what dns2 reads as the question asked', () => {
  const { header, questions } = Packet.parse(encodeQuery(0xabcd, { name: 'A-b.example.org.', type: 'TXT' }, true));
  expect(header).toMatchObject({ id: 0xabcd, rd: 1, qr: 0, opcode: 0, tc: 0, ra: 0, rcode: 0 });
  expect(questions).toMatchObject([{ name: 'A-b.example.org', type: Packet.TYPE.TXT, class: 1 }]);
});
