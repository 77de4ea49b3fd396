import { createHash } from 'node:crypto';
import { plain } from '../../output/plain.ts';
import { writeHtml } from '../render/html.ts';
import { TEXT, writeMarkup } from '../render/markup.ts';
import { type ChannelOf, DeliveryFailure, type Outgoing, type Send } from './channel.ts';

const TIMEOUT = 20_000;
/** A message about more incidents than this belongs to no conversation. */
const THREADS = 5;

/** Mail with a text and an HTML part. The Message-ID is the same in every try, so that a second delivery can be told. */
export const sendEmail: Send<'email'> = async (channel, outgoing) => {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(serverOf(channel));
  try {
    const info = await transport.sendMail(mailOf(channel, outgoing));
    const refused = info.rejected.map(String);
    return refused.length === 0 ? null : `not taken for ${refused.join(', ')}`;
  } catch (error) {
    throw failureOf(error as SmtpError, channel);
  } finally {
    transport.close();
  }
};

function serverOf({ server, user, password }: ChannelOf<'email'>) {
  const { protocol, hostname, port } = new URL(server);
  const secure = protocol === 'smtps:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const local = ['localhost', '127.0.0.1', '::1'].includes(host);
  return {
    host,
    port: port === '' ? (secure ? 465 : 25) : Number(port),
    secure,
    // A password goes over no line that others can listen to.
    requireTLS: user !== null && !secure && !local,
    // Without one TLS is used where it is offered, whatever the certificate: better than none, as between mail servers.
    tls: { rejectUnauthorized: !local && (secure || user !== null) },
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
  };
}

function mailOf({ id, to, from }: ChannelOf<'email'>, outgoing: Outgoing) {
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  const roots = outgoing.threads.map((thread) => `<${rootOf(id, thread)}@${domain}>`);
  // The first incident last: clients file a message under the last of its references.
  const references = roots.length > THREADS ? [] : roots.toReversed();
  const parent = references.at(-1);
  return {
    from,
    to,
    subject: plain(outgoing.doc.title, 200),
    messageId: `<${outgoing.id}.dnsblwatch@${domain}>`,
    ...(parent === undefined ? {} : { references, inReplyTo: parent }),
    date: outgoing.at,
    text: `${writeMarkup(outgoing.doc, TEXT)}\n`,
    html: writeHtml(outgoing.doc),
    headers: {
      'List-Id': `dnsblwatch <${outgoing.kind === 'digest' ? 'digest' : 'alerts'}.dnsblwatch.${domain}>`,
      // RFC 3834 section 5: nobody's holiday notice answers this.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
  };
}

/** The conversation's name, kept short and free of what an address cannot hold. */
function rootOf(channel: string, thread: string): string {
  return `thread-${createHash('sha256').update(`${channel} ${thread}`).digest('hex').slice(0, 24)}.dnsblwatch`;
}

type SmtpError = Error & { code?: string; responseCode?: number; response?: string };

/** Only a 5xx answer is final. A refused login is not: it is put right by the password, and then everything goes out. */
function failureOf(error: SmtpError, { user, password }: ChannelOf<'email'>): DeliveryFailure {
  const { code, responseCode, response } = error;
  let text = response ?? `not reached: ${error.message}`;
  for (const secret of [password, user]) if (secret !== null && secret !== '') text = text.replaceAll(secret, '…');
  const login = code === 'EAUTH' ? 'login refused: ' : '';
  return new DeliveryFailure(`${login}${plain(text, 200)}`, {
    permanent: code !== 'EAUTH' && responseCode !== undefined && responseCode >= 500,
  });
}
