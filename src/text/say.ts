import en from './en.json' with { type: 'json' };
import zhCn from './zh-CN.json' with { type: 'json' };

/**
 * Sentences for people in the languages that we have. A catalogue is a flat file of ids and sentences with
 * {placeholders}; `id#one` (a category of Intl.PluralRules) goes before `id` where {count} asks for it.
 */

export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

type Category = `${string}#${string}`;
export type MessageId = Exclude<keyof typeof en, Category>;
type Values = Readonly<Record<string, string | number>>;
/** The sentence of an id, filled in. Values are put in as they are: whoever writes markup escapes the whole. */
export type Say = (id: MessageId, values?: Values) => string;

const CATALOGUES: Record<Language, Readonly<Record<string, string>>> = { en, 'zh-CN': zhCn };

export function sayIn(language: Language): Say {
  const catalogue = CATALOGUES[language];
  const plural = new Intl.PluralRules(language);
  return (id, values = {}) => {
    const { count } = values;
    const category = typeof count === 'number' ? catalogue[`${id}#${plural.select(count)}`] : undefined;
    const sentence = category ?? catalogue[id] ?? id;
    return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return typeof value === 'number' ? value.toLocaleString(language) : (value ?? whole);
    });
  };
}
export function isMessage(id: string): id is MessageId {
  return Object.hasOwn(en, id) && !id.includes('#');
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time span for people: `14 h`, `24 h`, `3 days`. Rounded down: what is not over yet is not said to be. */
export function spanText(ms: number, say: Say): string {
  if (ms < MINUTE) return say('span.moment');
  if (ms < HOUR) return say('span.minutes', { count: Math.floor(ms / MINUTE) });
  if (ms <= 2 * DAY) return say('span.hours', { count: Math.floor(ms / HOUR) });
  return say('span.days', { count: Math.floor(ms / DAY) });
}
