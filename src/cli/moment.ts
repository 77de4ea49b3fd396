import { parseDuration } from '../duration.ts';
import { UserError } from '../errors.ts';

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** `2026-11-24`, `2026-11-24T07:00`, with or without a zone (UTC without), or `24h`: so long ago. */
export function parseMoment(text: string, option: string, now: Date): Date {
  const ago = parseDuration(text);
  if (ago !== null) return new Date(now.getTime() - ago);
  const match = ISO.exec(text.trim());
  const written = text.trim().replace(' ', 'T');
  const zoned = match?.[1] !== undefined || !written.includes('T') ? written : `${written}Z`;
  const at = new Date(zoned);
  if (match === null || Number.isNaN(at.getTime()) || !isRealDay(written))
    throw new UserError(
      `${option} "${text}": expected a time such as 2026-11-24T07:00Z, a day, or 24h for so long ago`,
    );
  return at;
}

/** Date takes the 30th of February for the 2nd of March. */
function isRealDay(written: string): boolean {
  const day = written.slice(0, 10);
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
}
