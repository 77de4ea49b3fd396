import { fitted, type Tone } from '../doc.ts';
import { TEXT, writeMarkup } from '../render/markup.ts';
import { bytesOf, type Send } from './channel.ts';
import { postJson } from './http.ts';

/** Bytes of a message; a longer one becomes an attachment (docs.ntfy.sh/publish). */
const MOST = 4096;

const PRIORITIES: Record<Tone, number> = { bad: 4, warn: 3, good: 3, plain: 2 };
/** Names of emoji. */
const TAGS: Record<Tone, string[]> = {
  bad: ['rotating_light'],
  warn: ['warning'],
  good: ['white_check_mark'],
  plain: [],
};

/** `url` is that of the topic; JSON goes to its server. */
export const sendNtfy: Send<'ntfy'> = async ({ url, token }, { doc, tone }, sending) => {
  const topicUrl = new URL(url);
  const path = topicUrl.pathname.replace(/\/$/, '').split('/');
  const topic = decodeURIComponent(path.pop() ?? '');
  topicUrl.pathname = `${path.join('/')}/`;
  const message = fitted(
    { ...doc, title: '' },
    (some) => writeMarkup(some, TEXT),
    (text) => bytesOf(text) <= MOST,
  );
  await postJson(
    topicUrl.href,
    { topic, title: doc.title, message, priority: PRIORITIES[tone], tags: TAGS[tone] },
    sending,
    token === null ? {} : { authorization: `Bearer ${token}` },
  );
  return null;
};
