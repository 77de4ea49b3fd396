import { type Doc, type Entry, hrefOf, type Piece, restOf, type Section, type Tone } from '../doc.ts';

/**
 * HTML for mail clients: one column of tables with inline styles, because many of them drop everything else; the style
 * element only adds what the better ones understand (dark mode, narrow screens).
 */
export function writeHtml(doc: Doc): string {
  const body = [
    `<h1 class="text" style="${FONT}font-size:20px;line-height:26px;margin:0 0 8px;color:${LIGHT.text};">${escaped(doc.title)}</h1>`,
    ...doc.summary.map(
      (line) => `<p class="text" style="${FONT}${BODY}margin:0 0 6px;color:${LIGHT.text};">${pieces(line)}</p>`,
    ),
    ...doc.sections.map((section) => sectionHtml(section, doc)),
    ...footerHtml(doc),
  ];
  return `<!DOCTYPE html>
<html lang="${doc.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(doc.title)}</title>
<style>${STYLE}</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:${LIGHT.page};">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:${LIGHT.page};"><tr><td align="center" style="padding:16px 8px;">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:680px;background-color:${LIGHT.card};border:1px solid ${LIGHT.line};border-radius:6px;"><tr><td class="inner" style="padding:20px 24px;text-align:left;">
${body.join('\n')}
</td></tr></table>
</td></tr></table>
</body>
</html>
`;
}

const LIGHT = {
  page: '#f3f4f6',
  card: '#ffffff',
  line: '#d9dde3',
  text: '#1b2430',
  dim: '#5a6675',
  link: '#0b5cad',
};
const DARK = {
  page: '#14181d',
  card: '#1d232b',
  line: '#37414d',
  text: '#e6eaef',
  dim: '#a4b0bd',
  link: '#7db8f5',
};
/** The bar beside a section, on light and on dark ground. */
const BARS: Record<Tone, [light: string, dark: string]> = {
  bad: ['#c62828', '#ff7b72'],
  warn: ['#b26a00', '#e3b341'],
  good: ['#2e7d32', '#56d364'],
  plain: ['#8a95a3', '#7d8a99'],
};

const FONT =
  "font-family:-apple-system,'Segoe UI',Roboto,'Noto Sans','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;";
const BODY = 'font-size:15px;line-height:22px;';
const SMALL = 'font-size:13px;line-height:19px;';
/** A long domain must not make a phone scroll sideways. */
const WRAP = 'overflow-wrap:anywhere;word-break:break-word;';

const STYLE = `
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (max-width:480px){.inner{padding:16px 14px!important}}
@media (prefers-color-scheme:dark){
.page{background-color:${DARK.page}!important}
.card{background-color:${DARK.card}!important;border-color:${DARK.line}!important}
.text{color:${DARK.text}!important}
.dim{color:${DARK.dim}!important}
.line{border-color:${DARK.line}!important}
a{color:${DARK.link}!important}
${Object.entries(BARS)
  .map(([tone, [, dark]]) => `.${tone}{border-left-color:${dark}!important}`)
  .join('\n')}
}
`;

function sectionHtml(section: Section, { language }: Doc): string {
  const rest = restOf(section, language);
  const rows = [
    ...section.entries.map(entryHtml),
    ...(rest === null ? [] : [row(`<span class="dim" style="color:${LIGHT.dim};">${escaped(rest)}</span>`)]),
  ];
  return `<h2 class="text ${section.tone}" style="${FONT}font-size:16px;line-height:22px;margin:22px 0 4px;padding-left:10px;border-left:4px solid ${BARS[section.tone][0]};color:${LIGHT.text};">${escaped(section.title)}</h2>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
${rows.join('\n')}
</table>`;
}

function entryHtml({ head, details }: Entry): string {
  const more = details.map(
    (detail) => `<div class="dim" style="${SMALL}color:${LIGHT.dim};padding-top:2px;">${pieces(detail)}</div>`,
  );
  return row(`${pieces(head)}${more.join('')}`);
}

function row(html: string): string {
  return `<tr><td class="text line" style="${FONT}${BODY}${WRAP}padding:8px 0 8px 14px;border-bottom:1px solid ${LIGHT.line};color:${LIGHT.text};">${html}</td></tr>`;
}

function footerHtml({ footer }: Doc): string[] {
  if (footer.length === 0) return [];
  const lines = footer.map((line) => `<div>${pieces(line)}</div>`).join('');
  return [`<div class="dim" style="${FONT}${SMALL}${WRAP}color:${LIGHT.dim};margin-top:20px;">${lines}</div>`];
}

function pieces(line: readonly Piece[]): string {
  return line.map(pieceHtml).join('');
}

function pieceHtml(piece: Piece): string {
  if (typeof piece === 'string') return escaped(piece);
  if ('bold' in piece) return `<strong>${escaped(piece.bold)}</strong>`;
  const href = hrefOf(piece.link);
  if (href === null) return escaped(piece.link);
  return `<a href="${escaped(href)}" style="color:${LIGHT.link};">${escaped(piece.link)}</a>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
