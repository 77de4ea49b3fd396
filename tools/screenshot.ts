/**
 * A terminal's text as a picture: what `tmux capture-pane -e -p` gives on standard input becomes an SVG on standard
 * output. The picture in README.md is a part of `npm start` in a terminal of 96 columns:
 *
 *     tmux capture-pane -e -p | sed -n '/== 6 hours later/,/== 4 hours later/p' | node tools/screenshot.ts > docs/scan.svg
 */
const COLOURS: Record<string, string> = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 36: '#79c0ff' };
const [CHARACTER, LINE, MARGIN] = [8.43, 19, 16];

type Style = { bold: boolean; dim: boolean; colour: string | null };

let text = '';
for await (const part of process.stdin) text += part;
const lines = text.trimEnd().split('\n');
// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of terminals
const SEQUENCE = /\u001b\[([\d;]*)m/;
const width = Math.max(...lines.map((line) => line.replaceAll(new RegExp(SEQUENCE, 'g'), '').length));
const [right, bottom] = [Math.ceil(width * CHARACTER + 2 * MARGIN), lines.length * LINE + 2 * MARGIN];

const style: Style = { bold: false, dim: false, colour: null };
process.stdout.write(
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${right}" height="${bottom}" viewBox="0 0 ${right} ${bottom}">`,
    '<title>dnsblwatch in a terminal</title>',
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#e6edf3">`,
    ...lines.map(
      (line, at) => `<text x="${MARGIN}" y="${MARGIN + at * LINE + 14}" xml:space="preserve">${spans(line)}</text>`,
    ),
    '</g></svg>\n',
  ].join('\n'),
);

function spans(line: string): string {
  return line
    .split(new RegExp(SEQUENCE, 'g'))
    .map((part, at) => {
      if (at % 2 === 0) return part === '' ? '' : `<tspan${attributes()}>${escaped(part)}</tspan>`;
      for (const code of part.split(';')) apply(Number(code));
      return '';
    })
    .join('');
}

function apply(code: number): void {
  if (code === 0) Object.assign(style, { bold: false, dim: false, colour: null });
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 22) Object.assign(style, { bold: false, dim: false });
  else if (code === 39) style.colour = null;
  else style.colour = COLOURS[code] ?? style.colour;
}

function attributes(): string {
  const colour = style.colour ?? (style.dim ? '#8b949e' : null);
  return `${style.bold ? ' font-weight="bold"' : ''}${colour === null ? '' : ` fill="${colour}"`}`;
}

function escaped(part: string): string {
  return part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
