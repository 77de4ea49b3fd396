import { randomBytes } from 'node:crypto';
import type { Packet as PacketType } from 'dns2';
import { packetClass } from '../../src/dns/packet.ts';

const Packet = packetClass();

type Resource = PacketType['answers'][number];

/**
 * What the lab server is to say. Fields combine: `{ a: ['127.0.0.2'], delay: 300 }`. Without any, the reply is an
 * authoritative NOERROR without records and with a SOA.
 */
export type Reply = {
  a?: string[];
  aaaa?: string[];
  /** One TXT record each; an inner array is one record of several strings. */
  txt?: (string | string[])[];
  ns?: string[];
  ptr?: string[];
  /** `10 mail.example.org` */
  mx?: string[];
  /** The name asked is an alias; `a`, `aaaa` and `txt` then belong to the last of these names. */
  cname?: string | string[];
  nxdomain?: boolean;
  nodata?: boolean;
  servfail?: boolean;
  refused?: boolean;
  /** Any other rcode. */
  rcode?: number;
  /** NS records of a zone below in the authority section, not authoritative. */
  referral?: { zone: string; servers: Record<string, string[]> };
  /** No reply at all. */
  silence?: boolean;
  /** Milliseconds before the reply. */
  delay?: number;
  /** TC, without records, over UDP; over TCP the rest of this reply. */
  truncated?: boolean;
  /** Random bytes in place of a reply. */
  garbage?: boolean;
  /** The right id and question, then nonsense. */
  garbled?: boolean;
  wrongId?: boolean;
  wrongQuestion?: boolean;
  /** From another port. */
  wrongSender?: boolean;
  /** Sent before the reply proper: each of these in turn. */
  before?: Reply[];
  /** The reply twice. */
  twice?: boolean;
  aa?: boolean;
  ra?: boolean;
  /** Seconds, of every record. */
  ttl?: number;
  /** false: no SOA in a negative reply. */
  soa?: boolean;
  /** The exact bytes of the reply, made from the query. */
  raw?: (query: Buffer) => Buffer;
  /** Last change to the bytes. */
  alter?: (reply: Buffer) => Buffer;
};

/** The name in wire format, uncompressed: for hand-made messages. */
export function wireName(name: string): Buffer {
  return Packet.Name.encode(name);
}

/** One datagram or TCP message; `stranger`: to be sent from another port. */
export type Outgoing = { message: Buffer; stranger: boolean };

/** The messages to send, in order; none for silence. */
export function encodeReply(query: PacketType, reply: Reply, protocol: 'udp' | 'tcp'): Outgoing[] {
  const before = (reply.before ?? []).flatMap((first) => encodeReply(query, first, protocol));
  if (reply.silence) return before;
  const message = encodeOne(query, reply, protocol);
  const altered = reply.alter === undefined ? message : reply.alter(message);
  const outgoing = { message: altered, stranger: reply.wrongSender === true };
  return [...before, outgoing, ...(reply.twice ? [outgoing] : [])];
}

function encodeOne(query: PacketType, reply: Reply, protocol: 'udp' | 'tcp'): Buffer {
  if (reply.raw !== undefined) return reply.raw(query.toBuffer());
  if (reply.garbage) return randomBytes(40);
  const asked = query.questions[0];
  if (asked === undefined) throw new Error('a query without a question');
  const response = Packet.createResponseFromRequest(query);
  const { header } = response;
  const truncated = reply.truncated === true && protocol === 'udp';
  header.rcode = rcodeOf(reply);
  header.aa = (reply.aa ?? (reply.referral === undefined && header.rcode !== 2 && header.rcode !== 5)) ? 1 : 0;
  header.ra = reply.ra ? 1 : 0;
  header.tc = truncated ? 1 : 0;
  if (reply.wrongId) header.id ^= 0x5555;
  if (reply.wrongQuestion) response.questions = [new Packet.Question(`x${asked.name.slice(1)}`, asked.type, 1)];
  if (!truncated) {
    response.answers = answersOf(asked.name, reply);
    addAuthority(response, asked.name, reply);
  }
  const message = response.toBuffer();
  if (!reply.garbled) return message;
  // One answer announced, three bytes of it there.
  message.writeUInt16BE(1, 6);
  return Buffer.concat([message, Buffer.from([0xc0, 0x0c, 0x00])]);
}

function rcodeOf(reply: Reply): number {
  if (reply.rcode !== undefined) return reply.rcode;
  if (reply.nxdomain) return 3;
  if (reply.servfail) return 2;
  return reply.refused ? 5 : 0;
}

function answersOf(name: string, reply: Reply): Resource[] {
  const ttl = reply.ttl ?? 300;
  const aliases = [reply.cname ?? []].flat();
  const owner = aliases.at(-1) ?? name;
  const record = (of: string, type: number, data: Partial<Resource>): Resource =>
    new Packet.Resource({ name: of, type, class: 1, ttl, ...data });
  return [
    ...aliases.map((domain, at) => record(aliases[at - 1] ?? name, Packet.TYPE.CNAME, { domain })),
    ...(reply.a ?? []).map((address) => record(owner, Packet.TYPE.A, { address })),
    ...(reply.aaaa ?? []).map((address) => record(owner, Packet.TYPE.AAAA, { address })),
    ...(reply.txt ?? []).map((data) => record(owner, Packet.TYPE.TXT, { data })),
    ...(reply.ptr ?? []).map((domain) => record(owner, Packet.TYPE.PTR, { domain })),
    ...(reply.ns ?? []).map((ns) => record(owner, Packet.TYPE.NS, { ns })),
    ...(reply.mx ?? []).map((text) => {
      const [priority = '0', exchange = ''] = text.split(' ');
      return record(owner, Packet.TYPE.MX, { priority: Number(priority), exchange });
    }),
  ];
}

function addAuthority(response: PacketType, name: string, reply: Reply): void {
  const ttl = reply.ttl ?? 300;
  if (reply.referral !== undefined) {
    const { zone, servers } = reply.referral;
    for (const [ns, addresses] of Object.entries(servers)) {
      response.authorities.push(new Packet.Resource({ name: zone, type: Packet.TYPE.NS, class: 1, ttl, ns }));
      for (const address of addresses) {
        const type = address.includes(':') ? Packet.TYPE.AAAA : Packet.TYPE.A;
        response.additionals.push(new Packet.Resource({ name: ns, type, class: 1, ttl, address }));
      }
    }
    return;
  }
  const negative = response.answers.length === 0 && (response.header.rcode === 0 || response.header.rcode === 3);
  if (!negative || reply.soa === false) return;
  const zone = name.split('.').slice(-2).join('.');
  response.authorities.push(
    new Packet.Resource({
      name: zone,
      type: Packet.TYPE.SOA,
      class: 1,
      ttl,
      primary: `ns.${zone}`,
      admin: `hostmaster.${zone}`,
      serial: 1,
      refresh: 3600,
      retry: 600,
      expiration: 86400,
      minimum: Math.min(ttl, 60),
    }),
  );
}
