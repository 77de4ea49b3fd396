import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What a client says last. */
const TERMINATE = 'X'.charCodeAt(0);

/** A way to a database that breaks for good after so many messages of its client. */
export type Severed = { database: string; broke(): boolean; close(): void };

export async function severedAfter(messages: number, database: string): Promise<Severed> {
  const to = new URL(database);
  const folder = to.searchParams.get('host');
  const open = new Set<Socket>();
  let left = messages;
  const server = createServer((client) => {
    const behind =
      folder === null ? connect(Number(to.port), to.hostname) : connect(`${folder}/.s.PGSQL.${to.port || 5432}`);
    for (const socket of [client, behind]) {
      open.add(socket);
      socket.on('error', () => {}).on('close', () => open.delete(socket));
    }
    behind.pipe(client);
    client.on('data', (data) => {
      if (data[0] !== TERMINATE) left -= 1;
      if (left >= 0) behind.write(data);
      else sever();
    });
    client.on('close', () => behind.end());
  });
  const sever = (): void => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(database);
  through.searchParams.delete('host');
  through.host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return { database: through.href, broke: () => left < 0, close: sever };
}
