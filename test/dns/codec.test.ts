import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeReply } from '../../src/dns/codec.ts';
import { packetClass } from '../../src/dns/packet.ts';
import { encodeQuery } from '../../src/dns/query.ts';
import { readReply } from '../../src/dns/reading.ts';
import { MalformedMessage } from '../../src/dns/wire.ts';
import { encodeReply, type Reply, wireName } from '../lab/reply.ts';

const Packet = packetClass();

const QUESTION = { name: '2.0.0.127.bl.test', type: 'A' } as const;
const QUERY = encodeQuery(0x1234, QUESTION, false);
const ASKED = { server: '127.0.0.1:53', at: new Date(0), question: QUESTION, recursionDesired: false };

/** A header with these counts, the question, then these bytes. */
function message(counts: [answers: number, authorities: number, additionals: number], rest: Buffer): Buffer {
  const reply = Buffer.concat([QUERY, rest]);
  reply.writeUInt16BE(0x8400, 2);
  for (const [at, count] of counts.entries()) reply.writeUInt16BE(count, 6 + at * 2);
  return reply;
}

/** A record of the name asked. */
function record(
  type: number,
  rdata: Buffer,
  { owner = Buffer.from([0xc0, 12]), rdlength = rdata.length, klass = 1 } = {},
): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(klass, 2);
  fixed.writeUInt32BE(300, 4);
  fixed.writeUInt16BE(rdlength, 8);
  return Buffer.concat([owner, fixed, rdata]);
}

const A = record(1, Buffer.from([127, 0, 0, 2]));
const END_OF_QUERY = QUERY.length;

test('a record in order is read', () => {
  expect(decodeReply(message([1, 0, 0], A)).records).toEqual([
    { section: 'answer', name: QUESTION.name, type: 'A', ttl: 300, data: '127.0.0.2' },
  ]);
});

test('records of unknown types, of other classes and EDNS options are stepped over', () => {
  const opt = record(41, Buffer.from([0, 10, 0, 3, 1, 2, 3]), { owner: Buffer.from([0]), klass: 1232 });
  const others = [record(65280, Buffer.from([1, 2, 3])), record(1, Buffer.from([9, 9, 9, 9]), { klass: 3 }), A, opt];
  const reply = decodeReply(message([3, 0, 1], Buffer.concat(others)));
  expect(reply.records.map(({ data }) => data)).toEqual(['127.0.0.2']);
});

const LONG = Buffer.concat([
  ...Array.from({ length: 4 }, () => Buffer.concat([Buffer.from([63]), Buffer.alloc(63, 'a')])),
  Buffer.from([0]),
]);

test.each<[rule: string, broken: Buffer]>([
  ['a header that counts more records than there are', message([2, 0, 0], A)],
  ['a header that counts fewer', message([0, 0, 0], A)],
  ['authorities that are counted and not there', message([1, 1, 0], A)],
  ['a byte too many', message([1, 0, 0], Buffer.concat([A, Buffer.from([0])]))],
  ['a byte too few', message([1, 0, 0], A.subarray(0, -1))],
  ['an A record of three bytes', message([1, 0, 0], record(1, Buffer.from([127, 0, 0])))],
  ['an A record of five bytes', message([1, 0, 0], record(1, Buffer.from([127, 0, 0, 2, 0])))],
  ['an A record of no bytes', message([1, 0, 0], record(1, Buffer.alloc(0)))],
  ['an AAAA record of four bytes', message([1, 0, 0], record(28, Buffer.from([127, 0, 0, 2])))],
  ['a data length beyond the end', message([1, 0, 0], record(1, Buffer.from([127, 0, 0, 2]), { rdlength: 400 }))],
  ['a TXT string beyond its record', message([1, 0, 0], record(16, Buffer.from([9, 65, 65])))],
  ['a TXT record without a string', message([1, 0, 0], record(16, Buffer.alloc(0)))],
  ['a CNAME that ends before its record', message([1, 0, 0], record(5, Buffer.from([0xc0, 12, 0])))],
  ['a CNAME that ends after its record', message([1, 0, 0], record(5, wireName('a.test'), { rdlength: 3 }))],
  ['a SOA without its numbers', message([0, 1, 0], record(6, Buffer.concat([wireName('a.test'), wireName('b.test')])))],
  ['a name that points to itself', message([1, 0, 0], record(1, A, { owner: Buffer.from([0xc0, END_OF_QUERY]) }))],
  ['a name that points forwards', message([1, 0, 0], record(1, A, { owner: Buffer.from([0xc0, END_OF_QUERY + 4]) }))],
  ['a name that points into the header', message([1, 0, 0], record(1, A, { owner: Buffer.from([0xc0, 2]) }))],
  [
    'a label that loops back onto itself',
    message([1, 0, 0], record(1, A, { owner: Buffer.from([1, 0x61, 0xc0, END_OF_QUERY]) })),
  ],
  ['a label of a reserved kind', message([1, 0, 0], record(1, A, { owner: Buffer.from([0x40, 0]) }))],
  ['a name of more than 255 bytes', message([1, 0, 0], record(1, A, { owner: LONG }))],
  [
    'a dot inside a label of an owner',
    message([1, 0, 0], record(1, A, { owner: Buffer.from([3, 0x61, 0x2e, 0x62, 0]) })),
  ],
  ['nothing after the header', message([0, 0, 0], Buffer.alloc(0)).subarray(0, 12)],
  ['half a question', message([0, 0, 0], Buffer.alloc(0)).subarray(0, 20)],
  ['half a header', QUERY.subarray(0, 7)],
  ['no bytes', Buffer.alloc(0)],
  ['a query', QUERY],
])('malformed: %s', (_rule, broken) => {
  expect(() => decodeReply(broken)).toThrow(MalformedMessage);
});

test('the records of a truncated reply are not used', () => {
  const reply = message([1, 0, 0], A);
  reply.writeUInt16BE(0x8600, 2);
  expect(decodeReply(reply)).toMatchObject({ truncated: true, records: [] });
  expect(decodeReply(reply.subarray(0, -3))).toMatchObject({ truncated: true, records: [] });
});

test('the query is what dns2 reads back, with nothing but the question', () => {
  const packet = Packet.parse(encodeQuery(0xbeef, { name: 'Example.TEST.', type: 'TXT' }, true));
  expect(packet.header).toMatchObject({ id: 0xbeef, rd: 1, qdcount: 1, ancount: 0, nscount: 0, arcount: 0 });
  expect(packet.questions).toMatchObject([{ name: 'Example.TEST', type: 16, class: 1 }]);
});

describe('whatever comes', () => {
  const valid: Reply[] = [
    { a: ['127.0.0.2', '127.0.0.4'] },
    { nxdomain: true },
    { txt: ['a reason', ['in two', 'strings']] },
    { cname: ['a.test', 'b.test'], a: ['127.0.0.2'] },
    { referral: { zone: 'bl.test', servers: { 'ns.bl.test': ['127.0.0.9', '2001:db8::1'] } } },
    { mx: ['10 mx.test'], ns: ['ns.test'], aaaa: ['2001:db8::1'] },
  ];
  const messages = valid.flatMap((reply) => encodeReply(Packet.parse(QUERY), reply, 'udp').map((sent) => sent.message));

  /** An answer, or MalformedMessage: anything else is a fault. */
  function survives(bytes: Buffer): void {
    try {
      readReply(ASKED, decodeReply(bytes));
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedMessage);
    }
  }

  test('random bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => survives(Buffer.from(bytes))),
      { numRuns: 5000 },
    );
  });

  test('random bytes after a header and question in order are read or refused', () => {
    const counts = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(counts, fc.uint8Array({ maxLength: 200 }), (count, bytes) =>
        survives(message(count, Buffer.from(bytes))),
      ),
      { numRuns: 5000 },
    );
  });

  test('valid replies with bytes changed, cut or added are read or refused', () => {
    const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 });
    const property = fc.property(
      fc.constantFrom(...messages),
      edits,
      fc.integer({ min: -40, max: 10 }),
      (base, changed, length) => {
        const bytes = Buffer.concat([base, Buffer.alloc(Math.max(0, length))]).subarray(0, base.length + length);
        for (const [at, value] of changed) if (at < bytes.length) bytes[at] = value;
        survives(bytes);
      },
    );
    fc.assert(property, { numRuns: 20_000 });
  });
});
