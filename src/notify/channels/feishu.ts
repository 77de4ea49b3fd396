import { createHmac } from 'node:crypto';
import { type Doc, fitted, hrefOf, type Piece, restOf, textOf } from '../doc.ts';
import { bytesOf, type Send } from './channel.ts';
import { mustBeZero, postJson } from './http.ts';

/** Bytes of a request; the limit is 20 KB. */
const MOST = 18_000;
/** More than 100 messages a minute or 5 a second; an internal error. */
const BUSY = [9499, 11232, 2200];

/** A custom robot of Feishu or Lark. A `post` holds texts as they are: no markup in them. */
export const sendFeishu: Send<'feishu'> = async ({ url, secret }, { doc }, sending) => {
  const timestamp = String(Math.floor(sending.now.getTime() / 1000));
  const signed =
    secret === null
      ? {}
      : { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64') };
  mustBeZero(await postJson(url, { ...signed, ...feishuMessage(doc) }, sending), 'code', BUSY, url);
  return null;
};

export function feishuMessage(doc: Doc) {
  return fitted(doc, messageOf, (message) => bytesOf(JSON.stringify(message)) <= MOST);
}

function messageOf(doc: Doc) {
  const lines: Piece[][] = [
    ...doc.summary,
    ...doc.sections.flatMap((section): Piece[][] => {
      const rest = restOf(section, doc.language);
      return [
        [`【${section.title}】`],
        ...section.entries.flatMap(({ head, details }) => [
          ['• ', ...head],
          ...details.map((detail): Piece[] => ['   ', ...detail]),
        ]),
        ...(rest === null ? [] : [[rest]]),
      ];
    }),
    ...doc.footer,
  ];
  // The key of the content is a language of Feishu's clients, and they take either.
  const language = doc.language === 'zh-CN' ? 'zh_cn' : 'en_us';
  return {
    msg_type: 'post',
    content: { post: { [language]: { title: doc.title, content: lines.map((line) => line.map(element)) } } },
  };
}

function element(piece: Piece) {
  const href = typeof piece !== 'string' && 'link' in piece ? hrefOf(piece.link) : null;
  return href === null ? { tag: 'text', text: textOf(piece) } : { tag: 'a', text: textOf(piece), href };
}
