/** Everything a terminal or a reader could mistake for more than text: controls, bidirectional and other invisible marks, line breaks; and spaces in a row. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Z}]+/gu;

/** Text of strangers (TXT, catalogue files), safe to print on one line. */
export function plain(text: string, most = 500): string {
  const safe = text.toWellFormed().replace(UNSAFE, ' ').trim();
  return safe.length > most ? `${safe.slice(0, most - 1)}…` : safe;
}
