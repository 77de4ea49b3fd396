import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { queryName } from '../../src/target.ts';
import type { Reply } from '../lab/reply.ts';
import type { LabHandler } from '../lab/server.ts';
import { inputFor, run, short } from './rounds.ts';
import { createLab, labList, zone } from './zone.ts';

const lab = createLab();
let transport: Transport;

beforeEach(() => {
  transport = openTransport();
});
afterEach(async () => {
  transport.close();
  await lab.stop();
});

const LISTED = { '7.2.0.192': { a: ['127.0.0.2'] } } satisfies Record<string, Reply>;
const RANDOM = /\.(18|19)\.198\.bl\.test$/;

/** The zone, with other replies for some questions. */
function except(entries: Record<string, Reply>, reply: (name: string, count: number) => Reply | undefined): LabHandler {
  const held = zone('bl.test', entries);
  return (question) => reply(question.name, question.count) ?? held(question);
}

describe('what the controls prove, of 192.0.2.7 (listed) and 192.0.2.8 (absent)', () => {
  type Row = {
    rule: string;
    handler: LabHandler;
    says: [string, string];
    health: string;
    definition?: Partial<ListDefinition>;
    seen?: string[];
  };
  const unnamed = { control: {} };
  const rows: Row[] = [
    {
      rule: 'good controls prove both',
      handler: zone('bl.test', LISTED),
      says: ['listed 127.0.0.2', 'clean'],
      health: 'healthy',
    },
    {
      rule: 'listed control absent: cleans are unknown, a listing stands',
      handler: except(LISTED, (name) => (name === '2.0.0.127.bl.test' ? { nxdomain: true } : undefined)),
      says: ['listed 127.0.0.2', 'unknown list-empty'],
      health: 'empty',
    },
    {
      rule: 'not-listed control listed: everything is unknown',
      handler: except(LISTED, (name) => (name === '1.0.0.127.bl.test' ? { a: ['127.0.0.2'] } : undefined)),
      says: ['unknown list-wildcard', 'unknown list-wildcard'],
      health: 'wildcard',
    },
    {
      rule: 'random control listed: everything is unknown',
      handler: except(LISTED, (name) => (RANDOM.test(name) ? { a: ['127.0.0.2'] } : undefined)),
      says: ['unknown list-wildcard', 'unknown list-wildcard'],
      health: 'wildcard',
    },
    {
      rule: 'a parked zone answers everything with its own address: everything is unknown',
      handler: () => ({ a: ['192.0.2.80'] }),
      says: ['unknown list-wildcard', 'unknown list-wildcard'],
      health: 'wildcard',
    },
    {
      rule: 'a control counts on any answer in 127/8, whatever the table says',
      handler: except(LISTED, (name) => (name === '2.0.0.127.bl.test' ? { a: ['127.0.0.77'] } : undefined)),
      says: ['listed 127.0.0.2', 'clean'],
      health: 'healthy',
    },
    {
      rule: 'controls refused by code: nothing is known',
      handler: except(LISTED, (name) => (name.endsWith('127.bl.test') ? { a: ['127.0.0.9'] } : undefined)),
      says: ['unknown list-refused', 'unknown list-refused'],
      health: 'refused',
    },
    {
      rule: 'controls REFUSED: nothing is known',
      handler: () => ({ refused: true }),
      says: ['unknown list-refused', 'unknown list-refused'],
      health: 'refused',
    },
    {
      rule: 'controls silent: nothing is known',
      handler: () => ({ silence: true }),
      says: ['unknown list-unreachable', 'unknown list-unreachable'],
      health: 'unreachable',
    },
    {
      rule: 'controls SERVFAIL: nothing is known',
      handler: () => ({ servfail: true }),
      says: ['unknown list-unreachable', 'unknown list-unreachable'],
      health: 'unreachable',
    },
    {
      rule: 'no control named and the one of RFC 5782 absent: cleans are unproven',
      handler: except(LISTED, (name) => (name === '2.0.0.127.bl.test' ? { nxdomain: true } : undefined)),
      says: ['listed 127.0.0.2', 'clean?'],
      health: 'unproven',
      definition: unnamed,
    },
    {
      rule: 'no control named and the one of RFC 5782 silent: cleans are unproven',
      handler: except(LISTED, (name) => (name === '2.0.0.127.bl.test' ? { silence: true } : undefined)),
      says: ['listed 127.0.0.2', 'clean?'],
      health: 'unproven',
      definition: unnamed,
    },
    {
      rule: 'no control named, but the one of RFC 5782 answers: cleans are proven',
      handler: zone('bl.test', LISTED),
      says: ['listed 127.0.0.2', 'clean'],
      health: 'healthy',
      definition: unnamed,
    },
    {
      rule: 'the control of RFC 5782, seen before and now absent: the list is empty',
      handler: except(LISTED, (name) => (name === '2.0.0.127.bl.test' ? { nxdomain: true } : undefined)),
      says: ['listed 127.0.0.2', 'unknown list-empty'],
      health: 'empty',
      definition: unnamed,
      seen: ['bl|ipv4'],
    },
    {
      rule: 'closing listed control absent: the cleans of the batch are unknown, its listings stand',
      handler: except(LISTED, (name, count) =>
        name === '2.0.0.127.bl.test' && count > 1 ? { nxdomain: true } : undefined,
      ),
      says: ['listed 127.0.0.2', 'unknown list-empty'],
      health: 'empty',
    },
    {
      rule: 'closing listed control silent: the cleans of the batch are unknown, its listings stand',
      handler: except(LISTED, (name, count) =>
        name === '2.0.0.127.bl.test' && count > 1 ? { silence: true } : undefined,
      ),
      says: ['listed 127.0.0.2', 'unknown list-unreachable'],
      health: 'unreachable',
    },
  ];
  test.each(rows)('$rule', async ({ handler, says, health, definition = {}, seen = [] }) => {
    const server = await lab.start(handler);
    const list = labList({ id: 'bl', ...definition }, server);
    const input = inputFor(transport, [list], ['192.0.2.7', '192.0.2.8'], {
      timeout: 300,
      seenControls: new Set(seen),
    });
    const { results, reports } = await run(input);
    expect(results.map(short)).toEqual(says);
    expect(reports.map((report) => report.health)).toEqual([health]);
  });

  test('closing random control listed: everything of the batch is unknown', async () => {
    let random = 0;
    const server = await lab.start(
      except(LISTED, (name) => {
        if (!RANDOM.test(name)) return undefined;
        random += 1;
        return random > 1 ? { a: ['127.0.0.2'] } : undefined;
      }),
    );
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7', '192.0.2.8']));
    expect(results.map(short)).toEqual(['unknown list-wildcard', 'unknown list-wildcard']);
  });

  test('a batch keeps what its controls answered, with their time to live', async () => {
    const server = await lab.start(zone('bl.test', LISTED));
    const { batches } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.8']));
    const [batch] = batches;
    expect(batch).toMatchObject({ proof: 'proven', why: null, path: 'servers', server: server.address });
    expect(batch?.controls.map(({ role, answered, ttl }) => [role, answered, ttl])).toEqual([
      ['listed', '127.0.0.2', 300],
      ['not-listed', 'absent', 60],
      ['random', 'absent', 60],
      ['listed', '127.0.0.2', 300],
    ]);
  });

  test('a batch of a list that fails keeps what its controls answered too', async () => {
    const server = await lab.start(() => ({ a: ['127.0.0.2'] }));
    const { batches } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.8']));
    expect(batches).toMatchObject([{ proof: 'none', why: 'list-wildcard', server: server.address }]);
    expect(batches[0]?.controls.map(({ role, answered }) => [role, answered])).toEqual([
      ['listed', '127.0.0.2'],
      ['not-listed', '127.0.0.2'],
      ['random', '127.0.0.2'],
    ]);
  });

  test('kinds are proven apart: a list empty of IPv6 still proves its IPv4', async () => {
    const server = await lab.start(zone('bl.test'));
    const control = {
      ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' },
      ipv6: { listed: '::ffff:7f00:2', notListed: '::ffff:7f00:1' },
    };
    const list = labList({ id: 'bl', accepts: ['ipv4', 'ipv6'], control }, server);
    const { results } = await run(inputFor(transport, [list], ['192.0.2.8', '2001:db8::8']));
    expect(results.map(short)).toEqual(['clean', 'unknown list-empty']);
  });
});

describe('several servers', () => {
  test('a lookup that times out or fails is retried at another server within its deadline', async () => {
    const good = await lab.start(zone('bl.test', LISTED));
    const bad = await lab.start(
      except({}, (name) => (name.endsWith('.2.0.192.bl.test') ? { servfail: true } : undefined)),
    );
    const list = { ...labList({ id: 'bl' }), servers: [bad.address, good.address] };
    for (let round = 0; round < 4; round += 1) {
      const { results } = await run(inputFor(transport, [list], ['192.0.2.7', '192.0.2.8']));
      expect(results.map(short)).toEqual(['listed 127.0.0.2', 'clean']);
      expect(results.map(({ server }) => server)).toEqual([good.address, good.address]);
    }
  });

  test('the controls of one server prove nothing of what another says', async () => {
    const good = await lab.start(zone('bl.test'));
    const emptied = await lab.start(
      except({}, (name, count) => (name === '2.0.0.127.bl.test' && count > 1 ? { nxdomain: true } : undefined)),
    );
    const list = { ...labList({ id: 'bl' }), servers: [emptied.address, good.address] };
    const texts = Array.from({ length: 400 }, (_, at) => `192.0.${at >> 8}.${at & 255}`);
    const { results } = await run(inputFor(transport, [list], texts));
    for (const result of results)
      expect(short(result)).toBe(result.server === good.address ? 'clean' : 'unknown list-empty');
    expect(new Set(results.map(({ server }) => server)).size).toBe(2);
  });

  test('a server that cannot be reached at all costs no time', async () => {
    const good = await lab.start(zone('bl.test', LISTED));
    const nowhere = ['[2001:db8::1]:53', '[2001:db8::2]:53', '[2001:db8::3]:53'];
    const ask: Transport['ask'] = async (server, question, options) => {
      const answer = await transport.ask(good.address, question, options);
      if (server === good.address) return answer;
      return { ...answer, server, kind: 'failed', why: 'network', detail: 'ENETUNREACH', rcode: '' };
    };
    const list = { ...labList({ id: 'bl' }), servers: [...nowhere, good.address] };
    const { results } = await run(inputFor(transport, [list], ['192.0.2.7', '192.0.2.8'], { ask }));
    expect(results.map(short)).toEqual(['listed 127.0.0.2', 'clean']);
  });

  test('NXDOMAIN is never retried', async () => {
    const one = await lab.start(zone('bl.test'));
    const two = await lab.start(zone('bl.test'));
    const list = { ...labList({ id: 'bl' }), servers: [one.address, two.address] };
    await run(inputFor(transport, [list], ['192.0.2.8']));
    const asked = [...one.questions, ...two.questions].filter(({ name }) => name === '8.2.0.192.bl.test');
    expect(asked).toHaveLength(1);
  });

  test('a silent first server does not make the list unreachable', async () => {
    const good = await lab.start(zone('bl.test', LISTED));
    const dead = await lab.start(() => ({ silence: true }));
    const list = { ...labList({ id: 'bl' }), servers: [dead.address, good.address] };
    const started = performance.now();
    for (let round = 0; round < 4; round += 1) {
      const { results } = await run(inputFor(transport, [list], ['192.0.2.7'], { timeout: 400 }));
      expect(results.map(short)).toEqual(['listed 127.0.0.2']);
    }
    expect(performance.now() - started).toBeLessThan(1600);
  });

  test('many lookups are spread over the servers, each between its own controls', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => lab.start(zone('bl.test'))));
    const list = { ...labList({ id: 'bl' }), servers: servers.map(({ address }) => address) };
    const texts = Array.from({ length: 600 }, (_, at) => `192.0.${at >> 8}.${at & 255}`);
    const { results } = await run(inputFor(transport, [list], texts));
    expect(new Set(results.map(short))).toEqual(new Set(['clean']));
    for (const { questions } of servers) {
      expect(questions.length).toBeGreaterThan(60);
      expect(questions.at(-1)?.name).toBe('2.0.0.127.bl.test');
    }
  });
});

describe('a burst of new listings', () => {
  const texts = Array.from({ length: 40 }, (_, at) => `192.${at}.2.7`);
  const entries = Object.fromEntries(texts.map((text) => [text.split('.').reverse().join('.'), { a: ['127.0.0.2'] }]));

  test('quarantines a list that also lists what cannot be listed', async () => {
    const known = { '8.8.8.8': { a: ['127.0.0.2'] }, '1.1.1.1': { a: ['127.0.0.2'] }, '9.9.9.9': { a: ['127.0.0.2'] } };
    const server = await lab.start(zone('bl.test', { ...entries, ...known }));
    const { results, reports } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts));
    expect(new Set(results.map(short))).toEqual(new Set(['unknown list-quarantined']));
    expect(results[0]?.verdict).toMatchObject({ codes: ['127.0.0.2'] });
    expect(reports).toMatchObject([{ health: 'quarantined' }]);
  });

  test('is recorded when the list passes that test', async () => {
    const server = await lab.start(zone('bl.test', entries));
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts));
    expect(new Set(results.map(short))).toEqual(new Set(['listed 127.0.0.2']));
    expect(server.questions.filter(({ name }) => name === '8.8.8.8.bl.test')).toHaveLength(1);
  });

  const groups = (at: number): string => (0x2a00 + at).toString(16);
  const nibbles = (text: string): string => queryName({ kind: 'ipv6', text }, 'bl.test').slice(0, -'.bl.test'.length);
  test.each([
    {
      kind: 'ipv6' as const,
      control: { listed: '::ffff:7f00:2', notListed: '::ffff:7f00:1' },
      texts: Array.from({ length: 40 }, (_, at) => `${groups(at)}:1::7`),
      known: ['2001:4860:4860::8888', '2606:4700:4700::1111', '2620:fe::fe'],
      name: nibbles,
    },
    {
      kind: 'domain' as const,
      control: { listed: 'test', notListed: 'invalid' },
      texts: Array.from({ length: 40 }, (_, at) => `shop${at}.example`),
      known: ['google.com', 'ietf.org', 'w3.org'],
      name: (text: string) => text,
    },
  ])('of $kind is held against well-known ones of its kind', async ({ kind, control, texts, known, name }) => {
    const listed = { a: ['127.0.0.2'] };
    const burst = Object.fromEntries([control.listed, ...texts].map((text) => [name(text), listed]));
    const server = await lab.start(zone('bl.test', burst));
    const list = labList({ id: 'bl', accepts: [kind], control: { [kind]: control } }, server);
    const passed = await run(inputFor(transport, [list], texts));
    expect(new Set(passed.results.map(short))).toEqual(new Set(['listed 127.0.0.2']));
    const probes = server.questions.filter(({ name: asked }) =>
      known.some((text) => asked === `${name(text)}.bl.test`),
    );
    expect(probes).toHaveLength(known.length);
    server.answerWith(zone('bl.test', { ...burst, ...Object.fromEntries(known.map((text) => [name(text), listed])) }));
    const { results, reports } = await run(inputFor(transport, [list], texts));
    expect(new Set(results.map(short))).toEqual(new Set(['unknown list-quarantined']));
    expect(reports[0]?.detail).toContain(known[0]);
  });

  test('is none when the listings are known, or of one network', async () => {
    const server = await lab.start(zone('bl.test', entries));
    const list = labList({ id: 'bl' }, server);
    await run(inputFor(transport, [list], texts, { known: () => true }));
    const near = Array.from({ length: 40 }, (_, at) => `198.51.100.${at}`);
    const nearby = Object.fromEntries(near.map((text) => [text.split('.').reverse().join('.'), { a: ['127.0.0.2'] }]));
    server.answerWith(zone('bl.test', nearby));
    await run(inputFor(transport, [list], near));
    expect(server.questions.filter(({ name }) => name === '8.8.8.8.bl.test')).toEqual([]);
  });
});
