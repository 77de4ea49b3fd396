import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type FetchOptions, fetchHttps } from '../../src/posture/https.ts';
import { type Certificates, type Identity, makeCertificates } from './mail/certificates.ts';
import { type Zone, zoneLookup } from './zone.ts';

const NAME = 'mta-sts.example.org';
let certificates: Certificates;
let good: Identity;
const servers: Server[] = [];
beforeAll(() => {
  certificates = makeCertificates();
  good = certificates.good(NAME);
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => certificates.remove());

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  identity = good,
): Promise<number> {
  const server = createServer({ cert: identity.chain, key: identity.key }, answer);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
const get = (
  url: string,
  ports: [number, number][],
  more: Partial<FetchOptions> = {},
  zone: Zone = { [NAME]: { A: '127.0.0.1' } },
) =>
  fetchHttps(new URL(url), {
    ...{ lookup: zoneLookup(zone), ports: new Map(ports), ca: [certificates.ca], deadline: 1000 },
    ...{ allowSpecial: true, signal: new AbortController().signal },
    ...more,
  });
const policy = (_request: IncomingMessage, response: ServerResponse): void =>
  void response.writeHead(200, { 'content-type': 'text/plain' }).end('version: STSv1\n');

test('certificates that are given stand beside those of Node, not in their place', async () => {
  const port = await serve(policy);
  const before = getCACertificates('default');
  const other = makeCertificates();
  setDefaultCACertificates([certificates.ca]);
  try {
    expect((await get(`https://${NAME}/`, [[443, port]], { ca: [other.ca] })).kind).toBe('body');
  } finally {
    setDefaultCACertificates(before);
    other.remove();
  }
});
test('the port of the address is asked', async () => {
  const port = await serve(policy);
  expect((await get(`https://${NAME}:8443/`, [[8443, port]])).kind).toBe('body');
});
test('the address that nobody can reach is named', async () => {
  const zone = { [NAME]: { A: ['8.8.4.4', '10.0.0.1'] } };
  expect(await get(`https://${NAME}/`, [], { allowSpecial: false }, zone)).toEqual({
    kind: 'wrong',
    why: `${NAME} leads to 10.0.0.1, which nobody outside can reach`,
  });
});
test.each<[string, (request: IncomingMessage, response: ServerResponse) => void, string, RegExp]>([
  ['a redirect', (_, response) => void response.writeHead(301, { location: '/x' }).end(), 'wrong', /301, a redirect/],
  ['no answer', () => {}, 'failed', /no answer within 1 s/],
  [
    'a body without end',
    (_, response) => {
      const more = (): void =>
        void (
          response.destroyed || (response.write('x'.repeat(4096)) ? setImmediate(more) : response.once('drain', more))
        );
      more();
    },
    'wrong',
    /longer than 64 KiB/,
  ],
  ['a body that never ends', (_, response) => void response.write('version'), 'failed', /no answer within 1 s/],
  [
    'a header without end',
    (_, response) => void response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`),
    'failed',
    /HPE_HEADER_OVERFLOW/,
  ],
  [
    'a connection cut within the body',
    (_, response) => {
      response.write('version', () => response.socket?.destroy());
    },
    'failed',
    /ECONNRESET/,
  ],
])('%s', async (_rule, answer, kind, why) => {
  const port = await serve(answer);
  expect(await get(`https://${NAME}/`, [[443, port]])).toEqual({ kind, why: expect.stringMatching(why) });
});
test.each(['selfSigned', 'expired', 'incomplete'] as const)('a certificate that is %s', async (make) => {
  const port = await serve(policy, certificates[make](NAME));
  expect(await get(`https://${NAME}/`, [[443, port]])).toEqual({
    kind: 'wrong',
    why: expect.stringMatching(/certificate is not accepted/),
  });
});
