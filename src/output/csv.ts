import type { ShownResult } from './report.ts';

const COLUMNS = [
  'target',
  'list',
  'zone',
  'polarity',
  'impact',
  'verdict',
  'proven',
  'codes',
  'meanings',
  'why',
  'reason',
  'ttl',
  'path',
  'server',
] as const satisfies readonly (keyof ShownResult)[];

const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

/** The results with a header, in pieces. */
export function* csvDocument(results: Iterable<ShownResult>): Iterable<string> {
  yield CSV_HEADER;
  for (const result of results) yield csvLine(result);
}

/** One line of RFC 4180: the fields of the JSON result in their order; several codes or meanings are joined by spaces or `; `. */
function csvLine(result: ShownResult): string {
  return `${COLUMNS.map((column) => field(cell(result, column))).join(',')}\r\n`;
}

function cell(result: ShownResult, column: (typeof COLUMNS)[number]): string {
  if (column === 'codes') return result.codes.join(' ');
  if (column === 'meanings')
    return result.meanings.map(({ label, meaning }) => (meaning === '' ? label : `${label}: ${meaning}`)).join('; ');
  return String(result[column] ?? '');
}

/** Quoted where needed; what a spreadsheet would take for a formula is made text, for TXT comes from strangers. */
export function field(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
