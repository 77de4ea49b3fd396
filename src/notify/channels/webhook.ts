import { createHmac } from 'node:crypto';
import type { Outgoing, Send } from './channel.ts';
import { postJson } from './http.ts';

/** What webhooks and commands get: type, time and data, as Standard Webhooks recommends. */
export function bodyOf({ kind, at, id, doc, data }: Outgoing): string {
  return JSON.stringify({
    type: kind,
    timestamp: at.toISOString(),
    data: { version: 1, id, title: doc.title, ...data },
  });
}

/**
 * Signed as Standard Webhooks (standardwebhooks.com, version 1.0) says: HMAC-SHA256 of `id.timestamp.body`. The id is the
 * same in every try: the receiver drops what it has seen.
 */
export const sendWebhook: Send<'webhook'> = async ({ url, secret }, outgoing, sending) => {
  const body = bodyOf(outgoing);
  const timestamp = Math.floor(sending.now.getTime() / 1000);
  const headers: Record<string, string> = {
    'webhook-id': outgoing.id,
    'webhook-timestamp': String(timestamp),
    ...(secret === null ? {} : { 'webhook-signature': signature(secret, outgoing.id, timestamp, body) }),
  };
  await postJson(url, body, sending, headers);
  return null;
};

/** `whsec_` and base64, or the plain bytes of any other text. */
function signature(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
