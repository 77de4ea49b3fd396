import { type Doc, type Entry, fitted, hrefOf, type Piece, restOf } from '../doc.ts';
import type { Send } from './channel.ts';
import { postJson } from './http.ts';

/** Slack refuses messages whose blocks are longer than about 13,200 characters (slackapi/bolt-js#2509), and 50 blocks. */
const MOST = 12_000;

/** An incoming webhook. Rich text blocks hold texts as they are: nothing in them is read as mrkdwn. */
export const sendSlack: Send<'slack'> = async ({ url }, { doc }, sending) => {
  await postJson(url, slackMessage(doc), sending);
  return null;
};

export function slackMessage(doc: Doc) {
  return fitted(doc, messageOf, ({ blocks }) => JSON.stringify(blocks).length <= MOST && blocks.length <= 50);
}

function messageOf(doc: Doc) {
  return {
    // For notifications and screen readers. Here &, < and > are markup (mentions, links).
    text: doc.title.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;' })[char] ?? '&gt;'),
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: doc.title.slice(0, 150), emoji: false } },
      ...(doc.summary.length > 0 ? [richText(doc.summary.map(section))] : []),
      ...doc.sections.map((one) => {
        const rest = restOf(one, doc.language);
        const items = [...one.entries.map(item), ...(rest === null ? [] : [section([rest])])];
        return richText([
          section([{ bold: one.title }]),
          ...(items.length > 0 ? [{ type: 'rich_text_list', style: 'bullet', elements: items }] : []),
        ]);
      }),
      ...(doc.footer.length > 0 ? [richText(doc.footer.map(section))] : []),
    ],
  };
}

const richText = (elements: unknown[]) => ({ type: 'rich_text', elements });

const section = (pieces: readonly Piece[]) => ({ type: 'rich_text_section', elements: pieces.flatMap(element) });

/** A list item is one section, so its details follow on lines of their own. */
function item({ head, details }: Entry) {
  const lines = details.flatMap((detail): Piece[] => ['\n', ...detail]);
  return section([...head, ...lines]);
}

function element(piece: Piece): Record<string, unknown>[] {
  if (typeof piece === 'string') return piece === '' ? [] : [{ type: 'text', text: piece }];
  if ('bold' in piece) return [{ type: 'text', text: piece.bold, style: { bold: true } }];
  const url = hrefOf(piece.link);
  return [url === null ? { type: 'text', text: piece.link } : { type: 'link', url, text: piece.link }];
}
