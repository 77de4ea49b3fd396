import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildCatalogue } from '../../src/catalogue/load.ts';
import { explainReply } from '../../src/explain/reply.ts';
import { command, temporaryHome } from '../cli/world.ts';

const catalogue = buildCatalogue([], {});
const explain = (text: string) => explainReply(text, catalogue);

describe('codes that name what is missing', () => {
  test.each([
    ['421-4.7.23 [192.0.2.1] The sending IP address does not have a PTR record - gsmtp', 'ptr', 'ptr.fcrdns'],
    ['550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record', 'ptr', 'ptr.fcrdns'],
    ['550-5.7.27 This message does not have authentication information - gsmtp', 'auth', 'spf.pass'],
    ['421 4.7.27 Your email has been rate limited because SPF', 'auth', 'spf.pass'],
    ['550 5.7.29 This mail has been rejected because it was not sent over a TLS connection', 'tls', 'tls.outbound'],
    ['550 5.7.30 This mail is unauthenticated - gsmtp', 'auth', 'dkim.key'],
    ['421 4.7.31 gsmtp', 'auth', 'dmarc.record'],
    ['421 4.7.32 This mail has been rate limited because From: header is not aligned', 'auth', 'dmarc.align'],
    [
      '550 5.7.515 Access denied, sending domain EXAMPLE.ORG does not meet the required authentication level',
      'auth',
      'dkim.key',
    ],
    ['550 5.7.23 The message was rejected because of Sender Policy Framework violation', 'auth', 'spf.pass'],
  ])('%s', (text, cause, check) => {
    const found = explain(text);
    expect([found.cause, found.checks]).toEqual([cause, expect.arrayContaining([check])]);
  });
});

describe('lists and providers that a reply quotes', () => {
  test.each<[string, string, string | null]>([
    ['554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org', 'spamhaus-zen', null],
    ['554 blocked using pbl.spamhaus.org', 'spamhaus-pbl', null],
    ['550 192.0.2.25 is blacklisted using SPAMHAUS-XBL', 'spamhaus-xbl', null],
    [
      '550 5.7.1 Service unavailable, Client host [192.0.2.25] blocked using Spamhaus. (AS16012611)',
      'spamhaus-zen',
      'microsoft-365',
    ],
    ['553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.25', 'spamhaus-zen', 'yahoo'],
    [
      '554 Service unavailable; Client host [x] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.25',
      'barracuda-brbl',
      null,
    ],
    ['554 host secureserver.net CMGW IB106. Connection refused.', 'spamhaus-pbl', 'godaddy'],
    ['554 AUP#IPBL0001', 'spamhaus-zen', 'cox'],
  ])('%s', (text, list, provider) => {
    const found = explain(text);
    expect([found.cause, found.lists.map(({ id }) => id), found.provider?.id ?? null]).toEqual([
      'ip-listed',
      [list],
      provider,
    ]);
  });

  test('a dead list is said to be dead', () =>
    expect(explain('550 Rejected 192.0.2.25 found in dnsbl.sorbs.net').lists[0]).toMatchObject({
      id: 'sorbs',
      retired: true,
    }));
  test('a refused resolver is no listing', () =>
    expect(
      explain(
        '554 5.7.1 Client host [192.0.2.25] blocked using zen.spamhaus.org; Error: open resolver; https://check.spamhaus.org/returnc/pub/x',
      ).cause,
    ).toBe('resolver-error'));
  test('a domain list is about a domain', () =>
    expect(explain('554 Sender address [a@example.com] blocked using dbl.spamhaus.org').cause).toBe('domain-listed'));
  test('what one’s own server refuses is not about oneself', () =>
    expect(
      explain('postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 blocked using zen.spamhaus.org')
        .direction,
    ).toBe('inbound'));
  test('the address is the sender’s, not that of the host that answers', () =>
    expect(explain('host mx.example.net[198.51.100.1] said: 550 5.7.1 Fix reverse DNS for 192.0.2.25').address).toBe(
      '192.0.2.25',
    ));
  test('success is no refusal', () => expect(explain('250 2.0.0 OK - gsmtp').cause).toBe('delivered'));
  test('hostile text is read in time', () => {
    const started = performance.now();
    for (const text of [
      'a.'.repeat(50_000),
      '5.7.1 '.repeat(20_000),
      `550 ${'['.repeat(100_000)}`,
      'reverse '.repeat(20_000),
      '1:'.repeat(50_000),
    ])
      explain(text);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

const SAMPLES = fileURLToPath(new URL('../../../shared/rejections/samples.jsonl', import.meta.url));
const there = existsSync(SAMPLES);
type Sample = { text: string; cause: string; direction: string; list_id: string; code: string };
const samples = (): Sample[] =>
  readFileSync(SAMPLES, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.skipIf(!there)(there ? 'real rejections' : `real rejections: not run, no samples at ${SAMPLES}`, () => {
  const REPUTATION =
    /^(?:ip-|domain-|ptr$|auth$|resolver-error$|greylist$|geo$|recipient-rate$|conn-rate$|sender-ratelimit$)/;
  /** Labels that we do not follow, by what begins the text. */
  const WRONG_LABEL = [
    // Access denied and a token: nothing says that it is about a list.
    '550 Access denied...7d39',
    // Rate-limited for unsolicited mail; the same text is labelled ip-reputation elsewhere.
    '421-4.7.0 [1.2.3.4 15]',
    // Refused for DMARC, and labelled other.
    'Message rejected due to DMARC',
    'DMARC Sender Invalid',
    // Put off for volume, and labelled content.
    'deferred due to excessive volume',
  ];
  const labelled = (text: string): boolean => !WRONG_LABEL.some((part) => text.includes(part));
  const outbound = () => samples().filter(({ direction, text }) => direction === 'outbound' && labelled(text));

  test('every refusal of reputation or set-up is told', () => {
    const wrong = outbound()
      .filter(({ cause }) => REPUTATION.test(cause))
      .filter(({ text, cause }) => explain(text).cause !== cause.replace('?', ''))
      .map(({ text, cause }) => `${cause}: ${text.slice(0, 120)}`);
    expect(wrong).toEqual([]);
  });
  test('no other refusal is taken for one', () => {
    const wrong = outbound()
      .filter(({ cause }) => !REPUTATION.test(cause))
      .filter(({ text }) => REPUTATION.test(explain(text).cause))
      .map(({ text, cause }) => `${cause}: ${text.slice(0, 120)}`);
    expect(wrong).toEqual([]);
  });
  test('the list that is quoted is named', () => {
    const unnamed = ['', 'unnamed-rbl', 'unnamed-domain-list', 'cisco-talos'];
    const without = outbound().filter(
      ({ list_id, text }) => !unnamed.includes(list_id) && explain(text).lists.length === 0,
    );
    expect(without.map(({ text }) => text.slice(0, 120))).toEqual([]);
  });
});

describe('the command', () => {
  const { home, remove } = temporaryHome();
  test('says what to do, and where', async () => {
    const { out, status } = await command(
      ['explain', '550 5.7.1 Client host [192.0.2.25] blocked using zen.spamhaus.org'],
      { env: { HOME: home } },
    );
    expect(status).toBe(0);
    expect(out).toContain('Means:     the sending address is on a block list (ip-listed)');
    expect(out).toContain('Reply:     550 5.7.1, final: the message was not delivered');
    expect(out).toMatch(/List: {6}.*\(spamhaus-zen\)/);
    expect(out).toContain('Do:        dnsblwatch delist 192.0.2.25');
    remove();
  });
});
