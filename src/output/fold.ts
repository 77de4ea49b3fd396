import { uncoloured, widthOf } from './colour.ts';

/** Below this a line is left to the terminal: there is no room to fold it well. */
const LEAST_ROOM = 24;

/**
 * Lines that are too long for a terminal, broken between words, in place of the terminal's break anywhere. What follows
 * stands under the last column, or under a `|` as what was quoted; a word that is too long stays whole.
 */
export function folded(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => (widthOf(line) <= width ? line : foldLine(line, width)))
    .join('\n');
}

function foldLine(line: string, width: number): string {
  const margin = marginOf(line, width);
  if (width - margin.length < LEAST_ROOM) return line;
  const lines: string[] = [];
  let current = '';
  for (const part of line.split(/( +)/)) {
    if (/^ *$/.test(part) || current.trim() === '' || widthOf(current + part) <= width) {
      current += part;
      continue;
    }
    lines.push(current.trimEnd());
    current = margin + part;
  }
  return [...lines, current].join('\n');
}

/** What stands before each following line. */
function marginOf(line: string, width: number): string {
  const plain = uncoloured(line);
  const quote = /^\s*\| /.exec(plain)?.[0];
  if (quote !== undefined) return quote;
  const indent = /^ */.exec(plain)?.[0].length ?? 0;
  // The last column that begins in the left half; else a step further in than the line itself.
  const columns = [...plain.slice(0, Math.floor(width / 2)).matchAll(/\S {2,}(?=\S)/g)];
  const last = columns.at(-1);
  const column = last === undefined ? indent + 2 : last.index + last[0].length;
  return ' '.repeat(indent === 0 && last === undefined ? 0 : column);
}
