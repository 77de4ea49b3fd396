import type { Question } from './answer.ts';
import { isBareFailure, MalformedMessage, TYPE } from './wire.ts';

/** Queries in wire format (RFC 1035 section 4.1), plain: one question, no EDNS. */

const HEADER = 12;
const MAX_LABEL = 63;
const MAX_NAME = 253;
const DOT = 0x2e;
/** Type and class after the name's last byte. */
const TAIL = 4;

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

/** The end of every query for addresses below the zone: its labels, type A, class IN. Throws as encodeQuery does. */
export function encodeSuffix(zone: string): Buffer {
  checkLength(zone);
  const suffix = Buffer.alloc(zone.length + 2 + TAIL);
  const end = writeLabels(suffix, 0, zone);
  suffix.writeUInt16BE(TYPE.A, end + 1);
  suffix.writeUInt16BE(1, end + 3);
  return suffix;
}

/** Bytes that the labels of each octet take. */
const OCTET_BYTES = Uint8Array.from({ length: 256 }, (_, octet) => 1 + String(octet).length);

/** The query for an IPv4 address, as a number, below the zone of the suffix (RFC 5782 section 2.1). */
export function encodeAddressQuery(id: number, address: number, suffix: Buffer, recursionDesired: boolean): Buffer {
  const [a, b, c, d] = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
  const labels = (OCTET_BYTES[a] ?? 0) + (OCTET_BYTES[b] ?? 0) + (OCTET_BYTES[c] ?? 0) + (OCTET_BYTES[d] ?? 0);
  const query = Buffer.allocUnsafe(HEADER + labels + suffix.length);
  writeHeader(query, id, recursionDesired);
  const end = writeOctet(query, writeOctet(query, writeOctet(query, writeOctet(query, HEADER, d), c), b), a);
  query.set(suffix, end);
  return query;
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

function writeOctet(query: Buffer, at: number, octet: number): number {
  const length = (OCTET_BYTES[octet] ?? 2) - 1;
  query[at] = length;
  let rest = octet;
  for (let digit = at + length; digit > at; digit -= 1) {
    query[digit] = 0x30 + (rest % 10);
    rest = (rest / 10) | 0;
  }
  return at + length + 1;
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

/** Does the message answer the question of this query? Names regardless of case, type and class exactly. */
export function sameQuestion(query: Buffer, message: Buffer): boolean {
  if (isBareFailure(message)) return true;
  const end = query.length;
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
