/** Longest piece of what a user gave that is quoted back. */
const LONGEST = 80;

/** A value as given, as JSON, cut, safe to print; absent: nothing. */
export function quoted(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return printable(JSON.stringify(cut(value, LONGEST)));
  return printable(cut(JSON.stringify(value) ?? String(value), LONGEST));
}

export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** Control characters, invisible ones and odd spaces as escapes: a terminal must not obey what a file says. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Z}]/gu, (char) =>
    char === ' ' ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
