import { type Doc, type Entry, fitted, hrefOf, type Piece, restOf, type Section, type Tone } from '../doc.ts';
import { bytesOf, type Send } from './channel.ts';
import { postJson } from './http.ts';

/** Teams takes 28,672 bytes after it has added its own, about a fifth (MicrosoftDocs/msteams-docs#11274). */
const MOST = 20_000;

const COLOURS: Record<Tone, string> = { bad: 'Attention', warn: 'Warning', good: 'Good', plain: 'Default' };

/** A workflow "when a Teams webhook request is received". Text runs hold texts as they are: no Markdown in them. */
export const sendTeams: Send<'teams'> = async ({ url }, { doc }, sending) => {
  await postJson(url, teamsMessage(doc), sending);
  return null;
};

export function teamsMessage(doc: Doc) {
  return fitted(doc, messageOf, (message) => bytesOf(JSON.stringify(message)) <= MOST);
}

function messageOf(doc: Doc) {
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            runs([doc.title], { size: 'Large', weight: 'Bolder' }),
            ...doc.summary.map((line) => runs(line)),
            ...doc.sections.map((section) => container(section, doc)),
            ...doc.footer.map((line) => runs(line, { isSubtle: true, size: 'Small' })),
          ],
        },
      },
    ],
  };
}

function container(section: Section, { language }: Doc) {
  const rest = restOf(section, language);
  return {
    type: 'Container',
    separator: true,
    spacing: 'Medium',
    items: [
      runs([section.title], { weight: 'Bolder', color: COLOURS[section.tone] }),
      ...section.entries.flatMap(entry),
      ...(rest === null ? [] : [runs([rest], { isSubtle: true })]),
    ],
  };
}

function entry({ head, details }: Entry) {
  return [runs(head), ...details.map((detail) => runs(detail, { isSubtle: true, size: 'Small' }, 'None'))];
}

function runs(line: readonly Piece[], style: Record<string, unknown> = {}, spacing = 'Small') {
  return {
    type: 'RichTextBlock',
    spacing,
    inlines: line.map((piece) => ({ type: 'TextRun', ...run(piece), ...style })),
  };
}

function run(piece: Piece) {
  if (typeof piece === 'string') return { text: piece };
  if ('bold' in piece) return { text: piece.bold, weight: 'Bolder' };
  const url = hrefOf(piece.link);
  return { text: piece.link, ...(url === null ? {} : { selectAction: { type: 'Action.OpenUrl', url } }) };
}
