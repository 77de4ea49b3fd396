import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { openWebServer, type WebServer } from '../../src/web/server.ts';

const errors: unknown[] = [];
let server: WebServer;
beforeAll(async () => {
  const pages = {
    '/healthz': async () => ({ status: 200, type: 'text/plain', body: 'ok\n' }),
    '/broken': async () => {
      throw new Error('postgres://user:secret@host');
    },
  };
  server = await openWebServer(
    { host: '127.0.0.1', port: 0 },
    () => pages,
    (error) => errors.push(error),
  );
});
afterAll(() => server.close());

test('a page is served, its query passed over', async () => {
  const response = await fetch(`${server.url}/healthz?x=1`);
  expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
});

test('HEAD has no body, and other methods are refused', async () => {
  const head = await fetch(`${server.url}/healthz`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  expect((await fetch(`${server.url}/healthz`, { method: 'POST' })).status).toBe(405);
});

test.each(['/', '/constructor', '/../etc/passwd', '/metrics%00'])('there is no %s', async (path) => {
  expect((await fetch(`${server.url}${path}`)).status).toBe(404);
});

test('a page that fails says nothing of why; the log has it', async () => {
  const response = await fetch(`${server.url}/broken`);
  expect([response.status, await response.text()]).toEqual([500, 'an error; the log of dnsblwatch has it\n']);
  expect(errors).toHaveLength(1);
});

test('a port that is taken is a mistake that names it', async () => {
  const port = Number(new URL(server.url).port);
  const second = openWebServer(
    { host: '127.0.0.1', port },
    () => ({}),
    () => {},
  );
  await expect(second).rejects.toThrow(UserError);
  await expect(
    openWebServer(
      { host: '127.0.0.1', port },
      () => ({}),
      () => {},
    ),
  ).rejects.toThrow(`serve.listen 127.0.0.1:${port}: another program listens there`);
});
