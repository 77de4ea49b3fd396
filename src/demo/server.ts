import { createServer, Packet } from 'dns2';
import type { Server } from '../dns/answer.ts';

/** What one name of a simulated zone answers. */
type Entry = { code: string; text: string };

/**
 * - `keeping`: answers what its data says.
 * - `silent`: gets every question and answers none.
 * - `wildcard`: holds every name, as lists do whose domain was sold.
 */
export type Mood = 'keeping' | 'silent' | 'wildcard';

/** The data of one simulated list; it may change between two questions. */
export type Zone = { name: string; entries: Map<string, Entry>; mood: Mood };

export type ZoneServer = { address: Server; close(): Promise<void> };

const TTL = 60;

/** A real DNS server over UDP on a free port of 127.0.0.1, authoritative for one zone. */
export async function serveZone(zone: Zone): Promise<ZoneServer> {
  const server = createServer({
    udp: true,
    handle: (request, send) => {
      const response = zone.mood === 'silent' ? null : replyTo(request, zone);
      if (response !== null) void send(response);
    },
  });
  const { udp } = await server.listen({ udp: { port: 0, address: '127.0.0.1' } });
  if (udp === undefined) throw new Error('no UDP socket');
  return { address: `127.0.0.1:${udp.port}`, close: async () => void (await server.close()) };
}

function replyTo(request: Packet, zone: Zone): Packet | null {
  const asked = request.questions[0];
  if (asked === undefined) return null;
  const response = Packet.createResponseFromRequest(request);
  response.header.aa = 1;
  const entry = entryOf(zone, asked.name.toLowerCase());
  if (entry === null) {
    response.header.rcode = 3; // NXDOMAIN
    response.authorities.push(soaOf(zone.name));
    return response;
  }
  if (asked.type === Packet.TYPE.A) response.answers.push(record(asked.name, Packet.TYPE.A, { address: entry.code }));
  else if (asked.type === Packet.TYPE.TXT)
    response.answers.push(record(asked.name, Packet.TYPE.TXT, { data: entry.text }));
  else response.authorities.push(soaOf(zone.name));
  return response;
}

function entryOf(zone: Zone, name: string): Entry | null {
  if (!name.endsWith(`.${zone.name}`)) return null;
  if (zone.mood === 'wildcard') return { code: '127.0.0.2', text: 'this domain is for sale' };
  return zone.entries.get(name) ?? null;
}

/** How long "not there" may be remembered (RFC 2308): the smaller of the record's TTL and its last field. */
function soaOf(zone: string): Packet['answers'][number] {
  return record(zone, Packet.TYPE.SOA, {
    primary: `ns.${zone}`,
    admin: `hostmaster.${zone}`,
    serial: 1,
    refresh: 3600,
    retry: 600,
    expiration: 86_400,
    minimum: TTL,
  });
}

function record(name: string, type: number, data: Partial<Packet['answers'][number]>): Packet['answers'][number] {
  return new Packet.Resource({ name, type, class: Packet.CLASS.IN, ttl: TTL, ...data });
}
