import { isPolicy, readDmarc } from './dmarc-record.ts';

/** DMARC records as they should be, with all that their owner said. Pure. */

/**
 * With each tag once, in small letters, and a policy in each tag of policies: a bad p becomes none, a bad sp or np goes,
 * so that p counts for it.
 */
export function corrected(given: string): string {
  const text = tagsOnce(given);
  const { tags } = readDmarc(text);
  const bad = (tag: string): boolean => tags.has(tag) && !isPolicy(tags.get(tag) ?? '');
  const kept = ['sp', 'np'].filter(bad).reduce(withoutTag, text);
  return isPolicy(tags.get('p') ?? '') ? kept : withTag(kept, 'p', 'none');
}

/** With quarantine where nothing is asked for, and no longer in testing. */
export function raised(text: string): string {
  const record = withoutTesting(corrected(text));
  const { tags } = readDmarc(record);
  const weak = ['p', 'sp', 'np'].filter((tag) => tags.get(tag)?.toLowerCase() === 'none');
  return weak.reduce((so, tag) => withTag(so, tag, 'quarantine'), record);
}

export const withoutTesting = (text: string): string => (readDmarc(text).testing ? withoutTag(text, 't') : text);

/** What was meant as a record, begun as it must be; null: it would be none even so. */
export function repaired(meant: string): string | null {
  const body = meant
    .replace(/^[^a-z]*(?:v\s*=\s*)?dmarc\d?[^a-z]*/i, '')
    .replace(/["“”\\]/g, '')
    .replace(/；/g, ';');
  const record = `v=DMARC1; ${body}`;
  return readDmarc(record).policies === null ? null : record;
}

/** The first of each tag, all else as it is written. */
function tagsOnce(text: string): string {
  const parts = text
    .split(';')
    .map((part) =>
      part.replace(/^(\s*)([a-z]+)(\s*=)/i, (_all, before, name, rest) => `${before}${name.toLowerCase()}${rest}`),
    );
  const names = parts.map((part) => /^\s*([a-z]+)\s*=/.exec(part)?.[1]);
  return parts.filter((_part, at) => names[at] === undefined || names.indexOf(names[at]) === at).join(';');
}

export const withoutTag = (text: string, tag: string): string => text.replace(new RegExp(`;\\s*${tag}\\s*=[^;]*`), '');

function withTag(text: string, tag: string, value: string): string {
  const there = new RegExp(`(;\\s*${tag}\\s*=\\s*)[^;]*`);
  return there.test(text) ? text.replace(there, `$1${value}`) : text.replace(/^([^;]*);?/, `$1; ${tag}=${value};`);
}
