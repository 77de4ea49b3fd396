import { describe, expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { type ListFacts, listFindings } from '../../src/doctor/lists.ts';
import type { PathTest } from '../../src/doctor/paths.ts';
import { refusalAdvice } from '../../src/doctor/refusals.ts';
import type { ReverseName } from '../../src/doctor/reverse-name.ts';
import { labList } from '../scan/zone.ts';

const NO_WAY_OUT: ReverseName = { kind: 'unknown', detail: 'this machine has no way out' };

/** `one direct healthy`, with what comes after as detail. */
function tested(text: string): PathTest {
  const [list = '', path, health, ...detail] = text.split(' ');
  return {
    list,
    path: path as PathTest['path'],
    health: health as PathTest['health'],
    server: null,
    detail: detail.length === 0 ? null : detail.join(' '),
    controls: [],
  };
}

function findings(texts: string[], more: Partial<ListFacts> = {}): Finding[] {
  const tests = texts.map(tested);
  const lists = [...new Set(tests.map(({ list }) => list))].map((id) => labList({ id }));
  return listFindings({ lists, known: lists, tests, reverse: NO_WAY_OUT, explained: false, rewriting: false, ...more });
}

const problems = (found: Finding[]): string[] => found.flatMap(({ state, line }) => (state === 'problem' ? line : []));

test('where every list has a path that works there is no problem, and the paths are counted', () => {
  const found = findings(['one direct healthy', 'two direct unreachable', 'two system unproven']);
  expect(problems(found)).toEqual([]);
  expect(found[0]).toMatchObject({ state: 'ok', line: expect.stringContaining('2 of 2') });
  expect(found[0]?.line).toContain('1 by direct, 1 by system');
  expect(found[0]?.line).toContain('on 1 of them a clean cannot be proven');
});

test('a list that refuses the resolver but answers directly is a note, not a problem', () => {
  const found = findings(['one direct healthy', 'one system refused system: 127.0.0.8 (public-resolver)']);
  expect(problems(found)).toEqual([]);
  expect(found.some(({ state, line }) => state === 'note' && line.includes('one'))).toBe(true);
});

test('an operator that refuses is one line for all its lists', () => {
  const lists = ['one', 'two'].map((id) => labList({ id, operator: 'acme' }));
  const refused = (id: string): string => `${id} direct refused direct: 127.0.0.9 (over-limit)`;
  const found = findings([refused('one'), refused('two')], { lists, known: lists });
  expect(problems(found)).toEqual([
    'acme has had more lookups from here than it allows (direct: 127.0.0.9 (over-limit)): one, two',
  ]);
});

test('different failures are different lines', () => {
  const found = findings([
    'one direct empty x',
    'two direct wildcard 198.18.0.1, which cannot be listed, is answered with 127.0.0.2',
    'three direct unreachable no reply',
    'four system not-asked it refuses public resolvers',
  ]);
  expect(problems(found)).toHaveLength(4);
  expect(found.filter(({ state }) => state === 'problem').every(({ fix }) => fix !== null && fix !== '')).toBe(true);
});

test('three lists silent on the direct path and no other are one problem: port 53', () => {
  const found = findings(['one', 'two', 'three'].map((id) => `${id} direct unreachable no reply`));
  expect(found.filter(({ state }) => state === 'problem')).toMatchObject([{ about: 'port-53' }]);
  expect(found.at(-1)?.line).toBe('for the same reason: one, two, three');
});

test('port 53 blocked is only a note where the resolver serves', () => {
  const ids = ['one', 'two', 'three'];
  const found = findings(ids.flatMap((id) => [`${id} direct unreachable no reply`, `${id} system healthy`]));
  expect(problems(found)).toEqual([]);
  expect(found.some(({ about, state }) => about === 'port-53' && state === 'note')).toBe(true);
});

test('what another line explains is no further problem', () => {
  const found = findings(['one direct unreachable no name server found'], { explained: true });
  expect(problems(found)).toEqual([]);
});

test.each(['empty', 'wildcard'])('%s lists of three operators at once are not the lists’ fault', (health) => {
  const found = findings(['one', 'two', 'three'].map((id) => `${id} system ${health} x`));
  expect(problems(found)).toHaveLength(1);
  expect(found.at(-1)?.fix).toMatch(/a resolver of your own/);
  const two = findings(['one', 'two'].map((id) => `${id} system ${health} x`));
  expect(two.at(-1)?.fix).toMatch(/leave them out/);
});

test('a wildcard made by a resolver that rewrites is no further problem', () => {
  const found = findings(['one system wildcard x', 'two servers wildcard x'], { rewriting: true });
  expect(problems(found)).toEqual([expect.stringMatching(/^two:/)]);
});

test('a list of servers given by hand is a problem of its own, whatever else is explained', () => {
  const found = findings(['one servers unreachable no reply'], { explained: true });
  expect(problems(found)).toHaveLength(1);
});

test('a keyed list that proves nothing is a matter of its key', () => {
  const keyed = labList({ id: 'one', operator: 'acme', zone: '{key}.acme.test' });
  const found = findings(['one direct empty x', 'two direct empty x'], { lists: [keyed, labList({ id: 'two' })] });
  expect(problems(found)).toHaveLength(2);
  expect(found.find(({ line }) => line.startsWith('one:'))?.fix).toMatch(/keys\.acme /);
});

describe('what a refusal means and the one fix', () => {
  const list: List = labList({ id: 'one', operator: 'acme', website: 'https://acme.example' });
  const keyed = labList({
    id: 'one-key',
    operator: 'acme-dqs',
    zone: '{key}.acme.test',
    access: { registration: 'free' },
  });
  const known = [list, keyed];

  test.each<[string, Omit<Parameters<typeof refusalAdvice>[0], 'reverse'>, RegExp]>([
    ['a public resolver: one of your own', { list, path: 'system', refusal: 'public-resolver', known }, /own/],
    ['this machine: its reverse name', { list, path: 'direct', refusal: 'public-resolver', known: [] }, /reverse name/],
    ['over the limit: a free key', { list, path: 'direct', refusal: 'over-limit', known }, /keys\.acme-dqs/],
    ['over the limit, no key: ask less', { list, path: 'direct', refusal: 'over-limit', known: [] }, /limits\.acme/],
    ['over the limit of a shared resolver', { list, path: 'system', refusal: 'over-limit', known }, /own/],
    ['not registered', { list, path: 'direct', refusal: 'not-registered', known: [] }, /register .*acme\.example/],
    ['REFUSED directly', { list, path: 'direct', refusal: 'rcode', known: [] }, /register/],
    ['REFUSED by the resolver', { list, path: 'host', refusal: 'rcode', known }, /access control/],
    ['REFUSED by given servers', { list, path: 'servers', refusal: 'rcode', known }, /catalogue file/],
    ['a malformed question', { list, path: 'direct', refusal: 'bad-query', known }, /report one/],
    ['an unexplained code', { list, path: 'direct', refusal: true, known }, /ask the operator/],
    [
      'a wrong key: correct it',
      { list: keyed, path: 'direct', refusal: 'not-registered', known },
      /correct keys\.acme-dqs/,
    ],
  ])('%s', (_name, refusal, fix) => {
    const advice = refusalAdvice({ ...refusal, reverse: NO_WAY_OUT });
    expect(advice.fix).toMatch(fix);
    expect(advice.means).not.toBe('');
  });

  test.each<{ reverse: ReverseName; fix: RegExp }>([
    { reverse: { kind: 'none', address: '5.6.7.8' }, fix: /give 5\.6\.7\.8 a reverse name .*: it has none/ },
    { reverse: { kind: 'astray', address: '5.6.7.8', name: 'a.example' }, fix: /make a\.example, .* lead back/ },
    { reverse: { kind: 'good', address: '5.6.7.8', name: 'a.example' }, fix: /a\.example leads back .* provider's/ },
    { reverse: { kind: 'private', address: '10.0.0.1' }, fix: /this machine's public address/ },
  ])('taken for unattributable, the fix follows what the reverse name is: $reverse.kind', ({ reverse, fix }) => {
    expect(refusalAdvice({ list, path: 'direct', refusal: 'public-resolver', known: [], reverse }).fix).toMatch(fix);
  });
});
