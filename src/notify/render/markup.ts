import { type Doc, type Entry, hrefOf, type Piece, restOf } from '../doc.ts';

/** How one markup writes; `escape` makes text of strangers mean itself. */
export type Markup = {
  escape(text: string): string;
  bold(escaped: string): string;
  /** Both escaped by the markup itself. */
  link(href: string, text: string): string;
  title(escaped: string): string;
  heading(escaped: string): string;
  entry(line: string): string;
  detail(line: string): string;
  /** Between the lines of a paragraph. */
  lineBreak: string;
};

/** The doc in a markup of lines. */
export function writeMarkup(doc: Doc, markup: Markup): string {
  const line = (pieces: readonly Piece[]): string => pieces.map((piece) => pieceText(piece, markup)).join('');
  const entry = ({ head, details }: Entry): string[] => [
    markup.entry(line(head)),
    ...details.map((detail) => markup.detail(line(detail))),
  ];
  const paragraph = (lines: readonly Piece[][]): string => lines.map(line).join(markup.lineBreak);
  const sections = doc.sections.map((section) => {
    const rest = restOf(section, doc.language);
    return [
      markup.heading(markup.escape(section.title)),
      ...section.entries.flatMap(entry),
      ...(rest === null ? [] : [markup.entry(markup.escape(rest))]),
    ].join('\n');
  });
  const parts = [markup.title(markup.escape(doc.title)), paragraph(doc.summary), ...sections, paragraph(doc.footer)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function pieceText(piece: Piece, markup: Markup): string {
  if (typeof piece === 'string') return markup.escape(piece);
  if ('bold' in piece) return markup.bold(markup.escape(piece.bold));
  const href = hrefOf(piece.link);
  return href === null ? markup.escape(piece.link) : markup.link(href, piece.link);
}

const asIs = (text: string): string => text;

/** Plain text, for mail, terminals and push messages. */
export const TEXT: Markup = {
  escape: asIs,
  bold: asIs,
  link: (_href, text) => text,
  title: asIs,
  heading: (text) => `${text}\n${'-'.repeat(widthOf(text))}`,
  entry: (line) => `* ${line}`,
  detail: (line) => `    ${line}`,
  lineBreak: '\n',
};

/** Columns on a terminal: Chinese characters take two. */
function widthOf(text: string): number {
  return [...text].reduce((sum, char) => sum + (/[\p{Script=Han}\u3000-\u303f\uff00-\uffef]/u.test(char) ? 2 : 1), 0);
}

const escapeMarkdown = (text: string): string => text.replace(/[\\`*_{}[\]<>()#|!~&]/g, (char) => `\\${char}`);

/** GitHub's Markdown (CommonMark with tables), for tickets and wikis. */
export const MARKDOWN: Markup = {
  escape: escapeMarkdown,
  bold: (text) => `**${text}**`,
  // In <> an address is a link and nothing else, and none of ours has <, > or a space in it.
  link: (href) => `<${href}>`,
  title: (text) => `# ${text}`,
  heading: (text) => `## ${text}\n`,
  entry: (line) => `- ${line}`,
  detail: (line) => `  - ${line}`,
  lineBreak: '  \n',
};

/** Discord's Markdown; the title is a field of its own there. */
export const DISCORD: Markup = {
  ...MARKDOWN,
  title: () => '',
  heading: (text) => `**${text}**`,
  lineBreak: '\n',
};

/** Telegram's HTML (core.telegram.org/bots/api#html-style): only these three characters are special. */
export const TELEGRAM: Markup = {
  escape: (text) => text.replace(/[&<>]/g, (char) => ({ '&': '&amp;', '<': '&lt;' })[char] ?? '&gt;'),
  bold: (text) => `<b>${text}</b>`,
  link: (_href, text) => TELEGRAM.escape(text),
  title: (text) => `<b>${text}</b>`,
  heading: (text) => `<b>${text}</b>`,
  entry: (line) => `• ${line}`,
  detail: (line) => `   ${line}`,
  lineBreak: '\n',
};

/** The marks of Markdown as full-width characters: DingTalk and WeCom document no way to escape them. */
const WIDE = new Map([...'[]()<>*`#~|!\\'].map((char) => [char, String.fromCodePoint(char.charCodeAt(0) + 0xfee0)]));

/** The Markdown that DingTalk and WeCom show: headings, bold, links, quotes. */
export const CHINESE_CHATS: Markup = {
  escape: (text) => text.replace(/[[\]()<>*`#~|!\\]/g, (char) => WIDE.get(char) ?? char),
  bold: (text) => `**${text}**`,
  link: (href, text) =>
    `[${CHINESE_CHATS.escape(text)}](${href.replace(/[()]/g, (char) => (char === '(' ? '%28' : '%29'))})`,
  title: (text) => `### ${text}`,
  heading: (text) => `**${text}**\n`,
  entry: (line) => `- ${line}`,
  detail: (line) => `> ${line}\n`,
  lineBreak: '\n\n',
};
