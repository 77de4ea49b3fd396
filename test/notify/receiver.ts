import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Received = { path: string; headers: IncomingHttpHeaders; body: string; json: unknown };
export type Reply = { status?: number; headers?: Record<string, string>; body?: string };

/** An HTTP server on loopback that keeps what it gets; `reply` says what it answers. Closed with the test. */
export async function startReceiver(
  reply: (received: Received, number: number) => Reply | Promise<Reply> = () => ({}),
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const body = Buffer.concat(parts).toString('utf8');
      const one = { path: request.url ?? '', headers: request.headers, body, json: JSON.parse(body) };
      received.push(one);
      const {
        status = 200,
        headers = {},
        body: text = '{"ok":true,"errcode":0,"code":0}',
      } = await reply(one, received.length);
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}
