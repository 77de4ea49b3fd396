import type { Answer, AnswerRecord } from './answer.ts';
import type { Asked } from './reading.ts';
import { LONGEST_TTL, MalformedMessage, skipName, skipRecord, TYPE } from './wire.ts';

/**
 * Reads the common replies in place: absence with or without a SOA, and A records of the name asked. What it reads it
 * reads as codec.ts and reading.ts do; everything else it leaves to them.
 */

const MOST = 16;
const RECORD = 16;

/** What the last message read by `readQuick` says; read anew with every message, so that a lookup makes no object. */
export type Quick = {
  kind: 'absent' | 'records';
  authoritative: boolean;
  recursionAvailable: boolean;
  /** 0 or 3. */
  rcode: number;
  /** Seconds; -1 for absence without a SOA. */
  ttl: number;
  /** Of records: IPv4 addresses as numbers, and their TTLs. */
  count: number;
  addresses: Uint32Array;
  ttls: Uint32Array;
};

const quick: Quick = {
  kind: 'absent',
  authoritative: false,
  recursionAvailable: false,
  rcode: 0,
  ttl: -1,
  count: 0,
  addresses: new Uint32Array(MOST),
  ttls: new Uint32Array(MOST),
};

/**
 * `message` must have the question of a query for A records that is `end` bytes long.
 * @returns null where the message is not of a common kind; what is given back is overwritten by the next call
 */
export function readQuick(message: Buffer, end: number): Quick | null {
  const high = message[2] ?? 0;
  const low = message[3] ?? 0;
  const rcode = low & 0xf;
  // A reply to a query, whole.
  if ((high & 0xfa) !== 0x80 || (rcode !== 0 && rcode !== 3)) return null;
  quick.authoritative = (high & 4) !== 0;
  quick.recursionAvailable = (low & 0x80) !== 0;
  quick.rcode = rcode;
  quick.count = 0;
  const answers = count(message, 6);
  const rest = count(message, 8) + count(message, 10);
  if (answers > 0) return rcode === 0 && readAddresses(message, end, answers, rest) ? quick : null;
  if (rcode === 0 && !quick.authoritative) return null; // a referral, or a resolver's
  return readAbsence(message, end, rest) ? quick : null;
}

/** The answer that `quick` stands for. */
export function answerOf({ server, at, question }: Asked, found: Quick): Answer {
  const { authoritative, recursionAvailable, ttl } = found;
  const common = { server, at, authoritative, recursionAvailable, rcode: found.rcode === 3 ? 'NXDOMAIN' : 'NOERROR' };
  if (found.kind === 'absent') return { ...common, kind: 'absent', ttl: ttl < 0 ? null : ttl };
  const name = question.name.toLowerCase().replace(/\.$/, '');
  const records: AnswerRecord[] = [];
  for (let at = 0; at < found.count; at += 1) {
    const address = found.addresses[at] ?? 0;
    const data = `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
    records.push({ name, type: 'A', ttl: found.ttls[at] ?? 0, data });
  }
  return { ...common, kind: 'records', records, ttl };
}

function count(message: Buffer, at: number): number {
  return ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0);
}

/** Seconds; 31 bits, and what is more counts as the most (as dns2 reads it). */
function ttlAt(message: Buffer, at: number): number {
  return Math.min(message.readUInt32BE(at), 0x7fffffff);
}

/** A records, each with a pointer to the name asked, then anything in order. */
function readAddresses(message: Buffer, start: number, answers: number, rest: number): boolean {
  if (answers > MOST || start + answers * RECORD > message.length) return false;
  let least = 0xffffffff;
  let at = start;
  for (let place = 0; place < answers; place += 1, at += RECORD) {
    // C0 0C, type A, class IN
    if (message[at] !== 0xc0 || message[at + 1] !== 12 || count(message, at + 2) !== TYPE.A) return false;
    if (count(message, at + 4) !== 1 || count(message, at + 10) !== 4) return false;
    const ttl = ttlAt(message, at + 6);
    quick.addresses[place] = message.readUInt32BE(at + 12);
    quick.ttls[place] = ttl;
    least = Math.min(least, ttl);
  }
  quick.kind = 'records';
  quick.count = answers;
  quick.ttl = Math.min(LONGEST_TTL, least);
  return rest === 0 ? at === message.length : fills(message, at, rest);
}

/** Nothing more, or one SOA in the authority section. */
function readAbsence(message: Buffer, start: number, rest: number): boolean {
  quick.kind = 'absent';
  quick.ttl = -1;
  if (rest === 0) return start === message.length;
  if (rest !== 1 || count(message, 8) !== 1 || !fills(message, start, 1)) return false;
  const at = skipName(message, start, true);
  if (count(message, at) !== TYPE.SOA || count(message, at + 2) !== 1) return false;
  quick.ttl = Math.min(LONGEST_TTL, ttlAt(message, at + 4), message.readUInt32BE(message.length - 4));
  return true;
}

/** Whether so many records, each in order, fill the message exactly. */
function fills(message: Buffer, from: number, records: number): boolean {
  try {
    let at = from;
    for (let place = 0; place < records; place += 1) at = skipRecord(message, at);
    return at === message.length;
  } catch (error) {
    if (error instanceof MalformedMessage) return false;
    throw error;
  }
}
