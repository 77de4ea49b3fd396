import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { UserError } from '../errors.ts';

export type Page = { status: number; type: string; body: string };
/** Pages by path; each is made when asked for. */
export type Pages = Readonly<Record<string, () => Promise<Page>>>;

export type WebServer = {
  /** `http://address:port`, the port as it was given by the system where 0 was asked for. */
  url: string;
  close(): Promise<void>;
};

/** Serves the pages of the moment on `address:port`. GET and HEAD only; a page that fails is a 500 that says nothing of why. */
export async function openWebServer(
  { host, port }: { host: string; port: number },
  pages: () => Pages,
  onError: (error: unknown) => void,
): Promise<WebServer> {
  const server = createServer((request, response) => {
    answer(request, response, pages()).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end('an error; the log of dnsblwatch has it\n');
    });
  });
  // A page is small and nobody uploads anything: slow clients are cut off.
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  await listen(server, host, port);
  const address = server.address();
  const at = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${at}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  const send = ({ status, type, body }: Page): void => {
    response.writeHead(status, {
      'content-type': type,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send({ status: 405, type: 'text/plain', body: 'GET only\n' });
  const [path = '/'] = (request.url ?? '/').split('?');
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined)
    return send({ status: 404, type: 'text/plain', body: `not found; there is ${Object.keys(pages).join(', ')}\n` });
  send(await page());
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((ready, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program listens there' : (error.code ?? error.message);
      failed(new UserError(`serve.listen ${host}:${port}: ${why}`));
    });
    server.listen(port, host, ready);
  });
}
