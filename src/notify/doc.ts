import { type Language, sayIn } from '../text/say.ts';

/**
 * What a message says, before any markup: alerts and digests are made into this, and each channel writes it in its own
 * way. Texts in it are plain and may come from strangers; escaping belongs to whoever writes markup.
 */
export type Doc = {
  language: Language;
  title: string;
  /** A sentence or two: for many readers all they read. */
  summary: Piece[][];
  sections: Section[];
  footer: Piece[][];
};

export type Section = {
  title: string;
  tone: Tone;
  entries: Entry[];
  /** Entries that are left out. */
  rest: number;
};

export type Entry = { head: Piece[]; details: Piece[][] };

/** `link` is shown as it is, and only http(s). */
export type Piece = string | { bold: string } | { link: string };

export type Tone = 'bad' | 'warn' | 'good' | 'plain';

export const textOf = (piece: Piece): string =>
  typeof piece === 'string' ? piece : 'bold' in piece ? piece.bold : piece.link;

/** What stands for entries that were left out; null: none were. */
export function restOf({ rest }: Section, language: Language): string | null {
  return rest === 0 ? null : sayIn(language)('doc.more', { count: rest });
}

/** The address that a link leads to; null: what is not http(s) is no link. */
export function hrefOf(link: string): string | null {
  try {
    const { protocol, href } = new URL(link);
    return protocol === 'https:' || protocol === 'http:' ? href : null;
  } catch {
    return null;
  }
}

/** At most so many entries in all, the first sections' first; each section says how many it leaves out. */
function shortened(doc: Doc, most: number): Doc {
  let left = most;
  const sections = doc.sections.map((section) => {
    const entries = section.entries.slice(0, left);
    left -= entries.length;
    return { ...section, entries, rest: section.rest + section.entries.length - entries.length };
  });
  return { ...doc, sections };
}

/**
 * The doc as `write` writes it, with as many entries as fit; without any, if even one is too long: services refuse what
 * is too long, and a short message is better than none.
 */
export function fitted<T>(doc: Doc, write: (doc: Doc) => T, fits: (written: T) => boolean): T {
  const whole = write(doc);
  if (fits(whole)) return whole;
  const count = doc.sections.reduce((sum, { entries }) => sum + entries.length, 0);
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(write(shortened(doc, middle)))) low = middle;
    else high = middle - 1;
  }
  const least = write(shortened(doc, low));
  return fits(least) ? least : write({ ...doc, sections: [], footer: [] });
}
