import type { Question, QuestionType } from './answer.ts';
import { isBareFailure, MalformedMessage, TYPE } from './wire.ts';

/** Queries in wire format (RFC 1035 section 4.1), plain: one question, no EDNS. */

const HEADER = 12;
const MAX_LABEL = 63;
const MAX_NAME = 253;
const DOT = 0x2e;
/** Type and class after the name's last byte. */
const TAIL = 4;
/** In bytes. */
export const LONGEST_QUERY = HEADER + MAX_NAME + 2 + TAIL;

/** Throws MalformedMessage for a name that DNS cannot carry. */
export function encodeQuery(id: number, { name, type }: Question, recursionDesired: boolean): Buffer {
  const labels = name.endsWith('.') ? name.slice(0, -1) : name;
  checkLength(labels);
  // A length before each label in place of the dot after it, the length 0 at the end.
  const query = Buffer.allocUnsafe(HEADER + labels.length + 2 + TAIL);
  writeHeader(query, id, recursionDesired);
  const end = writeLabels(query, HEADER, labels);
  query[end] = 0;
  query.writeUInt16BE(TYPE[type], end + 1);
  query.writeUInt16BE(1, end + 3);
  return query;
}

/** The end of every query for addresses below the zone: its labels, the type, class IN. Throws as encodeQuery does. */
export function encodeSuffix(zone: string, type: QuestionType): Buffer {
  checkLength(zone);
  const suffix = Buffer.alloc(zone.length + 2 + TAIL);
  const end = writeLabels(suffix, 0, zone);
  suffix.writeUInt16BE(TYPE[type], end + 1);
  suffix.writeUInt16BE(1, end + 3);
  return suffix;
}

/**
 * Writes the query for an address below the zone of the suffix (RFC 5782 sections 2.1 and 2.4): an IPv4 address is a
 * number, an IPv6 address a bigint. @returns its length
 */
export function writeAddressQuery(
  query: Buffer,
  id: number,
  address: number | bigint,
  suffix: Buffer,
  recursionDesired: boolean,
): number {
  writeHeader(query, id, recursionDesired);
  const end = typeof address === 'number' ? writeOctets(query, HEADER, address) : writeNibbles(query, HEADER, address);
  query.set(suffix, end);
  return end + suffix.length;
}

/** The name in a query, as it was asked. */
export function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER, length = query[at] ?? 0; length > 0; at += length + 1, length = query[at] ?? 0)
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
  return labels.join('.');
}

function writeHeader(query: Buffer, id: number, recursionDesired: boolean): void {
  query[0] = id >> 8;
  query[1] = id & 255;
  query[2] = recursionDesired ? 1 : 0;
  query[3] = 0;
  query[4] = 0;
  query[5] = 1;
  for (let at = 6; at < HEADER; at += 1) query[at] = 0;
}

function writeOctets(query: Buffer, from: number, address: number): number {
  let at = from;
  for (let shift = 0; shift < 32; shift += 8) at = writeOctet(query, at, (address >>> shift) & 255);
  return at;
}

function writeOctet(query: Buffer, at: number, octet: number): number {
  const digits = octet < 10 ? 1 : octet < 100 ? 2 : 3;
  query[at] = digits;
  let rest = octet;
  for (let digit = at + digits; digit > at; digit -= 1) {
    query[digit] = 0x30 + (rest % 10);
    rest = (rest / 10) | 0;
  }
  return at + digits + 1;
}

function writeNibbles(query: Buffer, from: number, address: bigint): number {
  let at = from;
  for (let shift = 0n; shift < 128n; shift += 32n) {
    let word = Number((address >> shift) & 0xffffffffn);
    for (let nibble = 0; nibble < 8; nibble += 1, at += 2, word >>>= 4) {
      const digit = word & 15;
      query[at] = 1;
      query[at + 1] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    }
  }
  return at;
}

function checkLength(name: string): void {
  if (name.length > MAX_NAME) throw new MalformedMessage('the name to ask is longer than 253 characters');
}

/** Gives back the offset after the last label. */
function writeLabels(into: Buffer, from: number, name: string): number {
  let length = from;
  for (let at = 0; at <= name.length; at += 1) {
    const character = at === name.length ? DOT : name.charCodeAt(at);
    if (character !== DOT) {
      if (character < 0x20 || character > 0x7e) throw unfit();
      into[from + at + 1] = character;
      continue;
    }
    const bytes = from + at - length;
    if (bytes === 0 || bytes > MAX_LABEL) throw unfit();
    into[length] = bytes;
    length = from + at + 1;
  }
  return length;
}

function unfit(): MalformedMessage {
  return new MalformedMessage('the name to ask has an empty or overlong label, or characters that DNS does not carry');
}

/** Does the message answer the question of this query of `end` bytes? Names regardless of case, type and class exactly. */
export function sameQuestion(query: Buffer, message: Buffer, end = query.length): boolean {
  if (isBareFailure(message)) return true;
  if (message.length < end || message.readUInt16BE(4) !== 1) return false;
  for (let at = 12; at < end; at++) {
    const a = query[at] ?? 0;
    const b = message[at] ?? 0;
    if (a !== b && (at >= end - 4 || lower(a) !== lower(b))) return false;
  }
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
