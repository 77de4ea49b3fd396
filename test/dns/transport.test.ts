import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { Answer, Question } from '../../src/dns/answer.ts';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { type LabHandler, type LabServer, type Reply, startLab } from '../lab/server.ts';

const QUESTION: Question = { name: '2.0.0.127.bl.test', type: 'A' };
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function lab(handler: LabHandler | Reply, host?: '127.0.0.1' | '::1'): Promise<LabServer> {
  const server = await startLab(typeof handler === 'function' ? handler : () => handler, host);
  open.push(server);
  return server;
}

function transport(): Transport {
  const opened = openTransport();
  open.push(opened);
  return opened;
}

async function askOnce(
  reply: Reply | LabHandler,
  { deadline = 2000, recursionDesired = false, type = 'A' as Question['type'] } = {},
): Promise<Answer> {
  const server = await lab(reply);
  return transport().ask(server.address, { ...QUESTION, type }, { deadline, recursionDesired });
}

function inShort(answer: Answer): string {
  switch (answer.kind) {
    case 'records':
      return `records ${answer.records.map((record) => record.data).join(' ')}`;
    case 'absent':
      return 'absent';
    case 'referral':
      return `referral ${answer.zone}`;
    case 'failed':
      return `failed ${answer.why}`;
  }
}

const REFERRAL = { zone: 'bl.test', servers: { 'ns.bl.test': ['127.0.0.9'] } };

test.each<[rule: string, reply: Reply, recursionDesired: boolean, expected: string]>([
  ['an A record is an answer', { a: ['127.0.0.2'] }, false, 'records 127.0.0.2'],
  ['all A records are kept', { a: ['127.0.0.4', '127.0.0.2'] }, false, 'records 127.0.0.4 127.0.0.2'],
  [
    'A records of a server that is not authoritative count',
    { a: ['127.0.0.2'], aa: false },
    false,
    'records 127.0.0.2',
  ],
  ['NXDOMAIN is absence', { nxdomain: true }, false, 'absent'],
  ['NXDOMAIN without a SOA is absence', { nxdomain: true, soa: false }, false, 'absent'],
  ['NOERROR without records of an authoritative server is absence', { nodata: true }, false, 'absent'],
  ['records of another type only are absence', { txt: ['listed'] }, false, 'absent'],
  ['NOERROR without records and without AA is lame', { nodata: true, aa: false }, false, 'failed malformed'],
  ['… with a resolver that recurses it is absence', { nodata: true, aa: false, ra: true }, true, 'absent'],
  ['… with one that does not, it is lame', { nodata: true, aa: false, ra: false }, true, 'failed malformed'],
  ['NS records without AA are a referral, no absence', { referral: REFERRAL }, false, 'referral bl.test'],
  ['a referral of a resolver is no absence either', { referral: REFERRAL, ra: true }, true, 'referral bl.test'],
  ['a referral to the root is lame', { referral: { zone: '', servers: { 'a.root': [] } } }, false, 'failed malformed'],
  [
    'a referral to another zone is lame',
    { referral: { zone: 'x.test', servers: { 'a.x': [] } } },
    false,
    'failed malformed',
  ],
  ['SERVFAIL is no answer', { servfail: true }, false, 'failed servfail'],
  ['REFUSED is no answer', { refused: true }, false, 'failed refused'],
  ['REFUSED with a record is no answer', { refused: true, a: ['127.0.0.2'] }, false, 'failed refused'],
  ['FORMERR is no answer', { rcode: 1 }, false, 'failed malformed'],
  ['NOTIMP is no answer', { rcode: 4 }, false, 'failed malformed'],
  ['NOTAUTH is no answer', { rcode: 9 }, false, 'failed malformed'],
  ['NXDOMAIN with a record contradicts itself', { nxdomain: true, a: ['127.0.0.2'] }, false, 'failed malformed'],
  ['a CNAME is followed', { cname: 'a.bl.test', a: ['127.0.0.3'] }, false, 'records 127.0.0.3'],
  ['two CNAMEs are followed', { cname: ['a.test', 'b.test'], a: ['127.0.0.3'] }, false, 'records 127.0.0.3'],
  ['a CNAME that leads nowhere is malformed', { cname: 'a.test' }, false, 'failed malformed'],
  ['… from a resolver it is absence', { cname: 'a.test', ra: true }, true, 'absent'],
  ['CNAMEs in a circle are malformed', { cname: ['a.test', 'b.test', 'a.test'] }, false, 'failed malformed'],
  ['a CNAME to itself is malformed', { cname: QUESTION.name, a: ['127.0.0.2'] }, false, 'failed malformed'],
  ['the right id and question with nonsense is malformed', { garbled: true }, false, 'failed malformed'],
])('%s', async (_rule, reply, recursionDesired, expected) => {
  expect(inShort(await askOnce(reply, { recursionDesired }))).toBe(expected);
});

test.each<[type: Question['type'], reply: Reply, data: string[]]>([
  ['TXT', { txt: ['one', ['tw', 'o']] }, ['one', 'two']],
  ['AAAA', { aaaa: ['2001:db8::1', '::1'] }, ['2001:db8::1', '::1']],
  ['NS', { ns: ['NS1.Example.Org'] }, ['ns1.example.org']],
  ['MX', { mx: ['10 mail.example.org'] }, ['10 mail.example.org']],
])('%s records are read', async (type, reply, data) => {
  const answer = await askOnce(reply, { type });
  expect(answer.kind === 'records' && answer.records.map((record) => record.data)).toEqual(data);
});

test('the answer says who gave it, with which flags and TTL', async () => {
  const at = new Date('2026-11-24T06:00:00Z');
  const server = await lab({ cname: 'a.test', a: ['127.0.0.2'], ttl: 77, aa: false, ra: true });
  const opened = openTransport({ now: () => at });
  open.push(opened);
  const answer = await opened.ask(server.address, QUESTION, { deadline: 2000, recursionDesired: true });
  expect(answer).toEqual({
    kind: 'records',
    server: server.address,
    at,
    authoritative: false,
    recursionAvailable: true,
    rcode: 'NOERROR',
    ttl: 77,
    records: [{ name: 'a.test', type: 'A', ttl: 77, data: '127.0.0.2' }],
  });
});

test('the TTL of absence is the smaller of the SOA and its minimum', async () => {
  expect(await askOnce({ nxdomain: true, ttl: 300 })).toMatchObject({ kind: 'absent', ttl: 60, rcode: 'NXDOMAIN' });
  expect(await askOnce({ nxdomain: true, soa: false })).toMatchObject({ kind: 'absent', ttl: null });
});

test('a referral names the servers, and their addresses only where the referring server may speak for them', async () => {
  const servers = { 'ns.bl.test': ['127.0.0.9', '::1'], 'ns.elsewhere.example': ['127.0.0.66'] };
  const answer = await askOnce({ referral: { zone: 'bl.test', servers } });
  expect(answer.kind === 'referral' && answer.servers).toEqual([
    { name: 'ns.bl.test', addresses: ['127.0.0.9', '::1'] },
    { name: 'ns.elsewhere.example', addresses: [] },
  ]);
});

test('the query is plain: one question, no EDNS, RD only where asked for', async () => {
  const server = await lab({ nxdomain: true });
  const { ask } = transport();
  await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: true });
  expect(server.questions).toMatchObject([
    { name: QUESTION.name, type: 'A', additionals: 0, recursionDesired: false },
    { name: QUESTION.name, type: 'A', additionals: 0, recursionDesired: true },
  ]);
});

test('the case of the question may change on its way', async () => {
  const upper = (reply: Buffer): Buffer => {
    for (let at = 12; at < 12 + QUESTION.name.length; at++) {
      const byte = reply[at] ?? 0;
      if (byte >= 0x61 && byte <= 0x7a) reply[at] = byte - 32;
    }
    return reply;
  };
  expect(inShort(await askOnce({ a: ['127.0.0.2'], alter: upper }))).toBe('records 127.0.0.2');
});

test.each<[what: string, forged: Reply, counted: 'forged' | 'undecodable']>([
  ['another id', { a: ['127.0.0.66'], wrongId: true }, 'forged'],
  ['another question', { a: ['127.0.0.66'], wrongQuestion: true }, 'forged'],
  ['another sender', { a: ['127.0.0.66'], wrongSender: true }, 'forged'],
  ['a query in place of a reply', { raw: (query) => query }, 'undecodable'],
  ['a few bytes', { raw: () => Buffer.from([1, 2, 3]) }, 'undecodable'],
  [
    'no question at all',
    { raw: (query) => Buffer.concat([query.subarray(0, 2), Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0])]) },
    'forged',
  ],
])('a reply with %s is dropped and counted, and the true one still counts', async (_what, forged, counted) => {
  const server = await lab({ a: ['127.0.0.2'], before: [forged], delay: 60 });
  const { ask, stats } = transport();
  expect(inShort(await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false }))).toBe(
    'records 127.0.0.2',
  );
  expect(stats).toMatchObject({ sent: 1, received: 2, forged: 0, undecodable: 0, [counted]: 1 });
});

test('forged replies alone end in a time-out that mentions them', async () => {
  const answer = await askOnce({ a: ['127.0.0.66'], wrongId: true }, { deadline: 300 });
  expect(answer).toMatchObject({ kind: 'failed', why: 'timeout' });
  expect(answer.kind === 'failed' && answer.detail).toMatch(/^no reply within 0\.3 s; \d unusable repl/);
});

test('a silent server is a time-out at the deadline', async () => {
  const start = performance.now();
  expect(inShort(await askOnce({ silence: true }, { deadline: 400 }))).toBe('failed timeout');
  expect(performance.now() - start).toBeGreaterThan(390);
  expect(performance.now() - start).toBeLessThan(1000);
});

test('a lost query is sent again, to the same server with the same id, inside the deadline', async () => {
  const server = await lab((question) => (question.count < 3 ? { silence: true } : { a: ['127.0.0.2'] }));
  const { ask, stats } = transport();
  let told = 0;
  const resent = (): void => {
    told += 1;
  };
  const answer = await ask(server.address, QUESTION, { deadline: 4000, recursionDesired: false, resent });
  expect(inShort(answer)).toBe('records 127.0.0.2');
  expect(stats).toMatchObject({ sent: 3, retransmitted: 2, received: 1 });
  expect(told).toBe(2);
});

test('a server that is known to be quick is asked again after 250 ms', async () => {
  let lose = false;
  const server = await lab(() => (lose ? { silence: true } : { nxdomain: true }));
  const { ask, stats } = transport();
  for (let at = 0; at < 5; at++) await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  lose = true;
  const asking = ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  const start = performance.now();
  await server.nextQuestion();
  lose = false;
  await asking;
  expect(performance.now() - start).toBeLessThan(750); // 800 for a server not known
  expect(stats.retransmitted).toBe(1);
});

test('a reply after the end is counted as late, not as forged', async () => {
  const server = await lab({ a: ['127.0.0.2'], twice: true });
  const { ask, stats } = transport();
  await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  await ask(server.address, { name: 'next.bl.test', type: 'A' }, { deadline: 2000, recursionDesired: false });
  expect(stats.late).toBeGreaterThan(0);
  expect(stats.forged).toBe(0);
});

test('a truncated reply is asked for again over TCP', async () => {
  const addresses = Array.from({ length: 60 }, (_, at) => `127.0.0.${at + 2}`);
  const server = await lab({ a: addresses, truncated: true });
  const { ask, stats } = transport();
  const answer = await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  expect(inShort(answer)).toBe(`records ${addresses.join(' ')}`);
  expect(server.questions.map((question) => question.protocol)).toEqual(['udp', 'tcp']);
  expect(stats.tcp).toBe(1);
});

test.each<[rule: string, overTcp: Reply, expected: string]>([
  ['TCP is held to the same deadline', { silence: true }, 'failed timeout'],
  ['another question over TCP is dropped', { a: ['127.0.0.66'], wrongQuestion: true }, 'failed timeout'],
  ['nonsense over TCP is malformed', { garbled: true }, 'failed malformed'],
  ['an empty message over TCP is no answer', { raw: () => Buffer.alloc(0) }, 'failed timeout'],
  ['absence over TCP counts', { nxdomain: true }, 'absent'],
])('%s', async (_rule, overTcp, expected) => {
  const handler: LabHandler = ({ protocol }) => (protocol === 'udp' ? { truncated: true } : overTcp);
  const start = performance.now();
  expect(inShort(await askOnce(handler, { deadline: 500 }))).toBe(expected);
  expect(performance.now() - start).toBeLessThan(1200);
});

test('truncation without a TCP port is a network failure, at once', async () => {
  const server = await lab({ truncated: true });
  const { ask } = transport();
  server.closeTcp();
  const answer = await ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  expect(answer).toMatchObject({ kind: 'failed', why: 'network', detail: 'truncated over UDP; TCP: ECONNREFUSED' });
});

test('a server with an IPv6 address is asked', async () => {
  const server = await lab({ a: ['127.0.0.2'] }, '::1');
  const answer = await transport().ask(server.address, QUESTION, { deadline: 2000, recursionDesired: false });
  expect(inShort(answer)).toBe('records 127.0.0.2');
});

test('an address that cannot be reached is a network failure, not a wait for the deadline', async () => {
  const start = performance.now();
  const answer = await transport().ask('255.255.255.255:53', QUESTION, { deadline: 5000, recursionDesired: false });
  expect(inShort(answer)).toBe('failed network');
  expect(performance.now() - start).toBeLessThan(1000);
});

test.each([
  ['an empty label', 'a..bl.test'],
  ['a label of 64 characters', `${'a'.repeat(64)}.bl.test`],
  ['more than 253 characters', `${'a.'.repeat(127)}bl.test`],
  ['other than ASCII', 'müller.bl.test'],
])('a name with %s is never sent', async (_what, name) => {
  const server = await lab({ nxdomain: true });
  const answer = await transport().ask(server.address, { name, type: 'A' }, { deadline: 500, recursionDesired: false });
  expect(inShort(answer)).toBe('failed malformed');
  expect(server.questions).toEqual([]);
});

test('an abort rejects at once, with the reason of the signal', async () => {
  const server = await lab({ silence: true });
  const { ask } = transport();
  const controller = new AbortController();
  const asking = ask(server.address, QUESTION, {
    deadline: 60_000,
    recursionDesired: false,
    signal: controller.signal,
  });
  await server.nextQuestion();
  controller.abort(new Error('enough'));
  await expect(asking).rejects.toThrow('enough');
  const again = ask(server.address, QUESTION, { deadline: 60_000, recursionDesired: false, signal: controller.signal });
  await expect(again).rejects.toThrow('enough');
  expect(server.questions).toHaveLength(1);
});

test('an abort in the middle of TCP closes the connection', async () => {
  const server = await lab(({ protocol }) => (protocol === 'udp' ? { truncated: true } : { silence: true }));
  const { ask } = transport();
  const controller = new AbortController();
  const asking = ask(server.address, QUESTION, {
    deadline: 60_000,
    recursionDesired: false,
    signal: controller.signal,
  });
  await server.nextQuestion();
  await server.nextQuestion();
  expect(server.connections()).toBe(1);
  controller.abort();
  await expect(asking).rejects.toThrow();
  await expect.poll(() => server.connections()).toBe(0);
});

test('closing ends the lookups in flight and those to come', async () => {
  const server = await lab({ silence: true });
  const opened = openTransport();
  const asking = opened.ask(server.address, QUESTION, { deadline: 60_000, recursionDesired: false });
  await server.nextQuestion();
  opened.close();
  expect(inShort(await asking)).toBe('failed network');
  const later = await opened.ask(server.address, QUESTION, { deadline: 60_000, recursionDesired: false });
  expect(inShort(later)).toBe('failed network');
});

test('a process with an aborted lookup and a closed transport ends by itself', async () => {
  const server = await lab({ silence: true });
  const script = `
    import { openTransport } from ${JSON.stringify(new URL('../../src/dns/transport.ts', import.meta.url).href)};
    const transport = openTransport();
    const controller = new AbortController();
    const options = { deadline: 600000, recursionDesired: false, signal: controller.signal };
    const asking = transport.ask('${server.address}', { name: 'a.test', type: 'A' }, options);
    setTimeout(() => controller.abort(), 50);
    await asking.catch(() => {});
    if (process.argv[1] === 'close') transport.close();
  `;
  for (const how of ['close', 'leave open']) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, how], { stdio: 'inherit' });
    const [code, signal] = await once(child, 'exit');
    expect([how, code, signal]).toEqual([how, 0, null]);
  }
});

test('thousands of lookups in flight are answered each with its own', async () => {
  const server = await lab(({ name }) => ({ a: [`127.0.${name.split('.').slice(0, 2).join('.')}`] }));
  const { ask, stats } = transport();
  const names = Array.from({ length: 2000 }, (_, at) => `${at >> 8}.${at & 255}`);
  const answers = await Promise.all(
    names.map((name) =>
      ask(server.address, { name: `${name}.bl.test`, type: 'A' }, { deadline: 8000, recursionDesired: false }),
    ),
  );
  expect(answers.map(inShort)).toEqual(names.map((name) => `records 127.0.${name}`));
  expect(stats.forged + stats.undecodable).toBe(0);
});

test('replies of random bytes, or with random bytes changed, each end as an answer or a failure', async () => {
  const replies: Reply[] = [
    { a: ['127.0.0.2', '127.0.0.4'] },
    { nxdomain: true },
    { txt: ['reason'] },
    { referral: REFERRAL },
    { cname: 'a.test', a: ['127.0.0.2'] },
  ];
  const spoil = (reply: Buffer): Buffer => {
    const edits = randomInt(8);
    for (let edit = 0; edit < edits; edit++) reply[2 + randomInt(reply.length - 2)] = randomInt(256);
    return reply.subarray(0, randomInt(3) === 0 ? randomInt(reply.length) : reply.length);
  };
  const server = await lab(({ protocol, count }) => {
    if (protocol === 'tcp' && count % 2 === 0) return { garbage: true };
    return { ...replies[randomInt(replies.length)], alter: spoil, before: [{ garbage: true }], twice: true };
  });
  const { ask, stats } = transport();
  const options = { deadline: 600, recursionDesired: false };
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => ask(server.address, { ...QUESTION, type: randomInt(2) ? 'A' : 'TXT' }, options)),
  );
  const kinds = new Set(answers.map((answer) => answer.kind));
  expect([...kinds].every((kind) => ['records', 'absent', 'referral', 'failed'].includes(kind))).toBe(true);
  expect(kinds.size).toBeGreaterThan(2);
  expect(Math.min(stats.forged, stats.undecodable)).toBeGreaterThan(0);
});

const bare = (rcode: number) => (query: Buffer) =>
  Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, rcode, 0, 0, 0, 0, 0, 0, 0, 0]);

test.each([
  ['REFUSED is a refusal', 5, 'refused'],
  ['SERVFAIL is that', 2, 'servfail'],
  ['FORMERR is malformed', 1, 'malformed'],
  ['NXDOMAIN is dropped, for it would be an answer', 3, 'timeout'],
  ['NOERROR is dropped, for it would be an answer', 0, 'timeout'],
])('a bare header without the question (unbound to strangers): %s', async (_, rcode, why) => {
  const answer = await askOnce({ raw: bare(rcode) }, { deadline: 300 });
  expect(answer).toMatchObject({ kind: 'failed', why });
});
