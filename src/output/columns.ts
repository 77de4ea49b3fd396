// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that colour.ts writes
const COLOUR = /\u001b\[\d+m/g;

/** Rows as aligned columns, two spaces apart; the last is not padded. Colours take no room. */
export function columns(rows: readonly (readonly string[])[]): string {
  const width = (cell: string): number => cell.replace(COLOUR, '').length;
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - width(cell))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
