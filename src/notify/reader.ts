import { type Language, type Say, sayIn } from '../text/say.ts';

/** For whom a message is written. */
export type Reader = { language: Language; say: Say; time(iso: string): string; day(iso: string): string };

/** `timeZone`: a name of the IANA database. Times read `2026-11-24 08:00 GMT+1`. */
export function readerOf(language: Language, timeZone: string): Reader {
  // Sweden writes dates as ISO 8601 does.
  const parts = new Intl.DateTimeFormat('sv-SE', {
    ...{ year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
    timeZone,
  });
  const zone = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'short' });
  const zoneName = (at: Date): string =>
    zone.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return {
    language,
    say: sayIn(language),
    time(iso) {
      const at = new Date(iso);
      return `${parts.format(at)} ${zoneName(at)}`;
    },
    day: (iso) => parts.format(new Date(iso)).slice(0, 10),
  };
}
