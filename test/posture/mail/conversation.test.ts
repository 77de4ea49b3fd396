import type net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Conversation } from '../../../src/posture/mail/conversation.ts';
import { startTls } from '../../../src/posture/mail/tls.ts';
import { type MailLab, type Script, startMail } from './server.ts';

const started: MailLab[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

async function opening(script: Script) {
  const lab = await startMail(script);
  started.push(lab);
  const controller = new AbortController();
  const limits = { deadline: 30_000, patience: 30_000, signal: controller.signal };
  return {
    abort: () => controller.abort(new Error('enough')),
    open: () => Conversation.open({ address: '127.0.0.1', port: lab.port }, limits),
  };
}

test('an abort ends the wait for a connection', async () => {
  const { open, abort } = await opening({});
  const opened = open();
  abort();
  await expect(opened).rejects.toThrow('enough');
});
test('an abort before it connects to nobody', async () => {
  const { open, abort } = await opening({});
  abort();
  await expect(open()).rejects.toThrow('enough');
});
test('an abort ends the wait for a line', async () => {
  const { open, abort } = await opening({ greeting: null });
  const line = (await open()).line('greeting');
  abort();
  await expect(line).rejects.toThrow('enough');
});
test('an abort ends the wait for a TLS session', async () => {
  const { open, abort } = await opening({ raw: (socket: net.Socket) => void socket.resume() });
  const session = startTls(await open(), { name: null, ca: [] });
  abort();
  await expect(session).rejects.toThrow('enough');
});
