import type { End } from './conversation.ts';
import type { TlsLook } from './tls.ts';

/** The services of a mail server, by their port. */
export type Service = {
  port: number;
  name: 'SMTP' | 'submission' | 'IMAP' | 'POP3';
  speaks: 'smtp' | 'imap' | 'pop3';
  tls: 'implicit' | 'starttls';
};

export const SERVICES: readonly Service[] = [
  { port: 25, name: 'SMTP', speaks: 'smtp', tls: 'starttls' },
  { port: 587, name: 'submission', speaks: 'smtp', tls: 'starttls' },
  { port: 465, name: 'submission', speaks: 'smtp', tls: 'implicit' },
  { port: 143, name: 'IMAP', speaks: 'imap', tls: 'starttls' },
  { port: 993, name: 'IMAP', speaks: 'imap', tls: 'implicit' },
  { port: 110, name: 'POP3', speaks: 'pop3', tls: 'starttls' },
  { port: 995, name: 'POP3', speaks: 'pop3', tls: 'implicit' },
];

/** A reply of several lines, its code in front: `250`, `OK`. */
export type Reply = { code: string; lines: string[] };

/** What one connection to a service showed, as far as it got. */
export type ServiceLook = {
  service: Service;
  address: string;
  /** The name that was asked for with SNI. */
  name: string | null;
  /** Our own address of the connection; null: none came about. */
  from: string | null;
  greeting: Reply | null;
  /** Capabilities before TLS (EHLO, CAPABILITY, CAPA); of implicit TLS within it. */
  before: Reply | null;
  /** The reply to STARTTLS or STLS; null: not offered, or implicit. */
  starttls: Reply | null;
  offered: boolean;
  tls: TlsLook | null;
  /** Replies to RCPT, by recipient. */
  recipients: { recipient: string; reply: Reply }[];
  /** A session with TLS 1.1 or older: its version; null: refused; undefined: not tried. */
  old: string | null | undefined;
  end: End | null;
};
