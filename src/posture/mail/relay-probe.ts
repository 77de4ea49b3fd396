import { converse, type End, type Patience } from './conversation.ts';
import type { Reply } from './service.ts';
import { clientName, smtpReply } from './smtp.ts';

/** Whether a server would take mail from a stranger to a stranger: tried up to RCPT, never DATA. */
export type RelayLook = {
  address: string;
  /** Our own address; a server may trust it. null: no connection. */
  from: string | null;
  recipient: string;
  /** To RCPT, or to what was refused before it. */
  reply: Reply | null;
  end: End | null;
};

const SENDER = 'relay-test@example.net';

export async function probeRelay(
  address: string,
  recipient: string,
  options: Patience & { port: number },
): Promise<RelayLook> {
  const look: RelayLook = { address, from: null, recipient, reply: null, end: null };
  look.end = await converse({ address, port: options.port }, options, async (talk) => {
    look.from = talk.socket.localAddress ?? null;
    for (const [command, stage] of [
      [null, 'greeting'],
      [`EHLO ${clientName(talk)}`, 'EHLO'],
      [`MAIL FROM:<${SENDER}>`, 'MAIL'],
      [`RCPT TO:<${recipient}>`, 'RCPT'],
    ] as const) {
      if (command !== null) talk.send(command);
      const reply = await smtpReply(talk, stage);
      if (stage === 'RCPT' || !reply.code.startsWith('2')) {
        look.reply = reply;
        break;
      }
    }
    talk.send('RSET');
    talk.send('QUIT');
  });
  return look;
}
