import type { Packet as PacketType } from 'dns2';
import type { AnswerRecord, QuestionType } from './answer.ts';
import { ByteReader } from './bytes.ts';
import { packetClass } from './packet.ts';
import { findRecords, MalformedMessage, questionEnd, type Section, TYPE } from './wire.ts';

/** A record of a reply: those of AnswerRecord, and the aliases between them. Names in lower case, no dot at the end. */
export type DecodedRecord = (AnswerRecord | { name: string; type: 'CNAME'; ttl: number; data: string }) & {
  section: Section;
};

/** A reply whose every length, count and name has been checked. */
export type Reply = {
  authoritative: boolean;
  truncated: boolean;
  recursionAvailable: boolean;
  opcode: number;
  rcode: string;
  /** Class IN only; types that nobody here asks for are left out. */
  records: DecodedRecord[];
  /** The smaller of the SOA's TTL and minimum in seconds (RFC 2308 section 5), null without a SOA. */
  negativeTtl: number | null;
};

const CLASS_IN = 1;
const OTHER_TYPES = new Map<number, DecodedRecord['type']>(
  Object.entries(TYPE).map(([name, code]) => [code, name as keyof typeof TYPE]),
);
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET'];

/** Throws MalformedMessage for everything that is not a reply in order. */
export function decodeReply(message: Buffer): Reply {
  questionEnd(message);
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) === 0) throw new MalformedMessage('a query in place of a reply');
  const truncated = (flags & 0x0200) !== 0;
  const reply: Reply = {
    authoritative: (flags & 0x0400) !== 0,
    truncated,
    recursionAvailable: (flags & 0x0080) !== 0,
    opcode: (flags >> 11) & 0xf,
    rcode: RCODES[flags & 0xf] ?? (flags & 0xf ? `RCODE${flags & 0xf}` : 'NOERROR'),
    records: [],
    negativeTtl: null,
  };
  // A truncated reply may end anywhere, and none of its records may be used (RFC 2181 section 9).
  if (truncated) return reply;
  for (const place of findRecords(message)) {
    const type = OTHER_TYPES.get(place.type);
    if (type === undefined || place.class !== CLASS_IN) continue;
    const resource = packetClass().Resource.decode(new ByteReader(message, place.offset));
    const data = dataOf(type, resource);
    reply.records.push({ name: resource.name.toLowerCase(), type, ttl: resource.ttl, data, section: place.section });
    if (type === 'SOA' && place.section === 'authority') {
      reply.negativeTtl = Math.min(resource.ttl, resource.minimum ?? resource.ttl);
    }
  }
  return reply;
}

function dataOf(type: QuestionType | 'CNAME', resource: PacketType['answers'][number]): string {
  const host = (name: string | undefined): string => (name ?? '').toLowerCase();
  switch (type) {
    case 'A':
    case 'AAAA':
      return resource.address ?? '';
    case 'NS':
      return host(resource.ns);
    case 'CNAME':
    case 'PTR':
      return host(resource.domain);
    case 'MX':
      return `${resource.priority} ${host(resource.exchange)}`;
    case 'TXT':
      return [resource.data ?? []].flat().join('');
    case 'SOA': {
      const { primary, admin, serial, refresh, retry, expiration, minimum } = resource;
      return [host(primary), host(admin), serial, refresh, retry, expiration, minimum].join(' ');
    }
  }
}
