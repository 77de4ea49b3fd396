import { once } from 'node:events';
import net from 'node:net';
import tls, { type SecureContextOptions } from 'node:tls';

/** A mail server on loopback that does as it is told, mostly wrong; `null` as a reply: silence. */
export type Script = {
  speaks?: 'smtp' | 'imap' | 'pop3';
  /** TLS from the first byte. */
  implicit?: boolean;
  tls?: SecureContextOptions;
  /** Sent when a client connects; null: nothing. */
  greeting?: string | null;
  /** Milliseconds before it. */
  wait?: number;
  /** Capability lines before and after TLS. */
  before?: string[];
  after?: string[];
  starttls?: string | null;
  /** The reply to RCPT. */
  rcpt?: string | ((recipient: string) => string);
  mail?: string;
  /** Commands that are never answered. */
  silent?: (command: string, secure: boolean) => boolean;
  /** Takes over the whole connection. */
  raw?: (socket: net.Socket) => void;
};
export type MailLab = { port: number; commands: string[]; close(): Promise<void> };

export async function startMail(script: Script): Promise<MailLab> {
  const commands: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((plain) => {
    sockets.add(plain);
    plain.on('close', () => sockets.delete(plain));
    plain.on('error', () => plain.destroy());
    if (script.raw !== undefined) return script.raw(plain);
    const socket = script.implicit ? secured(plain, script) : plain;
    const greet = (): void =>
      void (script.greeting === null || socket.write(`${script.greeting ?? GREETINGS[script.speaks ?? 'smtp']}\r\n`));
    setTimeout(greet, script.wait ?? 0);
    serve(socket, script, commands, script.implicit === true);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    commands,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const GREETINGS = { smtp: '220 mail.example.org ESMTP', imap: '* OK ready', pop3: '+OK ready' };

function secured(plain: net.Socket, script: Script): net.Socket {
  const socket = new tls.TLSSocket(plain, { isServer: true, secureContext: tls.createSecureContext(script.tls) });
  socket.on('error', () => plain.destroy());
  return socket;
}

function serve(socket: net.Socket, script: Script, commands: string[], secure: boolean): void {
  let rest = '';
  const onData = (chunk: Buffer): void => {
    rest += chunk.toString('latin1');
    for (let at = rest.indexOf('\r\n'); at !== -1; at = rest.indexOf('\r\n')) {
      const line = rest.slice(0, at);
      rest = rest.slice(at + 2);
      commands.push(line);
      const [command = ''] = line.toUpperCase().split(' ');
      const reply = script.silent?.(command, secure) === true ? null : answer(line, script, secure);
      if (reply === null) continue;
      socket.write(`${reply}\r\n`);
      if (/STARTTLS$|^STLS/i.test(line) && /^(220|\+OK|b OK)/.test(reply)) {
        // What comes now is no line; without a certificate it is never answered.
        socket.off('data', onData);
        if (script.tls === undefined) socket.resume();
        else serve(secured(socket, script), script, commands, true);
        return;
      }
    }
  };
  socket.on('data', onData);
}

function answer(line: string, script: Script, secure: boolean): string | null {
  const lines = (secure ? (script.after ?? script.before) : script.before) ?? [];
  const [word = ''] = line.toUpperCase().split(' ');
  if (script.speaks === 'imap') {
    if (/CAPABILITY$/.test(line)) return `* CAPABILITY IMAP4rev1 ${lines.join(' ')}\r\na OK done`;
    if (/STARTTLS$/.test(line)) return script.starttls === undefined ? 'b OK begin' : script.starttls;
    return 'z OK bye';
  }
  if (script.speaks === 'pop3') {
    if (word === 'CAPA') return ['+OK', ...lines, '.'].join('\r\n');
    if (word === 'STLS') return script.starttls === undefined ? '+OK begin' : script.starttls;
    return '+OK';
  }
  if (word === 'EHLO')
    return ['mail.example.org', ...lines]
      .map((one, at, all) => `250${at === all.length - 1 ? ' ' : '-'}${one}`)
      .join('\r\n');
  if (word === 'STARTTLS') return script.starttls === undefined ? '220 go ahead' : script.starttls;
  if (word === 'MAIL') return script.mail ?? '250 ok';
  if (word === 'RCPT')
    return typeof script.rcpt === 'function' ? script.rcpt(/<(.*)>/.exec(line)?.[1] ?? '') : (script.rcpt ?? '250 ok');
  return '250 ok';
}
