import { type Doc, fitted } from '../doc.ts';
import { TELEGRAM, writeMarkup } from '../render/markup.ts';
import { DeliveryFailure, type Send } from './channel.ts';
import { postJson, said } from './http.ts';

/** Characters of a message (core.telegram.org/bots/api#sendmessage), counted here with its markup. */
const MOST = 4096;

export const sendTelegram: Send<'telegram'> = async ({ server, token, chat }, { doc }, sending) => {
  const url = `${server.replace(/\/$/, '')}/bot${token}/sendMessage`;
  const answer = await postJson(
    url,
    { chat_id: chat, text: telegramText(doc), parse_mode: 'HTML', link_preview_options: { is_disabled: true } },
    sending,
  );
  if (answer.json.ok !== true) throw new DeliveryFailure(`not taken${said(answer.text, url)}`, { permanent: true });
  return null;
};

export function telegramText(doc: Doc): string {
  return fitted(
    doc,
    (some) => writeMarkup(some, TELEGRAM),
    (text) => text.length <= MOST,
  );
}
