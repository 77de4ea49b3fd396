import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import * as packets from 'dns-packet';
import type { Server } from './answer.ts';
import { askedOnce } from './lookup.ts';
import { splitServer } from './resolvers.ts';

/** What a validating resolver says, with the flags and types that dns2 lacks (RFC 4035 3.2, RFC 6698, RFC 8914). */
export type SecureAnswer =
  | {
      kind: 'answer';
      rcode: string;
      /** AD: the resolver has validated it. */
      authentic: boolean;
      records: SecureRecord[];
      /** Extended errors, such as `DNSSEC Bogus` or `signature expired`, as code and text. */
      errors: string[];
    }
  | { kind: 'failed'; why: string };

type SecureRecord = { name: string; type: string; ttl: number; tlsa: Tlsa | null; caa: Caa | null };
export type Tlsa = { usage: number; selector: number; matchingType: number; certificate: Buffer };

/** RFC 8659 4.1. */
export type Caa = { critical: boolean; tag: string; value: string };

export type SecureType = 'SOA' | 'TLSA' | 'CAA';
export type SecureLookup = (
  name: string,
  type: SecureType,
  how: { checkingDisabled: boolean },
) => Promise<SecureAnswer>;

/** What a reply may hold so that it is not cut on its way (DNS flag day 2020). */
const UDP_SIZE = 1232;
/** Option code of Extended DNS Errors. */
const EDE = 15;

/** Each question is asked once. Throws only what the signal was aborted with. */
export function secureLookup(
  server: Server,
  { deadline, signal }: { deadline: number; signal: AbortSignal },
): SecureLookup {
  const ask: SecureLookup = async (name, type, how) => {
    const limits = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
    try {
      const id = randomInt(0x10000);
      const query = encodeQuery(id, name, type, how);
      const isReply = (message: Buffer): boolean => matches(message, id, name, type);
      const decoded = packets.decode(await overUdp(server, query, isReply, limits));
      if (!decoded.flag_tc) return readAnswer(decoded);
      return readAnswer(packets.decode(await overTcp(server, query, isReply, limits)));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const why = limits.aborted
        ? `no reply within ${deadline / 1000} s`
        : error instanceof Error
          ? error.message
          : String(error);
      return { kind: 'failed', why: `${type} of ${name}: ${why}` };
    }
  };
  return askedOnce(ask, (name, type, how) => `${type} ${name.toLowerCase()} ${how.checkingDisabled}`);
}

function encodeQuery(
  id: number,
  name: string,
  type: string,
  { checkingDisabled }: { checkingDisabled: boolean },
): Buffer {
  return packets.encode({
    type: 'query',
    id,
    flags: packets.RECURSION_DESIRED | packets.AUTHENTIC_DATA | (checkingDisabled ? packets.CHECKING_DISABLED : 0),
    questions: [{ type: type as packets.RecordType, name, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_SIZE,
        flags: packets.DNSSEC_OK,
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: true,
        options: [],
      },
    ],
  });
}

function matches(message: Buffer, id: number, name: string, type: string): boolean {
  try {
    const { id: repliedId, questions, type: kind } = packets.decode(message);
    const [question] = questions ?? [];
    return (
      kind === 'response' &&
      repliedId === id &&
      question?.name.toLowerCase() === name.toLowerCase() &&
      question.type === type
    );
  } catch {
    return false;
  }
}

async function overUdp(
  server: Server,
  query: Buffer,
  isReply: (message: Buffer) => boolean,
  signal: AbortSignal,
): Promise<Buffer> {
  const { address, port, family } = splitServer(server);
  signal.throwIfAborted();
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  const send = (): void => socket.send(query);
  // One retransmission a second, as long as there is time.
  let again: NodeJS.Timeout | undefined;
  return new Promise<Buffer>((resolve, reject) => {
    socket.on('error', reject);
    // Connected: the kernel drops what comes from elsewhere.
    socket.on('message', (message) => isReply(message) && resolve(message));
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    socket.connect(port, address, () => {
      send();
      again = setInterval(send, 1000);
    });
  }).finally(() => {
    clearInterval(again);
    socket.close();
  });
}

async function overTcp(
  server: Server,
  query: Buffer,
  isReply: (message: Buffer) => boolean,
  signal: AbortSignal,
): Promise<Buffer> {
  const { address, port } = splitServer(server);
  signal.throwIfAborted();
  const socket = createConnection({ host: address, port });
  let received = Buffer.alloc(0);
  return new Promise<Buffer>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed the TCP connection')));
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const message = received.subarray(2, 2 + received.readUInt16BE(0));
      if (isReply(message)) resolve(message);
      else reject(new Error('an answer to another question'));
    });
  }).finally(() => socket.destroy());
}

function readAnswer(reply: packets.DecodedPacket): SecureAnswer {
  return {
    kind: 'answer',
    rcode: (reply as { rcode?: string }).rcode ?? 'NOERROR',
    authentic: reply.flag_ad,
    records: (reply.answers ?? []).map((record) => ({
      name: record.name.toLowerCase(),
      type: record.type,
      ttl: 'ttl' in record ? (record.ttl ?? 0) : 0,
      tlsa: (record.type as string) === 'TLSA' ? tlsaOf(record as unknown as { data: Tlsa }) : null,
      caa: record.type === 'CAA' ? caaOf(record.data) : null,
    })),
    errors: (reply.additionals ?? []).flatMap((record) => (record.type === 'OPT' ? extendedErrors(record) : [])),
  };
}

const tlsaOf = ({ data }: { data: Tlsa }): Tlsa => ({
  usage: data.usage,
  selector: data.selector,
  matchingType: data.matchingType,
  certificate: Buffer.from(data.certificate),
});

const caaOf = ({ flags, issuerCritical, tag, value }: packets.CaaData): Caa => ({
  critical: issuerCritical ?? ((flags ?? 0) & 0x80) !== 0,
  tag: tag.toLowerCase(),
  value,
});

function extendedErrors(record: packets.OptAnswer): string[] {
  return (record.options as { code: number; data?: Buffer }[])
    .filter(({ code, data }) => code === EDE && data !== undefined && data.length >= 2)
    .map(({ data = Buffer.alloc(2) }) => {
      const code = data.readUInt16BE(0);
      return [ERRORS[code] ?? `error ${code}`, data.subarray(2).toString('utf8').trim()]
        .filter((part) => part !== '')
        .join(': ');
    });
}

/** Those of RFC 8914 about DNSSEC. */
const ERRORS: Record<number, string> = {
  1: 'unsupported DNSKEY algorithm',
  2: 'unsupported DS digest type',
  5: 'DNSSEC indeterminate',
  6: 'DNSSEC bogus',
  7: 'signature expired',
  8: 'signature not yet valid',
  9: 'DNSKEY missing',
  10: 'RRSIGs missing',
  11: 'no zone key bit set',
  12: 'NSEC missing',
};
