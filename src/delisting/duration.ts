import { sayIn, spanText } from '../text/say.ts';

const PATTERN = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Year, month (both as operators mean them: about), week, day, hour, minute, second. */
const UNITS = [365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, MINUTE, SECOND];

/** Milliseconds of an ISO 8601 duration such as P7D or PT24H; null if it is none or zero. */
export function durationMs(text: string | undefined): number | null {
  const parts = PATTERN.exec(text ?? '')?.slice(1) ?? [];
  const sum = parts.reduce((total, part, index) => total + Number(part ?? 0) * (UNITS[index] ?? 0), 0);
  return sum > 0 ? sum : null;
}

const ENGLISH = sayIn('en');

/** A time span for people, in English. */
export const spokenDuration = (ms: number): string => spanText(ms, ENGLISH);
