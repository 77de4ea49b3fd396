import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  bytesOf,
  type Channel,
  type ChannelKind,
  DeliveryFailure,
  type Outgoing,
} from '../../src/notify/channels/channel.ts';
import { dingtalkMessage } from '../../src/notify/channels/dingtalk.ts';
import { discordMessage } from '../../src/notify/channels/discord.ts';
import { feishuMessage } from '../../src/notify/channels/feishu.ts';
import { send } from '../../src/notify/channels/send.ts';
import { slackMessage } from '../../src/notify/channels/slack.ts';
import { teamsMessage } from '../../src/notify/channels/teams.ts';
import { telegramText } from '../../src/notify/channels/telegram.ts';
import { wecomMessage } from '../../src/notify/channels/wecom.ts';
import type { Doc } from '../../src/notify/doc.ts';
import { startMailbox } from './mailbox.ts';
import { startReceiver } from './receiver.ts';

const now = new Date('2026-11-24T07:00:00Z');

/** What a list may say of a target: every markup that a channel knows. */
const HOSTILE =
  '</td><script>alert(1)</script> *b* _i_ ~s~ `c` [click](https://evil.example) ![x](https://evil.example/x.png) <!channel> <@123> <https://evil.example|bank> @everyone <font color="red"> **x** # h | t & "q" \\';

function docOf(entries = 1, text = HOSTILE): Doc {
  return {
    language: 'en',
    title: 'Listed: 192.0.2.7 on Example BL',
    summary: [['One listing is ', { bold: 'new' }, '.']],
    sections: [
      {
        title: 'New',
        tone: 'bad',
        entries: Array.from({ length: entries }, (_, at) => ({
          head: [{ bold: `192.0.2.${at}` }, ' on Example BL'],
          details: [[`The list says: ${text}`], ['Page: ', { link: `https://example.org/?ip=${at}` }]],
        })),
        rest: 0,
      },
    ],
    footer: [['From dnsblwatch.']],
  };
}

const outgoing: Outgoing = {
  id: 'alert-17',
  kind: 'alert',
  at: now,
  doc: docOf(),
  tone: 'bad',
  threads: ['incident-4'],
  data: { notices: [{ target: '192.0.2.7' }] },
};

const channel = (kind: ChannelKind): Channel => ({
  id: 'ops',
  language: 'en',
  timeZone: 'UTC',
  gets: ['alerts'],
  ...kind,
});

async function failureOf(sent: Promise<unknown>): Promise<DeliveryFailure> {
  const error = await sent.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DeliveryFailure);
  return error as DeliveryFailure;
}

describe('a webhook', () => {
  test('is signed as Standard Webhooks says, with the id that stays the same in every try', async () => {
    const { url, received } = await startReceiver();
    const secret = `whsec_${Buffer.from('a key of some length').toString('base64')}`;
    await send(channel({ type: 'webhook', url: `${url}/hook`, secret }), outgoing, { now });
    const [{ headers, body, json, path: at }] = received as [(typeof received)[0]];
    expect(at).toBe('/hook');
    expect(json).toMatchObject({
      type: 'alert',
      timestamp: '2026-11-24T07:00:00.000Z',
      data: { version: 1, id: 'alert-17' },
    });
    const signed = createHmac('sha256', 'a key of some length').update(`alert-17.1795503600.${body}`).digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': 'alert-17',
      'webhook-timestamp': '1795503600',
      'webhook-signature': `v1,${signed}`,
    });
  });

  test.each([
    [400, true],
    [401, true],
    [404, true],
    [410, true],
    [302, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])('that answers %i is a permanent failure: %s', async (status, permanent) => {
    const { url } = await startReceiver(() => ({
      status,
      headers: { location: 'http://127.0.0.1:1/', 'retry-after': '90' },
    }));
    const failure = await failureOf(send(channel({ type: 'webhook', url, secret: null }), outgoing, { now }));
    expect(failure).toMatchObject({ permanent, retryAfter: 90_000 });
    expect(failure.message).toMatch(`HTTP ${status}`);
  });

  test('that is not there is tried again, and its address is not told', async () => {
    const failure = await failureOf(
      send(channel({ type: 'webhook', url: 'http://127.0.0.1:9009/secret-token', secret: null }), outgoing, { now }),
    );
    expect(failure).toMatchObject({ permanent: false, message: 'not reached (ECONNREFUSED)' });
  });

  test('that repeats its own address in a refusal does not make it known', async () => {
    const { url } = await startReceiver(() => ({
      status: 404,
      body: 'no hook at /services/T0SECRET1/abcdefgh?key=topsecret',
    }));
    const failure = await failureOf(
      send(channel({ type: 'slack', url: `${url}/services/T0SECRET1/abcdefgh?key=topsecret` }), outgoing, { now }),
    );
    expect(failure.message).not.toMatch(/T0SECRET1|abcdefgh|topsecret/);
    expect(failure.message).toContain('HTTP 404: no hook at');
  });
});

describe('services that answer 200 for a failure', () => {
  test.each([
    ['dingtalk', '{"errcode":310000,"errmsg":"sign not match"}', true],
    ['dingtalk', '{"errcode":410100,"errmsg":"too fast"}', false],
    ['wecom', '{"errcode":93000,"errmsg":"invalid webhook url"}', true],
    ['wecom', '{"errcode":45009,"errmsg":"api freq out of limit"}', false],
    ['feishu', '{"code":19021,"msg":"sign match fail"}', true],
    ['feishu', '{"code":11232,"msg":"frequency limited"}', false],
    ['feishu', 'no JSON', false],
  ] as const)('%s: %s is permanent: %s', async (type, body, permanent) => {
    const { url } = await startReceiver(() => ({ body }));
    expect(await failureOf(send(channel({ type, url, secret: null }), outgoing, { now }))).toMatchObject({ permanent });
  });
});

test('DingTalk and Feishu are signed with their secret', async () => {
  const { url, received } = await startReceiver();
  await send(channel({ type: 'dingtalk', url: `${url}/robot/send?access_token=t`, secret: 'SEC1' }), outgoing, { now });
  await send(channel({ type: 'feishu', url: `${url}/hook/x`, secret: 'SEC2' }), outgoing, { now });
  const query = new URL(received[0]?.path ?? '', url).searchParams;
  const timestamp = String(now.getTime());
  expect(Object.fromEntries(query)).toEqual({
    access_token: 't',
    timestamp,
    sign: createHmac('sha256', 'SEC1').update(`${timestamp}\nSEC1`).digest('base64'),
  });
  expect(received[1]?.json).toMatchObject({
    timestamp: '1795503600',
    sign: createHmac('sha256', '1795503600\nSEC2').digest('base64'),
    msg_type: 'post',
  });
});

test('Telegram and ntfy get their message at the address of the service', async () => {
  const { url, received } = await startReceiver();
  await send(channel({ type: 'telegram', server: url, token: '12:ab', chat: '-100' }), outgoing, { now });
  await send(channel({ type: 'ntfy', url: `${url}/sub/my-topic`, token: 'tk_1' }), outgoing, { now });
  expect(received[0]).toMatchObject({ path: '/bot12:ab/sendMessage', json: { chat_id: '-100', parse_mode: 'HTML' } });
  expect(received[1]).toMatchObject({
    path: '/sub/',
    headers: { authorization: 'Bearer tk_1' },
    json: { topic: 'my-topic', title: 'Listed: 192.0.2.7 on Example BL', priority: 4 },
  });
});

test('a command gets the message as JSON, and its failure is tried again', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-command-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'got.json');
  await send(channel({ type: 'command', command: ['/bin/sh', '-c', 'cat > "$0"', file] }), outgoing, { now });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ type: 'alert', data: { id: 'alert-17' } });
  const failing = channel({ type: 'command', command: ['/bin/sh', '-c', 'echo no >&2; exit 4'] });
  expect(await failureOf(send(failing, outgoing, { now }))).toMatchObject({
    permanent: false,
    message: '/bin/sh: status 4: no',
  });
  const missing = channel({ type: 'command', command: ['/nonexistent/program'] });
  expect(await failureOf(send(missing, outgoing, { now }))).toMatchObject({ permanent: true });
});

describe('mail', () => {
  const mail = (port: number, more: Partial<Extract<ChannelKind, { type: 'email' }>> = {}) =>
    channel({
      ...{ type: 'email', to: ['ops@example.org', 'team@example.org'], from: 'dnsblwatch <watch@example.org>' },
      ...{ server: `smtp://127.0.0.1:${port}`, user: null, password: null },
      ...more,
    });

  test('has text and HTML, a List-Id, and the Message-ID of the message in every try', async () => {
    const mailbox = await startMailbox();
    await send(mail(mailbox.port), outgoing, { now });
    await send(mail(mailbox.port), outgoing, { now });
    expect(mailbox.mails).toHaveLength(2);
    for (const one of mailbox.mails) {
      expect(one).toContain('Message-ID: <alert-17.dnsblwatch@example.org>');
      expect(one).toMatch(/^List-Id: dnsblwatch <alerts.dnsblwatch.example.org>/im);
      expect(one).toContain('Auto-Submitted: auto-generated');
      expect(one).toContain('Content-Type: text/plain');
      expect(one).toContain('Content-Type: text/html');
    }
  });

  test('about one incident is one conversation, whatever else was said of it', async () => {
    const mailbox = await startMailbox();
    await send(mail(mailbox.port), outgoing, { now });
    await send(mail(mailbox.port), { ...outgoing, id: 'alert-18' }, { now });
    await send(mail(mailbox.port), { ...outgoing, id: 'alert-19', threads: ['incident-5'] }, { now });
    const parents = mailbox.mails.map((one) => /^In-Reply-To: (.*)$/im.exec(one)?.[1]);
    expect(parents[0]).toBeDefined();
    expect(parents[0]).toBe(parents[1]);
    expect(parents[2]).not.toBe(parents[0]);
  });

  test('to a server that is not there is tried again, with what went wrong', async () => {
    const failure = await failureOf(send(mail(9009), outgoing, { now }));
    expect(failure).toMatchObject({ permanent: false, message: 'not reached: connect ECONNREFUSED 127.0.0.1:9009' });
  });

  test.each([
    [550, true],
    [451, false],
  ])('refused with %i is permanent: %s', async (code, permanent) => {
    const mailbox = await startMailbox({ refuse: { code, text: 'no thanks' } });
    const failure = await failureOf(send(mail(mailbox.port), outgoing, { now }));
    expect(failure).toMatchObject({ permanent, message: `${code} no thanks` });
  });

  test('with a wrong password is tried again, for somebody will put it right; the password is not told', async () => {
    const mailbox = await startMailbox();
    const wrong = mail(mailbox.port, { user: 'watch', password: 'wrong-secret' });
    const failure = await failureOf(send(wrong, outgoing, { now }));
    expect(failure.permanent).toBe(false);
    expect(failure.message).toMatch(/^login refused/);
    expect(failure.message).not.toContain('wrong-secret');
    await send(mail(mailbox.port, { user: 'watch', password: 'right' }), outgoing, { now });
    expect(mailbox.mails).toHaveLength(1);
  });
});

describe('text of strangers', () => {
  test('is text in Slack, Teams and Feishu, whose messages hold it apart from markup', () => {
    for (const message of [slackMessage(docOf()), teamsMessage(docOf()), feishuMessage(docOf())]) {
      const texts: string[] = [];
      JSON.stringify(message, (key, value) => {
        if (value?.type === 'mrkdwn' || value?.type === 'TextBlock' || value?.tag === 'lark_md') texts.push('markup');
        if (key === 'text' && typeof value === 'string') texts.push(value);
        return value;
      });
      expect(texts).not.toContain('markup');
      expect(texts).toContain(`The list says: ${HOSTILE}`);
    }
  });

  test('is no markup in Telegram', () => {
    const text = telegramText(docOf());
    expect(text.match(/<[^>]*>/g)?.every((tag) => /^<\/?b>$/.test(tag))).toBe(true);
  });

  test('is no markup in Discord, and nobody is called by it', () => {
    const { embeds, allowed_mentions } = discordMessage(docOf(), 'bad');
    expect(allowed_mentions).toEqual({ parse: [] });
    const said = /The list says: (.*)/.exec(embeds[0]?.description ?? '')?.[1] ?? '';
    expect(said.replace(/\\[\\`*_{}[\]<>()#|!~&]/g, '')).not.toMatch(/[\\`*_{}[\]<>()#|!~&]/);
  });

  test('has no marks of Markdown in DingTalk and WeCom', () => {
    for (const text of [dingtalkMessage(docOf()).markdown.text, wecomMessage(docOf()).markdown.content]) {
      const said = /The list says: (.*)/.exec(text)?.[1] ?? '';
      expect(said).not.toMatch(/[[\]()<>*`#~|!\\]/);
    }
  });
});

describe('a message about very many', () => {
  const doc = docOf(5000, 'x'.repeat(300));
  test.each([
    ['Slack', () => JSON.stringify(slackMessage(doc).blocks).length, 12_000],
    ['Discord', () => discordMessage(doc, 'bad').embeds[0]?.description.length ?? 0, 4096],
    ['Teams', () => bytesOf(JSON.stringify(teamsMessage(doc))), 20_000],
    ['Telegram', () => telegramText(doc).length, 4096],
    ['DingTalk', () => bytesOf(JSON.stringify(dingtalkMessage(doc))), 20_000],
    ['WeCom', () => bytesOf(wecomMessage(doc).markdown.content), 4096],
    ['Feishu', () => bytesOf(JSON.stringify(feishuMessage(doc))), 18_000],
  ])('fits into %s, and says how many it leaves out', (_service, size, most) => {
    expect(size()).toBeLessThanOrEqual(most);
    expect(size()).toBeGreaterThan(most / 2);
  });

  test('says how many it leaves out', () => {
    expect(telegramText(doc)).toMatch(/and 4,9\d\d more/);
  });
});
