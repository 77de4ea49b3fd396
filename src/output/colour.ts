import type { Severity } from '../catalogue/list.ts';

/** Paints text for a terminal, or leaves it as it is. */
export type Paint = {
  severity(severity: Severity | 'none', text: string): string;
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warn(text: string): string;
};

const as = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const unpainted = (text: string): string => text;

const RED = as(31);
const YELLOW = as(33);
const CYAN = as(36);

export const NO_PAINT: Paint = {
  severity: (_severity, text) => text,
  bold: unpainted,
  dim: unpainted,
  good: unpainted,
  warn: unpainted,
};

const COLOURS: Paint = {
  severity(severity, text) {
    if (severity === 'high') return RED(text);
    if (severity === 'medium') return YELLOW(text);
    return severity === 'low' ? CYAN(text) : text;
  },
  bold: as(1),
  dim: as(2),
  good: as(32),
  warn: YELLOW,
};

/** Colours on a terminal only, and never where NO_COLOR (https://no-color.org) or `--no-color` says so. */
export function paintFor(options: { terminal: boolean; noColor: boolean }): Paint {
  return options.terminal && !options.noColor ? COLOURS : NO_PAINT;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that are written here
const COLOUR = /\u001b\[\d+m/g;

export const uncoloured = (text: string): string => text.replace(COLOUR, '');

/** Columns that it takes in a terminal: colours take none. */
export const widthOf = (text: string): number => uncoloured(text).length;
