import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import {
  interceptionFinding,
  probeNowhere,
  probeResolvers,
  type ResolverProbe,
  resolverFindings,
} from '../../src/doctor/resolvers.ts';
import type { Reply } from '../lab/reply.ts';
import { createLab } from '../scan/zone.ts';

const lab = createLab();
let transport: Transport;

beforeAll(() => {
  transport = openTransport();
});
afterAll(() => transport.close());
afterEach(() => lab.stop());

test.each<[string, Reply, ResolverProbe['outcome']]>([
  ['NXDOMAIN is honest', { nxdomain: true, ra: true }, { kind: 'honest' }],
  ['no records are honest', { nodata: true, ra: true }, { kind: 'honest' }],
  ['an address is rewritten', { a: ['203.0.113.9'], ra: true }, { kind: 'rewritten', answered: '203.0.113.9' }],
  ['REFUSED is a refusal', { refused: true }, { kind: 'refused' }],
  ['SERVFAIL is a failure', { servfail: true }, { kind: 'failed', detail: 'the server says SERVFAIL' }],
  ['silence is a failure', { silence: true }, { kind: 'failed', detail: 'no reply within 0.2 s' }],
])('of a resolver asked for a name that does not exist, %s', async (_name, reply, outcome) => {
  const server = await lab.start(() => reply);
  const [probe] = await probeResolvers([server.address], { ask: transport.ask, timeout: 200 });
  expect(probe?.outcome).toEqual(outcome);
  expect(server.questions[0]?.name).toMatch(/^[0-9a-f]{16}\.example\.com$/);
  expect(server.questions[0]?.recursionDesired).toBe(true);
});

test('an answer from where no server is shows that port 53 is intercepted, whatever it says', async () => {
  for (const reply of [{ nxdomain: true, ra: true }, { refused: true }, { servfail: true }]) {
    const server = await lab.start(() => reply);
    const answered = await probeNowhere(server.address, { ask: transport.ask, timeout: 1000 });
    expect(interceptionFinding(answered, []).state).toBe('problem');
  }
});

test('silence from where no server is is as it should be', async () => {
  const server = await lab.start(() => ({ silence: true }));
  const answered = await probeNowhere(server.address, { ask: transport.ask, timeout: 100 });
  expect(answered).toBeNull();
  expect(interceptionFinding(answered, []).state).toBe('ok');
});

test('what the engine saw of an interception counts too', () => {
  const detail = 'direct: 192.0.2.53:53 is a resolver in a name server’s place: port 53 is intercepted';
  const seen = { list: 'one', path: 'direct', health: 'unreachable', server: null, detail, controls: [] } as const;
  expect(interceptionFinding(null, [{ ...seen, controls: [] }]).state).toBe('problem');
});

const probe = (given: Partial<ResolverProbe>): ResolverProbe => ({
  server: '192.0.2.53:53',
  publicOf: null,
  upstreams: [],
  outcome: { kind: 'honest' },
  ...given,
});

test.each<[string, ResolverProbe[], string, RegExp, RegExp | null]>([
  ['none', [], 'problem', /no resolver/, /unbound/],
  ['an honest one', [probe({})], 'ok', /192\.0\.2\.53:53 resolves/, null],
  ['a public one, named', [probe({ publicOf: 'Google' })], 'note', /public resolver \(Google\)/, null],
  [
    'one behind systemd',
    [probe({ server: '127.0.0.53:53', upstreams: ['8.8.8.8:53'], publicOf: 'Google' })],
    'note',
    /127\.0\.0\.53:53 \(forwards to 8\.8\.8\.8:53\) is a public/,
    null,
  ],
  [
    'one that rewrites',
    [probe({ outcome: { kind: 'rewritten', answered: '203.0.113.9' } })],
    'problem',
    /203\.0\.113\.9/,
    /NXDOMAIN/,
  ],
  ['one that refuses', [probe({ outcome: { kind: 'refused' } })], 'problem', /REFUSED/, /access control/],
  [
    'one that is silent',
    [probe({ outcome: { kind: 'failed', detail: 'no reply within 5 s' } })],
    'problem',
    /no reply within 5 s/,
    /resolv\.conf/,
  ],
])('one line on the resolver, and a fix where it is a problem: %s', (_name, probes, state, line, fix) => {
  const findings = resolverFindings(probes, 'auto');
  expect(findings).toHaveLength(1);
  expect(findings[0]?.state).toBe(state);
  expect(findings[0]?.line).toMatch(line);
  if (fix === null) expect(findings[0]?.fix).toBeNull();
  else expect(findings[0]?.fix).toMatch(fix);
});

test('the fix for a resolver given by hand is another on the command line', () => {
  const failed = probe({ outcome: { kind: 'failed', detail: 'no reply' } });
  expect(resolverFindings([failed], { host: failed.server })[0]?.fix).toMatch(/--resolver/);
});
