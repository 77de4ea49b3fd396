/** Everything a terminal or a reader could mistake for more than text: C0 and C1 controls, bidirectional overrides, invisible characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;

/** Text of strangers (TXT, catalogue files), safe to print on one line. */
export function plain(text: string, most = 500): string {
  const safe = text.toWellFormed().replace(UNSAFE, ' ').trim();
  return safe.length > most ? `${safe.slice(0, most - 1)}…` : safe;
}
