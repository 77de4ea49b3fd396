import type { Answer, AnswerRecord, FailureWhy, Question, Server } from './answer.ts';
import { type DecodedRecord, decodeReply, type Reply } from './codec.ts';
import { LONGEST_TTL, MalformedMessage } from './wire.ts';

type Referral = Extract<Answer, { kind: 'referral' }>;

/** What is known of any answer, before its meaning. */
export type Asked = { server: Server; at: Date; question: Question; recursionDesired: boolean };

/** No usable reply came. */
export function failure(asked: Asked, why: FailureWhy, detail: string): Answer {
  const { server, at } = asked;
  return { server, at, authoritative: false, recursionAvailable: false, rcode: '', kind: 'failed', why, detail };
}

/** What a message with the right question says; null where it is truncated. */
export function readMessage(asked: Asked, message: Buffer): Answer | null {
  let reply: Reply;
  try {
    reply = decodeReply(message);
  } catch (error) {
    return failure(
      asked,
      'malformed',
      error instanceof MalformedMessage ? error.message : 'the reply cannot be decoded',
    );
  }
  return reply.truncated ? null : readReply(asked, reply);
}

/** The message was no reply in order, so not even its rcode counts. */
export function isUndecodable(answer: Answer): boolean {
  return answer.kind === 'failed' && answer.why === 'malformed' && answer.rcode === '';
}

/**
 * What a reply says. Only NOERROR and NXDOMAIN are answers; absence must be claimed by a server that can know: one that
 * is authoritative, or a resolver that was asked to recurse and offers to.
 */
export function readReply(asked: Asked, reply: Reply): Answer {
  const { server, at, question, recursionDesired } = asked;
  const { authoritative, recursionAvailable, rcode } = reply;
  const common = { server, at, authoritative, recursionAvailable, rcode };
  const failed = (why: FailureWhy, detail: string): Answer => ({ ...common, kind: 'failed', why, detail });

  if (reply.opcode !== 0) return failed('malformed', `opcode ${reply.opcode} in place of a query's`);
  if (rcode === 'SERVFAIL') return failed('servfail', 'the server says SERVFAIL');
  if (rcode === 'REFUSED') return failed('refused', 'the server says REFUSED');
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return failed('malformed', `the server says ${rcode}`);

  const name = question.name.toLowerCase().replace(/\.$/, '');
  const answers = reply.records.filter((record) => record.section === 'answer');
  const negativeTtl = reply.negativeTtl === null ? null : Math.min(LONGEST_TTL, reply.negativeTtl);
  const chain = followAliases(name, answers);
  if (chain === null) return failed('malformed', 'the CNAME records lead in a circle or apart');
  const records = chain.end.filter((record) => record.type === question.type);

  if (rcode === 'NXDOMAIN') {
    if (records.length > 0) return failed('malformed', `NXDOMAIN with ${question.type} records`);
    return { ...common, kind: 'absent', ttl: negativeTtl };
  }
  if (records.length > 0) {
    const ttl = Math.min(LONGEST_TTL, ...[...chain.aliases, ...records].map((record) => record.ttl));
    return { ...common, kind: 'records', records: records.map(plain), ttl };
  }
  const resolved = recursionDesired && recursionAvailable;
  if (chain.aliases.length > 0) {
    if (!resolved) return failed('malformed', 'a CNAME that leads nowhere within the answer');
    return { ...common, kind: 'absent', ttl: negativeTtl };
  }
  if (answers.some((record) => record.type === question.type)) {
    return failed('malformed', 'the records are of another name than the one asked');
  }
  if (!authoritative) {
    const referral = readReferral(name, reply);
    if (referral === 'upwards') return failed('malformed', 'lame: not responsible for the zone, refers upwards');
    if (referral !== null) return { ...common, ...referral };
    if (!resolved) return failed('malformed', 'lame: no records, and neither authoritative nor a resolver');
  }
  return { ...common, kind: 'absent', ttl: negativeTtl };
}

/** The records at the end of the alias chain that starts at `name`; null for a loop or a name with two aliases. */
function followAliases(
  name: string,
  answers: DecodedRecord[],
): { aliases: DecodedRecord[]; end: DecodedRecord[] } | null {
  const aliases: DecodedRecord[] = [];
  const seen = new Set([name]);
  let current = name;
  for (;;) {
    const here = answers.filter((record) => record.name === current);
    const [alias, other] = here.filter((record) => record.type === 'CNAME');
    if (alias === undefined) return { aliases, end: here };
    if ((other !== undefined && other.data !== alias.data) || seen.has(alias.data)) return null;
    aliases.push(alias);
    seen.add(alias.data);
    current = alias.data;
  }
}

/** NS records without a SOA are a referral (RFC 2308 section 2.2.1), when they are of the name asked or above it. */
function readReferral(
  name: string,
  reply: Reply,
): Omit<Referral, 'server' | 'at' | 'authoritative' | 'recursionAvailable' | 'rcode'> | 'upwards' | null {
  const authority = reply.records.filter((record) => record.section === 'authority');
  if (authority.some((record) => record.type === 'SOA')) return null;
  const nameServers = authority.filter((record) => record.type === 'NS');
  const [first] = nameServers;
  if (first === undefined) return null;
  const zone = first.name;
  if (zone === '' || !isWithin(name, zone)) return 'upwards';
  // Addresses are taken only of names that the referring server may speak for.
  const parent = zone.slice(zone.indexOf('.') + 1);
  const servers = nameServers
    .filter((record) => record.name === zone)
    .map((record) => ({
      name: record.data,
      addresses: reply.records
        .filter((glue) => glue.section === 'additional' && (glue.type === 'A' || glue.type === 'AAAA'))
        .filter((glue) => glue.name === record.data && isWithin(glue.name, parent))
        .map((glue) => glue.data),
    }));
  return { kind: 'referral', zone, servers };
}

function isWithin(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

function plain(record: DecodedRecord): AnswerRecord {
  const { name, type, ttl, data } = record;
  if (type === 'CNAME') throw new Error('an alias is no answer');
  return { name, type, ttl, data };
}
