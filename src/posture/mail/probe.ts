import { type Conversation, converse, Ended, type Patience } from './conversation.ts';
import type { Reply, Service, ServiceLook } from './service.ts';
import { clientName, smtpReply } from './smtp.ts';
import { startTls } from './tls.ts';

export type ProbeOptions = Patience & {
  /** SNI and the name to be found in the certificate; null: not known. */
  name: string | null;
  /** Where the service listens, in place of its own port. */
  port: number;
  ca: string[];
  /** Who RCPT is tried for; nothing is ever sent. */
  recipients: string[];
};

/** Talks to one service as a client would, up to the point where mail would follow. Throws only what the signal was aborted with. */
export async function probeService(service: Service, address: string, options: ProbeOptions): Promise<ServiceLook> {
  const look: ServiceLook = {
    service,
    address,
    name: options.name,
    from: null,
    greeting: null,
    before: null,
    starttls: null,
    offered: false,
    tls: null,
    recipients: [],
    old: undefined,
    end: null,
  };
  look.end = await converse({ address, port: options.port }, options, (talk) => lookAround(talk, look, options));
  if (look.tls !== null && !isOld(look.tls.protocol)) look.old = await oldVersion(service, address, options);
  return look;
}

const isOld = (protocol: string): boolean => protocol === 'TLSv1' || protocol === 'TLSv1.1';

async function lookAround(talk: Conversation, look: ServiceLook, options: ProbeOptions): Promise<void> {
  const { service } = look;
  look.from = talk.socket.localAddress ?? null;
  if (service.tls === 'implicit') look.tls = await startTls(talk, options);
  look.greeting = await greetingOf(talk, service);
  if (service.speaks === 'smtp' && look.greeting.code !== '220') return;
  look.before = await capabilities(talk, service);
  look.offered = service.tls === 'starttls' && offersTls(look.before, service);
  if (look.offered) {
    look.starttls = await askForTls(talk, service);
    if (isYes(look.starttls)) look.tls = await startTls(talk, options);
  }
  if (service.speaks === 'smtp' && options.recipients.length > 0) await tryRecipients(talk, look, options.recipients);
  talk.send(service.speaks === 'imap' ? 'z LOGOUT' : 'QUIT');
}

async function greetingOf(talk: Conversation, { speaks }: Service): Promise<Reply> {
  if (speaks === 'smtp') return smtpReply(talk, 'greeting');
  const line = await talk.line('greeting');
  const code =
    speaks === 'imap'
      ? (/^\* (OK|PREAUTH|BYE)\b/i.exec(line)?.[1]?.toUpperCase() ?? null)
      : (/^(\+OK|-ERR)/.exec(line)?.[1] ?? null);
  if (code === null)
    throw new Ended({
      kind: 'flood',
      stage: 'greeting',
      detail: `no greeting of ${speaks.toUpperCase()}: ${line.slice(0, 60)}`,
    });
  return { code, lines: [line] };
}

async function capabilities(talk: Conversation, { speaks }: Service): Promise<Reply> {
  if (speaks === 'smtp') {
    talk.send(`EHLO ${clientName(talk)}`);
    return smtpReply(talk, 'EHLO');
  }
  if (speaks === 'imap') return imapReply(talk, 'a CAPABILITY', 'CAPABILITY');
  talk.send('CAPA');
  const first = await talk.line('CAPA');
  if (!first.startsWith('+OK')) return { code: '-ERR', lines: [first] };
  return { code: '+OK', lines: await talk.lines('CAPA', (line) => line === '.') };
}

async function imapReply(talk: Conversation, command: string, stage: string): Promise<Reply> {
  talk.send(command);
  const [tag = 'a'] = command.split(' ');
  const lines = await talk.lines(stage, (line) => line.startsWith(`${tag} `));
  return { code: (lines.at(-1) ?? '').split(' ')[1]?.toUpperCase() ?? '', lines };
}

function offersTls({ lines }: Reply, { speaks }: Service): boolean {
  const all = lines.join('\n');
  if (speaks === 'smtp') return /^\d{3}[- ]STARTTLS\s*$/im.test(all);
  return speaks === 'imap' ? /\bSTARTTLS\b/i.test(all) : /^STLS\s*$/im.test(all);
}

async function askForTls(talk: Conversation, { speaks }: Service): Promise<Reply> {
  if (speaks === 'imap') return imapReply(talk, 'b STARTTLS', 'STARTTLS');
  talk.send(speaks === 'smtp' ? 'STARTTLS' : 'STLS');
  if (speaks === 'smtp') return smtpReply(talk, 'STARTTLS');
  const line = await talk.line('STLS');
  return { code: line.startsWith('+OK') ? '+OK' : '-ERR', lines: [line] };
}

const isYes = ({ code }: Reply): boolean => code === '220' || code === 'OK' || code === '+OK';

/** MAIL FROM:<> and RCPT, then RSET: as a bounce would come, and no mail. */
async function tryRecipients(talk: Conversation, look: ServiceLook, recipients: string[]): Promise<void> {
  // What was said before TLS is forgotten (RFC 3207 4.2).
  if (look.tls !== null) await capabilities(talk, look.service);
  talk.send('MAIL FROM:<>');
  const mail = await smtpReply(talk, 'MAIL');
  for (const recipient of recipients) {
    if (!mail.code.startsWith('2')) {
      look.recipients.push({ recipient, reply: mail });
      continue;
    }
    talk.send(`RCPT TO:<${recipient}>`);
    look.recipients.push({ recipient, reply: await smtpReply(talk, 'RCPT') });
  }
  talk.send('RSET');
  await smtpReply(talk, 'RSET');
}

/** A second connection that offers nothing newer than TLS 1.1. */
async function oldVersion(
  service: Service,
  address: string,
  options: ProbeOptions,
): Promise<string | null | undefined> {
  let protocol: string | null | undefined;
  const end = await converse({ address, port: options.port }, options, async (talk) => {
    if (service.tls === 'starttls') {
      await greetingOf(talk, service);
      if (service.speaks === 'smtp') await capabilities(talk, service);
      if (!isYes(await askForTls(talk, service))) return;
    }
    protocol = (await startTls(talk, { ...options, newest: 'TLSv1.1' })).protocol;
  });
  // A handshake that the server breaks off is its refusal; everything else says nothing.
  return end?.stage === 'TLS' && end.kind === 'closed' ? null : protocol;
}
