import { type Doc, fitted } from '../doc.ts';
import { CHINESE_CHATS, writeMarkup } from '../render/markup.ts';
import { bytesOf, type Send } from './channel.ts';
import { mustBeZero, postJson } from './http.ts';

/** Bytes of the content (developer.work.weixin.qq.com/document/path/91770). */
const MOST = 4096;
/** -1: the system is busy; 45009: more than 20 messages a minute. */
const BUSY = [-1, 45009];

/** A robot of a WeCom group. */
export const sendWecom: Send<'wecom'> = async ({ url }, { doc }, sending) => {
  mustBeZero(await postJson(url, wecomMessage(doc), sending), 'errcode', BUSY, url);
  return null;
};

export function wecomMessage(doc: Doc) {
  const content = fitted(
    doc,
    (some) => writeMarkup(some, CHINESE_CHATS),
    (text) => bytesOf(text) <= MOST,
  );
  return { msgtype: 'markdown', markdown: { content } };
}
