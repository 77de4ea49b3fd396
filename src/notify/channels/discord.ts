import { type Doc, fitted, type Tone } from '../doc.ts';
import { DISCORD, writeMarkup } from '../render/markup.ts';
import type { Send } from './channel.ts';
import { postJson } from './http.ts';

/** Limits of an embed: title 256, description 4096 characters. */
const TITLE = 256;
const DESCRIPTION = 4096;

const COLOURS: Record<Tone, number> = { bad: 0xc62828, warn: 0xb26a00, good: 0x2e7d32, plain: 0x8a95a3 };

/** A webhook of a Discord channel. */
export const sendDiscord: Send<'discord'> = async ({ url }, { doc, tone }, sending) => {
  await postJson(url, discordMessage(doc, tone), sending);
  return null;
};

export function discordMessage(doc: Doc, tone: Tone) {
  const description = fitted(
    doc,
    (some) => writeMarkup(some, DISCORD),
    (text) => text.length <= DESCRIPTION,
  );
  return {
    embeds: [
      { title: doc.title.slice(0, TITLE), description: description.slice(0, DESCRIPTION), color: COLOURS[tone] },
    ],
    // Whatever a text says, nobody is called by it.
    allowed_mentions: { parse: [] },
  };
}
