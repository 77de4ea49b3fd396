import { widthOf } from './colour.ts';

/** Rows as aligned columns, two spaces apart; the last is not padded. Colours take no room. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell))).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
