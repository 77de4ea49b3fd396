import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { onTestFinished } from 'vitest';

export type Mailbox = {
  port: number;
  /** Whole messages as they came. */
  mails: string[];
  stop(): Promise<void>;
  start(): Promise<void>;
};

/** An SMTP server on loopback that can be stopped and started on the same port. `refuse`: the answer to every message. */
export async function startMailbox(options: { refuse?: { code: number; text: string } } = {}): Promise<Mailbox> {
  const mails: string[] = [];
  let server: SMTPServer | null = null;
  const mailbox: Mailbox = {
    port: 0,
    mails,
    start: () =>
      new Promise((resolve, reject) => {
        server = new SMTPServer({
          authOptional: true,
          disabledCommands: ['STARTTLS'],
          allowInsecureAuth: true,
          onAuth: ({ password }, _session, done) =>
            password === 'right' ? done(null, { user: 'x' }) : done(new Error('Invalid login')),
          onData(stream, _session, done) {
            const parts: Buffer[] = [];
            stream.on('data', (part: Buffer) => parts.push(part));
            stream.on('end', () => {
              if (options.refuse !== undefined)
                return done(Object.assign(new Error(options.refuse.text), { responseCode: options.refuse.code }));
              mails.push(Buffer.concat(parts).toString('utf8'));
              done();
            });
          },
        });
        server.on('error', reject);
        server.listen(mailbox.port, '127.0.0.1', () => {
          const address = server?.server.address() as AddressInfo | null | undefined;
          mailbox.port = address?.port ?? 0;
          resolve();
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        if (server === null) return resolve();
        server.close(() => resolve());
        server = null;
      }),
  };
  await mailbox.start();
  onTestFinished(() => mailbox.stop());
  return mailbox;
}
