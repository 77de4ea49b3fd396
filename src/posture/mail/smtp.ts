import { type Conversation, Ended } from './conversation.ts';
import type { Reply } from './service.ts';

const smtpEnd = (line: string): boolean => !/^\d{3}-/.test(line);

/** A whole reply (RFC 5321 4.2). Throws Ended. */
export async function smtpReply(talk: Conversation, stage: string): Promise<Reply> {
  const lines = await talk.lines(stage, smtpEnd);
  const code = /^(\d{3})(?: |$)/.exec(lines.at(-1) ?? '')?.[1];
  if (code === undefined)
    throw new Ended({ kind: 'flood', stage, detail: `no reply of SMTP: ${(lines.at(-1) ?? '').slice(0, 60)}` });
  return { code, lines };
}

/** An address literal (RFC 5321 4.1.3): we are a client without a name, and say so. */
export function clientName({ socket }: Conversation): string {
  const address = socket.localAddress ?? '127.0.0.1';
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}
