import { afterEach, describe, expect, test } from 'vitest';
import { probeRelay } from '../../src/posture/mail/relay-probe.ts';
import { isOutside, judgeRelay } from '../../src/posture/relay.ts';
import { type MailLab, startMail } from './mail/server.ts';

const started: MailLab[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

async function relay(rcpt: string | null, outside = true) {
  const lab = await startMail(rcpt === null ? { greeting: null } : { rcpt });
  started.push(lab);
  const options = { port: lab.port, deadline: 500, patience: 500, signal: new AbortController().signal };
  const look = await probeRelay('127.0.0.1', 'somebody@example.com', options);
  return { finding: judgeRelay(look, outside), commands: lab.commands };
}

describe('open relay', () => {
  test('2xx: would take it; stopped after RCPT, never DATA', async () => {
    const { finding, commands } = await relay('250 2.1.5 Ok');
    expect(`${finding.outcome} ${finding.severity}`).toBe('fail critical');
    expect(commands.slice(0, 3)).toEqual([
      'EHLO [127.0.0.1]',
      'MAIL FROM:<relay-test@example.net>',
      'RCPT TO:<somebody@example.com>',
    ]);
    expect(commands.join()).not.toContain('DATA');
  });
  test.each([
    ['554 5.7.1 Relay access denied', 'pass'],
    ['450 4.7.1 try later', 'unknown'],
    [null, 'unknown'],
  ] as const)('%s: %s', async (rcpt, outcome) => expect((await relay(rcpt)).finding.outcome).toBe(outcome));
  test('asked from an address that the server may trust: unknown, whatever it says', async () => {
    for (const reply of ['250 Ok', '554 no']) expect((await relay(reply, false)).finding.outcome).toBe('unknown');
  });
  test.each([
    ['203.0.114.9', '198.41.0.4', true],
    ['198.41.0.9', '198.41.0.4', false],
    ['198.41.0.4', '198.41.0.4', false],
    ['127.0.0.1', '198.41.0.4', false],
    ['10.0.0.9', '198.41.0.4', false],
    ['2606:4700::1', '2606:4700::2', false],
    ['2606:4700:1::1', '2606:4700:2::2', true],
  ])('%s is outside the network of %s: %s', (from, server, outside) => expect(isOutside(from, server)).toBe(outside));
});
