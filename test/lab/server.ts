import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { packetClass } from '../../src/dns/packet.ts';
import { encodeReply, type Reply } from './reply.ts';

export type { Reply } from './reply.ts';

const Packet = packetClass();

type LabQuestion = {
  /** Lower case, no dot at the end. */
  name: string;
  /** `A`, `TXT`, …; the number as text for a type dns2 has no name for. */
  type: string;
  /** The name as it came, case kept. */
  asked: string;
  protocol: 'udp' | 'tcp';
  recursionDesired: boolean;
  /** Records in the additional section; 0 for a query without EDNS. */
  additionals: number;
  /** How often this name and type have been asked so far, this time included: 1, 2, … */
  count: number;
  from: { address: string; port: number };
};

export type LabHandler = (question: LabQuestion) => Reply | Promise<Reply>;

export type LabServer = {
  /** `127.0.0.1:port` or `[::1]:port`. */
  address: string;
  port: number;
  /** Every question, in order of arrival. */
  questions: LabQuestion[];
  /** Replaces the handler from the next question on. */
  answerWith(handler: LabHandler): void;
  /** Resolves with the next question to arrive. */
  nextQuestion(): Promise<LabQuestion>;
  /** Open TCP connections at this moment. */
  connections(): number;
  /** From now on TCP connections are refused. */
  closeTcp(): void;
  close(): Promise<void>;
};

const TYPE_NAMES = new Map<number, string>(Object.entries(Packet.TYPE).map(([name, value]) => [value, name]));

/**
 * A real DNS server on loopback, UDP and TCP on the same port, that answers as it is told: right, wrong or not at all.
 *
 * @example
 * const server = await startLab((q) => (q.name === '2.0.0.127.bl.test' ? { a: ['127.0.0.2'] } : { nxdomain: true }));
 */
export async function startLab(
  handler: LabHandler = () => ({ nxdomain: true }),
  host: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<LabServer> {
  const { udp, tcp, port } = await bindBoth(host);
  // The reply of a "wrong sender" leaves from here.
  const stranger = dgram.createSocket(host === '::1' ? 'udp6' : 'udp4');
  stranger.bind(0, host);
  await once(stranger, 'listening');

  const questions: LabQuestion[] = [];
  const counts = new Map<string, number>();
  const waiting: ((question: LabQuestion) => void)[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const connections = new Set<net.Socket>();
  let current = handler;

  async function respond(
    query: Buffer,
    protocol: 'udp' | 'tcp',
    from: LabQuestion['from'],
    send: (reply: Buffer, stranger: boolean) => void,
  ): Promise<void> {
    const packet = Packet.parse(query);
    const asked = packet.questions[0];
    if (asked === undefined) return;
    const type = TYPE_NAMES.get(asked.type) ?? String(asked.type);
    const name = asked.name.toLowerCase();
    const key = `${type} ${name}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const question: LabQuestion = {
      name,
      type,
      asked: asked.name,
      protocol,
      recursionDesired: packet.header.rd === 1,
      additionals: packet.additionals.length,
      count,
      from,
    };
    questions.push(question);
    for (const resolve of waiting.splice(0)) resolve(question);
    const reply = await current(question);
    const go = (): void => {
      for (const { message, stranger } of encodeReply(packet, reply, protocol)) send(message, stranger);
    };
    if (reply.delay === undefined) return go();
    const timer = setTimeout(() => {
      timers.delete(timer);
      go();
    }, reply.delay);
    timers.add(timer);
  }

  udp.on('message', (query, from) => {
    void respond(query, 'udp', from, (reply, fromStranger) => {
      (fromStranger ? stranger : udp).send(reply, from.port, from.address, () => {});
    });
  });
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        const query = received.subarray(2, 2 + length);
        received = received.subarray(2 + length);
        void respond(query, 'tcp', from, (reply) => {
          const prefix = Buffer.alloc(2);
          prefix.writeUInt16BE(reply.length);
          if (!socket.destroyed) socket.write(Buffer.concat([prefix, reply]));
        });
      }
    });
  });

  return {
    address: host === '::1' ? `[::1]:${port}` : `${host}:${port}`,
    port,
    questions,
    answerWith(next) {
      current = next;
    },
    nextQuestion: () => new Promise((resolve) => waiting.push(resolve)),
    connections: () => connections.size,
    closeTcp: () => void tcp.close(),
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of connections) socket.destroy();
      stranger.close();
      udp.close();
      if (!tcp.listening) return;
      tcp.close();
      await once(tcp, 'close');
    },
  };
}

/** A free port for UDP may be taken for TCP: tries until both are had. */
async function bindBoth(host: string): Promise<{ udp: dgram.Socket; tcp: net.Server; port: number }> {
  for (;;) {
    const udp = dgram.createSocket({ type: host === '::1' ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 * 1024 });
    udp.bind(0, host);
    await once(udp, 'listening');
    const { port } = udp.address();
    const tcp = net.createServer();
    try {
      tcp.listen(port, host);
      await once(tcp, 'listening');
      return { udp, tcp, port };
    } catch {
      udp.close();
    }
  }
}
