import type { List, ListDefinition } from '../../src/catalogue/list.ts';
import type { Reply } from '../lab/reply.ts';
import { type LabHandler, type LabServer, startLab } from '../lab/server.ts';

/** What a well-kept list says: the names it holds, everything else NXDOMAIN; the controls of RFC 5782 are in it. */
export function zone(name: string, entries: Record<string, Reply> = {}): LabHandler {
  const held: Record<string, Reply> = { '2.0.0.127': { a: ['127.0.0.2'] }, test: { a: ['127.0.0.2'] }, ...entries };
  return (question): Reply => {
    if (!question.name.endsWith(`.${name}`)) return { refused: true };
    const reply = held[question.name.slice(0, -name.length - 1)];
    if (reply === undefined) return { nxdomain: true };
    if (question.type !== 'TXT') return reply;
    return reply.txt === undefined ? { nodata: true } : { txt: reply.txt };
  };
}

/** A list at the lab, with RFC 5782's controls known and two codes that the tests use. */
export function labList(definition: Partial<ListDefinition> & { id: string }, server?: LabServer): List {
  const { control, status, limits, ...rest } = definition;
  return {
    name: definition.id,
    operator: definition.id,
    zone: `${definition.id}.test`,
    accepts: ['ipv4'],
    asks: 'as-given',
    polarity: 'block',
    codes: {
      '127.0.0.2': { label: 'SPAM', meaning: 'sent to traps', severity: 'high' },
      '127.0.0.9': { label: 'OVER', meaning: 'too many questions', error: 'over-limit' },
      '127.0.0.8': { label: 'PUBLIC', meaning: 'through a public resolver', error: 'public-resolver' },
    },
    control: (control as List['control'] | undefined) ?? { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
    servers: server === undefined ? [] : [server.address],
    limits: limits ?? null,
    impact: 'high',
    retired: status !== undefined && status !== 'active' ? status.retired : null,
    contains: [],
    formerly: [],
    tags: [],
    scope: 'address',
    access: {},
    delisting: {},
    confidence: 'high',
    checked: null,
    website: null,
    sources: [],
    ...rest,
  };
}

/** Starts servers and stops them all when the test is over. */
export function createLab(): { start(handler?: LabHandler): Promise<LabServer>; stop(): Promise<void> } {
  const running: LabServer[] = [];
  return {
    async start(handler) {
      const server = await startLab(handler);
      running.push(server);
      return server;
    },
    async stop() {
      await Promise.all(running.splice(0).map((server) => server.close()));
    },
  };
}
