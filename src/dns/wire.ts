/**
 * Bounds of a DNS message (RFC 1035 section 4), found without trusting it: every length, count and pointer is checked
 * before a record is decoded.
 */

/** What is wrong with a message; the text is for people and holds nothing of the message. */
export class MalformedMessage extends Error {}

export type Section = 'answer' | 'authority' | 'additional';

/** Where a record starts (its owner name), its type and class. Offsets in bytes. */
export type RecordPlace = { section: Section; offset: number; type: number; class: number };

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28 } as const;

/** Seconds. No cache keeps a record for longer, whatever its TTL says (RFC 8767 section 4). */
export const LONGEST_TTL = 604_800;

const HEADER = 12;
const MAX_NAME = 255;
const DOT = 0x2e;

/** Long enough for a header, and with the QR bit. */
export function isReply(message: Buffer): boolean {
  return message.length >= HEADER && ((message[2] ?? 0) & 0x80) !== 0;
}

/**
 * A failure by a bare header, without the question: what unbound says to clients that it does not serve, and others to
 * a query that they will not read. NOERROR and NXDOMAIN are answers, and those must repeat what they answer.
 */
export function isBareFailure(message: Buffer): boolean {
  const rcode = (message[3] ?? 0) & 0xf;
  return message.length === HEADER && message.readUInt16BE(4) === 0 && rcode !== 0 && rcode !== 3;
}

/** The end of the question section's only question, which starts after the header. Throws MalformedMessage. */
export function questionEnd(message: Buffer): number {
  if (message.length < HEADER) throw new MalformedMessage('shorter than a header');
  if (isBareFailure(message)) return HEADER;
  if (message.readUInt16BE(4) !== 1) throw new MalformedMessage(`${message.readUInt16BE(4)} questions in place of one`);
  const end = skipName(message, HEADER) + 4;
  if (end > message.length) throw new MalformedMessage('ends within the question');
  return end;
}

/** All records of the message in order. Throws MalformedMessage unless they fill it exactly, as counted in the header. */
export function findRecords(message: Buffer): RecordPlace[] {
  const places: RecordPlace[] = [];
  let offset = questionEnd(message);
  const counts: [Section, number][] = [
    ['answer', message.readUInt16BE(6)],
    ['authority', message.readUInt16BE(8)],
    ['additional', message.readUInt16BE(10)],
  ];
  for (const [section, count] of counts) {
    for (let at = 0; at < count; at++) {
      const start = offset;
      const fixed = skipName(message, offset, true);
      offset = skipRest(message, fixed);
      places.push({
        section,
        offset: start,
        type: message.readUInt16BE(fixed),
        class: message.readUInt16BE(fixed + 2),
      });
    }
  }
  if (offset !== message.length) throw new MalformedMessage('holds more than its header counts');
  return places;
}

/** The offset after the record at `offset`. Throws MalformedMessage unless it is in order. */
export function skipRecord(message: Buffer, offset: number): number {
  return skipRest(message, skipName(message, offset, true));
}

/** The offset after a record, from the end of its owner name on. */
function skipRest(message: Buffer, fixed: number): number {
  if (fixed + 10 > message.length) throw new MalformedMessage('ends within a record');
  const type = message.readUInt16BE(fixed);
  const rdata = fixed + 10;
  const end = rdata + message.readUInt16BE(fixed + 8);
  if (end > message.length) throw new MalformedMessage('ends within a record');
  if (!isWellFormed(message, type, rdata, end)) {
    throw new MalformedMessage(`a record of type ${type} with ${end - rdata} bytes that do not fit`);
  }
  return end;
}

/** Does the data of a record have the shape of its type, and end where it should? */
function isWellFormed(message: Buffer, type: number, start: number, end: number): boolean {
  const length = end - start;
  switch (type) {
    case TYPE.A:
      return length === 4;
    case TYPE.AAAA:
      return length === 16;
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
      return length > 0 && skipName(message, start, true) === end;
    case TYPE.MX:
      return length > 2 && skipName(message, start + 2, true) === end;
    case TYPE.SOA:
      return length > 21 && skipName(message, skipName(message, start)) + 20 === end;
    case TYPE.TXT: {
      let at = start;
      while (at < end) at += 1 + (message[at] ?? 0);
      return length > 0 && at === end;
    }
    default:
      return true;
  }
}

/**
 * The offset after the name at `offset`. Pointers must lead backwards, which rules out loops.
 * @param host Refuse a dot inside a label: in text it could not be told from two labels.
 */
export function skipName(message: Buffer, offset: number, host = false): number {
  let at = offset;
  let end = -1;
  let lowest = offset;
  let octets = 1;
  for (;;) {
    const length = message[at];
    if (length === undefined) throw new MalformedMessage('ends within a name');
    if (length === 0) return end === -1 ? at + 1 : end;
    if (length >= 0xc0) {
      const low = message[at + 1];
      if (low === undefined) throw new MalformedMessage('ends within a name');
      const target = ((length & 0x3f) << 8) | low;
      if (target >= lowest || target < HEADER) throw new MalformedMessage('a name points forwards or to itself');
      if (end === -1) end = at + 2;
      at = target;
      lowest = target;
      continue;
    }
    if (length > 63) throw new MalformedMessage('a label of a reserved kind');
    octets += length + 1;
    if (octets > MAX_NAME) throw new MalformedMessage('a name longer than 255 bytes');
    const next = at + 1 + length;
    if (next > message.length) throw new MalformedMessage('ends within a name');
    if (host && message.subarray(at + 1, next).includes(DOT)) throw new MalformedMessage('a dot inside a label');
    at = next;
  }
}
