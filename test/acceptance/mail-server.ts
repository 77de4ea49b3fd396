import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freeTcpPort } from '../port.ts';
import type { Identity } from '../posture/mail/certificates.ts';
import { type Part, partsOf, startPart } from './parts.ts';

/** Real Postfix and Dovecot, one of each, with a listener for every set-up that is to be told apart. */

export const mailParts = partsOf(
  { postfix: 'postfix', dovecot: 'dovecot-imapd dovecot-pop3d', openssl: 'openssl' },
  process.getuid?.() === 0 ? null : 'Postfix and Dovecot start as root only',
);

/** Parameters of one smtpd, over those that all have. */
type Listener = Record<string, string>;
export type MailServer = { ports: Record<string, number>; stop(): Promise<void> };

export const HOST = 'mail.example.org';

/** `wrapped`: names of listeners with TLS from the first byte. */
export async function startPostfix(
  identity: Identity,
  listeners: Record<string, Listener>,
  wrapped: string[] = [],
): Promise<MailServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-postfix-'));
  chmodSync(folder, 0o755);
  for (const name of ['queue', 'data']) mkdirSync(path.join(folder, name));
  chownSync(path.join(folder, 'data'), idOf('postfix'), idOf('postfix', '-g'));
  const ports: Record<string, number> = {};
  for (const name of Object.keys(listeners)) ports[name] = await freeTcpPort();
  const main = {
    compatibility_level: '3.6',
    queue_directory: path.join(folder, 'queue'),
    data_directory: path.join(folder, 'data'),
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    meta_directory: '/etc/postfix',
    maillog_file: path.join(folder, 'log'),
    maillog_file_prefixes: folder,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: HOST,
    mydestination: 'example.org',
    // Not loopback, so that the tests are strangers.
    mynetworks: '192.0.2.0/24',
    local_recipient_maps: 'inline:{postmaster=x, abuse=x}',
    alias_maps: '',
    smtpd_tls_security_level: 'may',
    smtpd_tls_chain_files: `${identity.keyFile}, ${identity.chainFile}`,
    smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
    smtpd_tls_protocols: '>=TLSv1.2',
  };
  writeFileSync(path.join(folder, 'main.cf'), lines(main));
  const services = Object.entries(listeners).map(([name, more]) => {
    const options = { ...more, ...(wrapped.includes(name) ? { smtpd_tls_wrappermode: 'yes' } : {}) };
    const overrides = Object.entries(options).map(([key, value]) => `  -o { ${key} = ${value} }`);
    return [`127.0.0.1:${ports[name]} inet n - n - - smtpd`, ...overrides].join('\n');
  });
  writeFileSync(path.join(folder, 'master.cf'), [...services, ...INTERNAL, ''].join('\n'));
  // What `postfix start` does before it starts the master, which then stays in the foreground by itself.
  execFileSync('/usr/sbin/postfix', ['-c', folder, 'check'], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
  const part = await startPart('/usr/lib/postfix/sbin/master', ['-c', folder, '-s'], () =>
    listensOn(Object.values(ports)[0] ?? 0),
  );
  return { ports, stop: stopped(part, folder) };
}

const INTERNAL = [
  ...['cleanup unix n - n - 0 cleanup', 'rewrite unix - - n - - trivial-rewrite', 'proxymap unix - - n - - proxymap'],
  ...[
    'anvil unix - - n - 1 anvil',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'qmgr unix n - n 300 1 qmgr',
    'bounce unix - - n - 0 bounce',
  ],
  ...[
    'defer unix - - n - 0 bounce',
    'error unix - - n - - error',
    'local unix - n n - - local',
    'postlog unix-dgram n - n - 1 postlogd',
  ],
];

/** Dovecot takes who comes from its own address for safe; to this one our own address is another. */
export const ELSEWHERE = '127.0.0.9';

type DovecotOptions = { identity: Identity; plainAuth: boolean };

/** Ports: imap, imaps, pop3, pop3s. */
export async function startDovecot({ identity, plainAuth }: DovecotOptions): Promise<MailServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-dovecot-'));
  chmodSync(folder, 0o755);
  const ports: Record<string, number> = {};
  for (const name of ['imap', 'imaps', 'pop3', 'pop3s']) ports[name] = await freeTcpPort();
  const login = (service: string, names: string[]): string =>
    `service ${service}-login {\n${names.map((name) => `  inet_listener ${name} {\n    port = ${ports[name]}\n  }`).join('\n')}\n}`;
  writeFileSync(
    path.join(folder, 'dovecot.conf'),
    `protocols = imap pop3
listen = 127.0.0.1, ${ELSEWHERE}
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
mail_location = maildir:${folder}/mail/%u
ssl = yes
ssl_cert = <${identity.chainFile}
ssl_key = <${identity.keyFile}
disable_plaintext_auth = ${plainAuth ? 'no' : 'yes'}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/mail/%u
}
${login('imap', ['imap', 'imaps'])}
${login('pop3', ['pop3', 'pop3s'])}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`,
  );
  const part = await startPart('dovecot', ['-F', '-c', path.join(folder, 'dovecot.conf')], () =>
    listensOn(ports.imap ?? 0),
  );
  return { ports, stop: stopped(part, folder) };
}

const stopped = (part: Part, folder: string) => async (): Promise<void> => {
  await part.stop();
  rmSync(folder, { recursive: true, force: true });
};

const lines = (parameters: Record<string, string>): string =>
  `${Object.entries(parameters)
    .map(([key, value]) => `${key} = ${value}`)
    .join('\n')}\n`;

const idOf = (user: string, flag = '-u'): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));

async function listensOn(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
