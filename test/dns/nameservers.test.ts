import { afterEach, expect, test } from 'vitest';
import { findNameServers } from '../../src/dns/nameservers.ts';
import { openTransport } from '../../src/dns/transport.ts';
import { type LabServer, type Reply, startLab } from '../lab/server.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A resolver that knows these; keys are `TYPE name`. */
async function resolver(known: Record<string, Reply>): Promise<LabServer> {
  const server = await startLab(({ name, type }) => ({
    ra: true,
    aa: false,
    ...(known[`${type} ${name}`] ?? { nodata: true }),
  }));
  open.push(server);
  return server;
}

async function find(zone: string, resolvers: LabServer[], deadline = 4000): Promise<string[]> {
  const transport = openTransport();
  open.push(transport);
  const addresses = resolvers.map((each) => each.address);
  return findNameServers(zone, transport.ask, addresses, { deadline });
}

const HOSTS = {
  'A ns1.example.org': { a: ['192.0.2.1'] },
  'AAAA ns1.example.org': { aaaa: ['2001:db8::1'] },
  'A ns2.example.org': { a: ['192.0.2.2'] },
};

test('the servers of a zone are all addresses of its NS records, IPv4 first', async () => {
  const server = await resolver({ 'NS bl.example.org': { ns: ['ns1.example.org', 'ns2.example.org'] }, ...HOSTS });
  expect(await find('bl.example.org', [server])).toEqual(['192.0.2.1:53', '192.0.2.2:53', '[2001:db8::1]:53']);
  expect(server.questions.every((question) => question.recursionDesired)).toBe(true);
});

test('a zone without NS records is held by the next zone above that has some', async () => {
  const server = await resolver({ 'NS example.org': { ns: ['ns2.example.org'] }, ...HOSTS });
  expect(await find('a.bl.example.org', [server])).toEqual(['192.0.2.2:53']);
});

test('the search ends at the registered domain', async () => {
  const server = await resolver({
    'NS co.uk': { ns: ['ns2.example.org'] },
    'NS uk': { ns: ['ns2.example.org'] },
    ...HOSTS,
  });
  expect(await find('bl.example.co.uk', [server])).toEqual([]);
  expect(server.questions.map((question) => question.name)).toEqual(['bl.example.co.uk', 'example.co.uk']);
});

test('NS records behind a CNAME belong to another zone', async () => {
  const server = await resolver({
    'NS bl.example.org': { cname: 'bl.example.net', ns: ['ns1.example.org'] },
    'NS example.org': { ns: ['ns2.example.org'] },
    ...HOSTS,
  });
  expect(await find('bl.example.org', [server])).toEqual(['192.0.2.2:53']);
});

test('a resolver that fails or is silent is passed over', async () => {
  const silent = await startLab(() => ({ silence: true }));
  const failing = await startLab(() => ({ servfail: true }));
  open.push(silent, failing);
  const server = await resolver({ 'NS bl.example.org': { ns: ['ns2.example.org'] }, ...HOSTS });
  expect(await find('bl.example.org', [silent, failing, server], 1500)).toEqual(['192.0.2.2:53']);
  expect(new Set(silent.questions.map((question) => question.type))).toEqual(new Set(['NS']));
});

test('addresses that are no server are left out', async () => {
  const server = await resolver({
    'NS bl.example.org': { ns: ['ns1.example.org'] },
    'A ns1.example.org': { a: ['0.0.0.0', '255.255.255.255', '192.0.2.7'] },
    'AAAA ns1.example.org': { aaaa: ['::'] },
  });
  expect(await find('bl.example.org', [server])).toEqual(['192.0.2.7:53']);
});

test('nothing found within the deadline is no server', async () => {
  const silent = await startLab(() => ({ silence: true }));
  open.push(silent);
  const start = performance.now();
  expect(await find('bl.example.org', [silent], 300)).toEqual([]);
  expect(performance.now() - start).toBeLessThan(900);
});

test('an abort ends the search', async () => {
  const silent = await startLab(() => ({ silence: true }));
  const transport = openTransport();
  open.push(silent, transport);
  const controller = new AbortController();
  const finding = findNameServers('bl.example.org', transport.ask, [silent.address], {
    deadline: 60_000,
    signal: controller.signal,
  });
  await silent.nextQuestion();
  controller.abort();
  await expect(finding).rejects.toThrow();
});
