import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Server } from '../../src/dns/answer.ts';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { glueOf } from '../../src/scan/opening.ts';
import { pathNames, publicPart, resolversFor, whyNotThrough } from '../../src/scan/path.ts';
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

const LISTED = { '7.2.0.192': { a: ['127.0.0.2'] } };
const TARGETS = ['192.0.2.7', '192.0.2.8'];
const BOTH = ['listed 127.0.0.2', 'clean'];

/** The zone as a resolver has it: not authoritative, with recursion. */
function resolving(handler: LabHandler): LabHandler {
  return async (question) => ({ ...(await handler(question)), aa: false, ra: true });
}

describe('which path', () => {
  test.each([
    ['auto', ['direct', 'system']],
    ['direct', ['direct']],
    ['system', ['system']],
    [{ host: '127.0.0.1:53' }, ['host']],
  ] as const)('%j', (resolver, paths) => {
    expect(pathNames(labList({ id: 'bl' }), resolver)).toEqual(paths);
    expect(pathNames(labList({ id: 'bl', servers: ['127.0.0.1:5300'] }), resolver)).toEqual(['servers']);
  });

  test.each([
    ['an account key', { zone: '{key}.bl.test' }, true],
    ['a list that refuses them', { access: { publicResolversRefused: true } }, true],
    ['any other list', {}, false],
  ])('a public resolver is for %s: skipped %o', (_, definition, skipped) => {
    const list = labList({ id: 'bl', ...definition });
    expect(whyNotThrough(list, 'system', ['8.8.8.8:53']) !== null).toBe(skipped);
    expect(whyNotThrough(list, 'system', ['8.8.8.8:53', '192.0.2.53:53'])).toBeNull();
    expect(resolversFor(list, ['8.8.8.8:53', '192.0.2.53:53'])).toEqual(
      skipped ? ['192.0.2.53:53'] : ['8.8.8.8:53', '192.0.2.53:53'],
    );
  });

  test('name servers are looked up without the account key', () => {
    expect(publicPart('{key}.zen.dq.spamhaus.net')).toBe('zen.dq.spamhaus.net');
    expect(publicPart('zen.spamhaus.org')).toBe('zen.spamhaus.org');
  });
});

describe('from one path to the next', () => {
  type Row = {
    rule: string;
    direct: LabHandler | null;
    system: LabHandler | null;
    says: string[];
    path: string | null;
    health: string;
    systemAsked: boolean;
  };
  const held = zone('bl.test', LISTED);
  const rows: Row[] = [
    {
      rule: 'direct answers: the resolver is not asked',
      direct: held,
      system: resolving(held),
      says: BOTH,
      path: 'direct',
      health: 'healthy',
      systemAsked: false,
    },
    {
      rule: 'direct is silent: the resolver is asked',
      direct: () => ({ silence: true }),
      system: resolving(held),
      says: BOTH,
      path: 'system',
      health: 'healthy',
      systemAsked: true,
    },
    {
      rule: 'no name server is found: the resolver is asked',
      direct: null,
      system: resolving(held),
      says: BOTH,
      path: 'system',
      health: 'healthy',
      systemAsked: true,
    },
    {
      rule: 'direct refuses as it refuses a public resolver: the resolver is asked',
      direct: () => ({ a: ['127.0.0.8'] }),
      system: resolving(held),
      says: BOTH,
      path: 'system',
      health: 'healthy',
      systemAsked: true,
    },
    {
      rule: 'over the limit: no other path is tried',
      direct: () => ({ a: ['127.0.0.9'] }),
      system: resolving(held),
      says: Array(2).fill('unknown list-refused'),
      path: 'direct',
      health: 'refused',
      systemAsked: false,
    },
    {
      rule: 'REFUSED: no other path is tried',
      direct: () => ({ refused: true }),
      system: resolving(held),
      says: Array(2).fill('unknown list-refused'),
      path: 'direct',
      health: 'refused',
      systemAsked: false,
    },
    {
      rule: 'a wildcard is a wildcard on every path: no other is tried',
      direct: () => ({ a: ['127.0.0.2'] }),
      system: resolving(held),
      says: Array(2).fill('unknown list-wildcard'),
      path: 'direct',
      health: 'wildcard',
      systemAsked: false,
    },
    {
      rule: 'a resolver answers in the place of the name server: intercepted, the path fails',
      direct: resolving(held),
      system: resolving(held),
      says: BOTH,
      path: 'system',
      health: 'healthy',
      systemAsked: true,
    },
    {
      rule: 'both are silent: the list is unreachable',
      direct: () => ({ silence: true }),
      system: () => ({ silence: true }),
      says: Array(2).fill('unknown list-unreachable'),
      path: 'system',
      health: 'unreachable',
      systemAsked: true,
    },
  ];
  test.each(rows)('$rule', async ({ direct, system, says, path, health, systemAsked }) => {
    const name = direct === null ? null : await lab.start(direct);
    const resolver = system === null ? null : await lab.start(system);
    const started = performance.now();
    const { results, reports } = await run(
      inputFor(transport, [labList({ id: 'bl' })], TARGETS, {
        timeout: 600,
        systemServers: () => (resolver === null ? [] : [resolver.address]),
        findNameServers: async () => (name === null ? [] : [name.address]),
      }),
    );
    expect(results.map(short)).toEqual(says);
    expect(reports).toMatchObject([{ path, health }]);
    expect((resolver?.questions.length ?? 0) > 0).toBe(systemAsked);
    if (health === 'unreachable') expect(performance.now() - started).toBeLessThan(600);
  });

  test('a list with servers of its own is asked there and nowhere else', async () => {
    const own = await lab.start(() => ({ silence: true }));
    const resolver = await lab.start(resolving(zone('bl.test', LISTED)));
    const lookedUp: string[] = [];
    const { results } = await run(
      inputFor(transport, [labList({ id: 'bl' }, own)], TARGETS, {
        timeout: 300,
        systemServers: () => [resolver.address],
        findNameServers: async (name) => {
          lookedUp.push(name);
          return [resolver.address];
        },
      }),
    );
    expect(results.map(short)).toEqual(Array(2).fill('unknown list-unreachable'));
    expect([resolver.questions, lookedUp]).toEqual([[], []]);
  });

  test('the first resolver of the machine is asked, the second only when it fails', async () => {
    const first = await lab.start(resolving(zone('bl.test', LISTED)));
    const second = await lab.start(resolving(zone('bl.test', LISTED)));
    const options = { systemServers: () => [first.address, second.address] };
    const texts = Array.from({ length: 300 }, (_, at) => `192.0.${2 + (at >> 8)}.${at & 255}`);
    await run(inputFor(transport, [labList({ id: 'bl' })], texts, options));
    expect(second.questions).toEqual([]);
    first.answerWith(() => ({ servfail: true }));
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' })], TARGETS, options));
    expect(results.map(short)).toEqual(BOTH);
    expect(results[0]?.server).toBe(second.address);
  });

  test('recursion is wanted of resolvers only', async () => {
    const name = await lab.start(zone('bl.test'));
    const resolver = await lab.start(resolving(zone('bl.test')));
    const options = { systemServers: () => [resolver.address], findNameServers: async () => [name.address] };
    await run(inputFor(transport, [labList({ id: 'bl' })], TARGETS, options));
    await run(inputFor(transport, [labList({ id: 'bl' })], TARGETS, { ...options, resolver: 'system' }));
    expect(new Set(name.questions.map((question) => question.recursionDesired))).toEqual(new Set([false]));
    expect(new Set(resolver.questions.map((question) => question.recursionDesired))).toEqual(new Set([true]));
  });

  test('REFUSED by the resolver is its own: the operator is asked on for its other lists', async () => {
    const resolver = await lab.start(() => ({ refused: true }));
    const own = await lab.start(zone('own.test'));
    const lists = [labList({ id: 'bl', operator: 'one' }), labList({ id: 'own', operator: 'one' }, own)];
    const texts = Array.from({ length: 30 }, (_, at) => `192.0.2.${at}`);
    const options = { systemServers: () => [resolver.address], batchSize: 10 };
    const { reports } = await run(inputFor(transport, lists, texts, { ...options, resolver: 'system' }));
    expect(Object.fromEntries(reports.map(({ id, health }) => [id, health]))).toEqual({
      bl: 'refused',
      own: 'healthy',
    });
  });

  test('a public resolver asked for by name is not used for a keyed list', async () => {
    const options = { resolver: { host: '8.8.8.8:53' } };
    const { results, reports } = await run(
      inputFor(transport, [labList({ id: 'bl', zone: '{key}.bl.test' })], TARGETS, options),
    );
    expect(results.map(short)).toEqual(Array(2).fill('unknown list-refused'));
    expect(reports[0]?.detail).toContain('8.8.8.8');
  });

  test('a zone delegated further down is followed there', async () => {
    const below = await lab.start(zone('bl.test', LISTED));
    const above = await lab.start(() => ({ referral: { zone: 'bl.test', servers: { 'ns.elsewhere.test': [] } } }));
    const asked: string[] = [];
    const findNameServers = async (name: string): Promise<Server[]> => {
      asked.push(name);
      return asked.length === 1 ? [above.address] : [below.address];
    };
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' })], TARGETS, { findNameServers }));
    expect(results.map(short)).toEqual(BOTH);
    expect(asked).toEqual(['bl.test', 'bl.test']);
  });

  test('a referral’s own addresses are asked at port 53, IPv4 first, and none that no machine can have', () => {
    const servers = [
      { name: 'a.test', addresses: ['2001:db8::53', '192.0.2.53'] },
      { name: 'b.test', addresses: ['0.0.0.0', '224.0.0.1', 'ff02::1', '192.0.2.53', '198.51.100.53'] },
    ];
    expect(glueOf({ servers })).toEqual(['192.0.2.53:53', '198.51.100.53:53', '[2001:db8::53]:53']);
    expect(glueOf({ servers: [{ name: 'c.test', addresses: [] }] })).toEqual([]);
  });

  test('a referral in place of an answer about a target is no absence: its server has shown no controls', async () => {
    const server = await lab.start((question) =>
      question.name === '7.2.0.192.bl.test'
        ? { referral: { zone: '2.0.192.bl.test', servers: { 'ns.bl.test': ['192.0.2.53'] } } }
        : zone('bl.test')(question),
    );
    const findNameServers = async (): Promise<Server[]> => [server.address];
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' })], ['192.0.2.7'], { findNameServers }));
    expect(results.map(short)).toEqual(['unknown malformed']);
  });

  test('a delegation without end ends', async () => {
    const above = await lab.start(() => ({ referral: { zone: 'bl.test', servers: { 'ns.elsewhere.test': [] } } }));
    const findNameServers = async (): Promise<Server[]> => [above.address];
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' })], TARGETS, { findNameServers }));
    expect(results.map(short)).toEqual(Array(2).fill('unknown list-unreachable'));
  });

  test('after three lists with silent name servers none is probed any more', async () => {
    const silent = await lab.start(() => ({ silence: true }));
    const fellBack = new Set<string>();
    let goOn: () => void = () => {};
    const threeSilent = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const resolver = await lab.start(
      resolving((question) => {
        const name = question.name.split('.').slice(-2).join('.');
        if (fellBack.add(name).size === 3) goOn();
        return zone(name)(question);
      }),
    );
    const input = inputFor(
      transport,
      ['a', 'b', 'c', 'd'].map((id) => labList({ id })),
      TARGETS,
      {
        timeout: 400,
        systemServers: () => [resolver.address],
        findNameServers: async (name) => {
          if (name === 'd.test') await threeSilent;
          return [silent.address];
        },
      },
    );
    const { results } = await run(input);
    expect(results.map(short)).toEqual(Array(8).fill('clean'));
    expect(silent.questions.some(({ name }) => name.endsWith('.d.test'))).toBe(false);
  });
});
