import { createHmac } from 'node:crypto';
import { type Doc, fitted } from '../doc.ts';
import { CHINESE_CHATS, writeMarkup } from '../render/markup.ts';
import { bytesOf, type Send } from './channel.ts';
import { mustBeZero, postJson } from './http.ts';

/** Bytes of a request. */
const MOST = 20_000;
/** -1: the system is busy; 410100 and 130101: more than 20 messages a minute. */
const BUSY = [-1, 410100, 130101];

/** A custom robot; with a secret the request is signed (安全设置, 加签). */
export const sendDingtalk: Send<'dingtalk'> = async ({ url, secret }, { doc }, sending) => {
  const signed = new URL(url);
  if (secret !== null) {
    const timestamp = String(sending.now.getTime());
    signed.searchParams.set('timestamp', timestamp);
    signed.searchParams.set('sign', createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'));
  }
  mustBeZero(await postJson(signed.href, dingtalkMessage(doc), sending), 'errcode', BUSY, url);
  return null;
};

export function dingtalkMessage(doc: Doc) {
  return fitted(
    doc,
    (some) => ({ msgtype: 'markdown', markdown: { title: some.title, text: writeMarkup(some, CHINESE_CHATS) } }),
    (message) => bytesOf(JSON.stringify(message)) <= MOST,
  );
}
