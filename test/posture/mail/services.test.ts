import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ProbeOptions, probeService } from '../../../src/posture/mail/probe.ts';
import { SERVICES, type Service } from '../../../src/posture/mail/service.ts';
import { judgeAuth } from '../../../src/posture/ports.ts';
import { judgeService } from '../../../src/posture/tls.ts';
import { type Certificates, type Identity, makeCertificates } from './certificates.ts';
import { type MailLab, type Script, startMail } from './server.ts';

const NAME = 'mail.example.org';
let certificates: Certificates;
const made: Record<string, Identity> = {};
const started: MailLab[] = [];
beforeAll(() => {
  certificates = makeCertificates();
  made.good = certificates.good(NAME);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});
afterAll(() => certificates.remove());

const service = (port: number): Service => {
  const found = SERVICES.find((one) => one.port === port);
  if (found === undefined) throw new Error(`no service on ${port}`);
  return found;
};
const context = ({ chain, key }: Identity, more: object = {}) =>
  ({ cert: chain, key, minVersion: 'TLSv1.2', ...more }) as const;

async function look(port: number, script: Script, more: Partial<ProbeOptions> = {}) {
  const lab = await startMail(script);
  started.push(lab);
  const options = { name: NAME, port: lab.port, ca: [certificates.ca], deadline: 1000, patience: 1000, recipients: [] };
  return probeService(service(port), '127.0.0.1', { ...options, signal: new AbortController().signal, ...more });
}
/** `check outcome severity` of all that is said of a service. */
async function judged(port: number, script: Script, more: Partial<ProbeOptions> = {}): Promise<string[]> {
  const seen = await look(port, script, more);
  const auth = judgeAuth(seen);
  return [...judgeService(seen, new Date()), ...(auth === null ? [] : [auth])].map(
    ({ check, outcome, severity }) => `${check} ${outcome} ${severity}`,
  );
}
const smtp = (identity: Identity | undefined, more: Partial<Script> = {}): Script => ({
  before: ['STARTTLS', 'SIZE 1000'],
  after: ['AUTH PLAIN'],
  ...(identity === undefined ? {} : { tls: context(identity) }),
  ...more,
});
const GOOD_587 = [
  'tls.starttls pass high',
  'tls.cert pass high',
  'tls.key pass medium',
  'tls.version pass medium',
  'auth.plain pass high',
];

describe('TLS of a server', () => {
  test('in order', async () => {
    expect(await judged(587, smtp(made.good))).toEqual(GOOD_587);
  });
  test.each<[string, (make: Certificates) => Identity, RegExp]>([
    ['expired', (make) => make.expired(NAME), /^it expired on/],
    ['self-signed', (make) => make.selfSigned(NAME), /self-signed/],
    [
      'for another name',
      (make) => make.good('other.example.org'),
      /it is for other\.example\.org, not for mail\.example\.org/,
    ],
    ['without its intermediate', (make) => make.incomplete(NAME), /intermediate/],
  ])('a certificate that is %s: fails on 465 and 587, informs on 25', async (_rule, make, why) => {
    const identity = make(certificates);
    for (const [port, script] of [
      [465, { implicit: true, tls: context(identity) }],
      [587, smtp(identity)],
      [25, smtp(identity)],
    ] as const) {
      const found = judgeService(await look(port, script), new Date()).find(({ check }) => check === 'tls.cert');
      expect([`${found?.outcome} ${found?.severity}`, found?.why]).toEqual([
        port === 25 ? 'warn info' : 'fail high',
        expect.stringMatching(why),
      ]);
    }
  });
  test('a certificate that ends within 14 days is a warning in time', async () => {
    expect(await judged(465, { implicit: true, tls: context(certificates.ending(NAME, 5)) })).toContain(
      'tls.cert warn high',
    );
  });
  test('a short key, a SHA-1 signature', async () => {
    const weak = { ciphers: 'DEFAULT:@SECLEVEL=0' };
    expect(await judged(465, { implicit: true, tls: context(certificates.weakKey(NAME), weak) })).toContain(
      'tls.key fail medium',
    );
    expect(await judged(465, { implicit: true, tls: context(certificates.sha1(NAME), weak) })).toContain(
      'tls.key fail medium',
    );
  });
  test('nothing newer than TLS 1.0', async () => {
    const old = {
      ...context(made.good as Identity),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1',
      ciphers: 'DEFAULT:@SECLEVEL=0',
    } as const;
    expect(await judged(587, smtp(made.good, { tls: old }))).toContain('tls.version fail high');
  });
  test.each([
    [465, 'fail high'],
    [587, 'fail medium'],
    [25, 'fail low'],
  ] as const)('TLS 1.1 beside newer ones on %d: %s', async (port, outcome) => {
    const tls = { ...context(made.good as Identity), minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    expect(await judged(port, smtp(made.good, { tls, implicit: port === 465 }))).toContain(`tls.version ${outcome}`);
  });
  test.each<[string, Partial<Script>, string, RegExp]>([
    ['is not offered', { before: ['SIZE 1000'] }, 'fail high', /not offered/],
    [
      'is offered and answered 454',
      { starttls: '454 4.7.0 TLS not available due to local problem' },
      'fail high',
      /454/,
    ],
    ['is offered and never answered', { starttls: null }, 'unknown high', /STARTTLS: no reply within 1 s/],
    ['ends in no handshake', { tls: undefined as never }, 'unknown high', /TLS: no TLS session within 1 s/],
  ])('STARTTLS that %s', async (_rule, more, outcome, why) => {
    const script = smtp(made.good, more);
    if ('tls' in more) delete script.tls;
    const found = judgeService(await look(25, script), new Date()).find(({ check }) => check === 'tls.starttls');
    expect([`${found?.outcome} ${found?.severity}`, found?.why]).toEqual([outcome, expect.stringMatching(why)]);
  });
});

describe('log-ins before TLS', () => {
  test.each<[string, number, Script, string]>([
    ['AUTH PLAIN', 587, { before: ['STARTTLS', 'AUTH PLAIN LOGIN'] }, 'fail high'],
    ['AUTH=LOGIN of old servers', 25, { before: ['AUTH=LOGIN'] }, 'fail high'],
    ['AUTH CRAM-MD5 alone', 587, { before: ['STARTTLS', 'AUTH CRAM-MD5'] }, 'pass high'],
    ['none', 587, { before: ['STARTTLS'] }, 'pass high'],
    ['IMAP LOGIN', 143, { speaks: 'imap', before: ['STARTTLS'] }, 'fail high'],
    ['IMAP with LOGINDISABLED', 143, { speaks: 'imap', before: ['STARTTLS', 'LOGINDISABLED'] }, 'pass high'],
    [
      'IMAP with AUTH=PLAIN all the same',
      143,
      { speaks: 'imap', before: ['STARTTLS', 'LOGINDISABLED', 'AUTH=PLAIN'] },
      'fail high',
    ],
    ['POP3 USER', 110, { speaks: 'pop3', before: ['STLS', 'USER'] }, 'fail high'],
    ['POP3 without', 110, { speaks: 'pop3', before: ['STLS', 'UIDL'] }, 'pass high'],
  ])('%s', async (_rule, port, script, outcome) =>
    expect(await judged(port, { starttls: null, ...script }, { patience: 300 })).toContain(`auth.plain ${outcome}`),
  );

  test('IMAP and POP3 over TLS, both ways', async () => {
    const tls = context(made.good as Identity);
    const services: [number, Script][] = [
      [143, { speaks: 'imap', before: ['STARTTLS', 'LOGINDISABLED'], tls }],
      [993, { speaks: 'imap', implicit: true, tls }],
      [110, { speaks: 'pop3', before: ['STLS'], tls }],
      [995, { speaks: 'pop3', implicit: true, tls }],
    ];
    // One after the other: both ends are in this process, and each has but a second.
    for (const [port, script] of services) expect(await judged(port, script)).toContain('tls.cert pass high');
  });
});

describe('servers that hang, flood and lie: unknown, in time', () => {
  const endless = (text: string) => (socket: import('node:net').Socket) => {
    const write = (): void =>
      void (socket.destroyed || (socket.write(text) ? setImmediate(write) : socket.once('drain', write)));
    write();
  };
  test.each<[string, Script, RegExp]>([
    ['says nothing', { greeting: null }, /greeting: no reply within 1 s/],
    ['closes at once', { raw: (socket) => socket.end() }, /greeting: the server closed/],
    ['sends a line without end', { raw: endless('x'.repeat(1000)) }, /greeting: (a line|over)/],
    ['never ends its greeting', { raw: endless('220-more\r\n') }, /greeting: over/],
    ['speaks another protocol', { greeting: 'SSH-2.0-OpenSSH_9.2' }, /greeting: no reply of SMTP/],
    [
      'sends one byte at a time',
      { raw: (socket) => void setInterval(() => socket.destroyed || socket.write('2'), 50).unref() },
      /greeting: no reply/,
    ],
    ['control characters and no code', { greeting: '\u001b[2J\u0000\u0007' }, /greeting: no reply of SMTP/],
  ])('%s', async (_rule, script, why) => {
    const before = performance.now();
    const [found] = judgeService(await look(25, script), new Date());
    expect([found?.outcome, found?.why]).toEqual(['unknown', expect.stringMatching(why)]);
    expect(performance.now() - before).toBeLessThan(15_000);
  });
  const STAGES = ['greeting', 'EHLO', 'STARTTLS', 'TLS', 'EHLO within TLS', 'MAIL', 'RCPT', 'RSET'];
  test.each(STAGES)('hangs at %s: ends there, and says so', async (stage) => {
    const [command = '', within] = stage.split(' ');
    const script: Script = {
      before: ['STARTTLS'],
      silent: (given, secure) => given === command && (command !== 'EHLO' || secure === (within !== undefined)),
      ...(stage === 'greeting' ? { greeting: null } : {}),
      ...(stage === 'TLS' ? {} : { tls: context(made.good as Identity) }),
    };
    const before = performance.now();
    const seen = await look(25, script, { patience: 1000, recipients: ['postmaster@example.org'] });
    expect([seen.end?.kind, seen.end?.stage]).toEqual(['timeout', command]);
    // Such a server never ends by itself; a loaded machine was seen to add five seconds to the one of patience.
    expect(performance.now() - before).toBeLessThan(15_000);
  });
  test('a server that is just in time with each line is given up all the same', async () => {
    const slow = (socket: import('node:net').Socket): void => {
      const timer = setInterval(() => socket.destroyed || socket.write('220-wait\r\n'), 80);
      socket.on('close', () => clearInterval(timer));
    };
    const before = performance.now();
    const seen = await look(25, { raw: slow }, { patience: 200 });
    expect([seen.end?.kind, seen.end?.stage]).toEqual(['timeout', 'greeting']);
    expect(performance.now() - before).toBeLessThan(1500);
  });
  test('a slow greeting of several lines is no fault', async () => {
    expect(
      await judged(25, smtp(made.good, { wait: 700, greeting: '220-wait for it\r\n220 mail.example.org ESMTP' })),
    ).toContain('tls.starttls pass high');
  });
  test('a closed port says nothing', async () => {
    const lab = await startMail({});
    await lab.close();
    expect(await judged(465, {}, { port: lab.port })).toEqual([]);
  });
});

test('recipients are tried up to RCPT, never DATA, and taken back', async () => {
  const lab = await startMail({
    before: [],
    rcpt: (recipient) => (recipient.startsWith('abuse') ? '550 5.1.1 unknown user' : '250 ok'),
  });
  started.push(lab);
  const options = {
    name: null,
    port: lab.port,
    ca: [],
    deadline: 1000,
    patience: 1000,
    signal: new AbortController().signal,
  };
  const seen = await probeService(service(25), '127.0.0.1', {
    ...options,
    recipients: ['postmaster@example.org', 'abuse@example.org'],
  });
  expect(seen.recipients.map(({ recipient, reply }) => `${recipient} ${reply.code}`)).toEqual([
    'postmaster@example.org 250',
    'abuse@example.org 550',
  ]);
  expect(lab.commands).toEqual([
    'EHLO [127.0.0.1]',
    'MAIL FROM:<>',
    'RCPT TO:<postmaster@example.org>',
    'RCPT TO:<abuse@example.org>',
    'RSET',
  ]);
});
