import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { type PathSettings, type PathTest, refusalIn, testPaths } from '../../src/doctor/paths.ts';
import { memoryLedger } from '../../src/scan/ledger.ts';
import { createPacing } from '../../src/scan/pacing.ts';
import { createLab, labList, zone } from '../scan/zone.ts';

const lab = createLab();
let transport: Transport;

beforeAll(() => {
  transport = openTransport();
});
afterAll(() => transport.close());
afterEach(() => lab.stop());

function settings(given: Partial<PathSettings>): PathSettings {
  return {
    zoneToAsk: (list) => list.zone,
    ask: transport.ask,
    resolver: 'auto',
    systemServers: () => [],
    timeout: 1000,
    pacing: createPacing({ ledger: memoryLedger(), limits: 'none' }),
    now: () => new Date(),
    findNameServers: async () => [],
    ...given,
  };
}

const short = (tests: PathTest[]): string[] => tests.map(({ list, path, health }) => `${list} ${path} ${health}`);

test('in auto each list is tested directly and through the resolver, with every control', async () => {
  const direct = await lab.start(zone('one.test'));
  const resolver = await lab.start((q) => ({ ...zone('one.test')(q), ra: true, aa: false }));
  const given = settings({ systemServers: () => [resolver.address], findNameServers: async () => [direct.address] });
  const tests = await testPaths([labList({ id: 'one' })], given);
  expect(short(tests)).toEqual(['one direct healthy', 'one system healthy']);
  const roles = new Set(tests[0]?.controls.map(({ role, answered }) => `${role} ${answered}`));
  expect([...roles]).toEqual(expect.arrayContaining(['listed 127.0.0.2', 'not-listed absent', 'random absent']));
});

test('a list whose servers are given is asked there only', async () => {
  const server = await lab.start(zone('one.test'));
  const resolver = await lab.start(() => ({ refused: true }));
  const tests = await testPaths(
    [labList({ id: 'one' }, server)],
    settings({ systemServers: () => [resolver.address] }),
  );
  expect(short(tests)).toEqual(['one servers healthy']);
  expect(resolver.questions).toEqual([]);
});

test('an operator that is over its limit directly is not asked through the resolver', async () => {
  const direct = await lab.start(() => ({ a: ['127.0.0.9'] }));
  const resolver = await lab.start(zone('one.test'));
  const given = settings({ systemServers: () => [resolver.address], findNameServers: async () => [direct.address] });
  const tests = await testPaths([labList({ id: 'one' })], given);
  expect(short(tests)).toEqual(['one direct refused', 'one system not-asked']);
  expect(tests[1]?.detail).toMatch(/not to be evaded/);
  expect(resolver.questions).toEqual([]);
});

test('a list that refuses public resolvers is not asked through one, and is said to be not asked', async () => {
  const list = labList({ id: 'one', access: { publicResolversRefused: true } });
  for (const resolver of ['auto', 'system'] as const) {
    const tests = await testPaths([list], settings({ resolver, systemServers: () => ['8.8.8.8:53'] }));
    const last = tests.at(-1);
    expect(`${last?.path} ${last?.health} ${last?.detail}`).toBe(
      'system not-asked it refuses public resolvers, as 8.8.8.8:53 is one',
    );
  }
});

test('a silent server is unreachable and a retired list is not asked', async () => {
  const silent = await lab.start(() => ({ silence: true }));
  const retired = labList({ id: 'old', status: { retired: { why: 'closed' } } }, silent);
  const tests = await testPaths([labList({ id: 'one' }, silent), retired], settings({ timeout: 100 }));
  expect(short(tests)).toEqual(['one servers unreachable', 'old servers retired']);
  expect(silent.questions.every(({ name }) => name.endsWith('one.test'))).toBe(true);
});

test.each<[string, string, ReturnType<typeof refusalIn>]>([
  ['an error code is read by the table of the list', 'direct: 127.0.0.9 (over-limit)', 'over-limit'],
  ['another of its codes', 'system: 127.0.0.8 (public-resolver)', 'public-resolver'],
  ['REFUSED', 'direct: REFUSED', 'rcode'],
  ['the address of a resolver is no code', 'system: REFUSED by 127.0.0.9:53', 'rcode'],
])('how a list refused: %s', (_name, detail, expected) => {
  const list: List = labList({ id: 'one' });
  const test = { list: 'one', path: 'direct', health: 'refused', server: null, detail, controls: [] } as const;
  expect(refusalIn(list, { ...test, controls: [] })).toBe(expected);
});
