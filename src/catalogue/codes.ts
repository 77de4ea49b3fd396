import { ipv4Number } from '../address.ts';
import type { Meaning, Verdict } from '../scan/verdict.ts';
import type { Code, ErrorClass, List, Severity } from './list.ts';
import { LOOPBACK, matches, tableOf } from './table.ts';

/** Codes by which lists refuse, whatever their own table says: the class that Spamhaus gave to the last octet. */
const REFUSAL_BLOCK = { lo: 0x7fffff00, hi: 0x7fffffff } as const;
const REFUSALS: Record<number, { error: ErrorClass; what: string }> = {
  2147483644: { error: 'bad-query', what: 'the query name was malformed' },
  2147483646: { error: 'public-resolver', what: 'asked through a public or unattributable resolver' },
  2147483647: { error: 'over-limit', what: 'over the free limit, or not registered' },
};
/** Many a broken resolver and parked zone answers 127.0.0.1, so only a key that means it makes it a listing. */
const LOCALHOST = 0x7f000001;
/** The listing codes of a list without a table (RFC 5782 section 2.1 asks for 127.0.0.2). */
const UNTABLED = { lo: 0x7f000002, hi: 0x7f0000fe } as const;
const UNTABLED_CODE: Code = { label: 'listed', meaning: 'listed; the list does not say why' };

const LEVELS = ['none', 'low', 'medium', 'high'] as const;
export type Level = (typeof LEVELS)[number];

type Reading =
  | { kind: 'error'; error: ErrorClass; what: string }
  | { kind: 'outside' }
  | { kind: 'codes'; codes: Code[] }
  | { kind: 'unrecognised' };

/**
 * What the A records of an answer say of a target. One refusal, or one record outside 127.0.0.0/8, makes the whole
 * answer unknown: what stands beside it cannot be trusted. No records at all are a clean answer.
 */
export function readCodes(list: List, addresses: string[]): Verdict {
  const codes = sortedAddresses(addresses);
  if (codes.length === 0) return { kind: 'clean' };
  const readings = codes.map((address) => readAddress(list, address));

  for (const [index, reading] of readings.entries()) {
    if (reading.kind === 'error') {
      return { kind: 'unknown', why: 'refused-by-list', detail: `${codes[index]}: ${reading.what}`, codes };
    }
  }
  const outside = codes.filter((_, index) => readings[index]?.kind === 'outside');
  if (outside.length > 0) {
    return { kind: 'unknown', why: 'bad-answer', detail: `${outside.join(', ')}: not in 127.0.0.0/8`, codes };
  }
  const meanings = readings.flatMap((reading, index) =>
    reading.kind === 'codes' ? reading.codes.map((code) => meaningOf(list, codes[index] ?? '', code)) : [],
  );
  if (meanings.length > 0) return { kind: 'listed', codes, meanings };
  const detail = `${codes.join(', ')}: not in the code table of ${list.id}`;
  return { kind: 'unknown', why: 'unrecognised-code', detail, codes };
}

/** How the list refuses in this answer; null when it does not. */
export function refusalOf(list: List, addresses: string[]): ErrorClass | null {
  for (const address of sortedAddresses(addresses)) {
    const reading = readAddress(list, address);
    if (reading.kind === 'error') return reading.error;
  }
  return null;
}

/** How bad a listing is: over its codes that block, the highest of the lower of impact and severity. */
export function severityLevel(list: Pick<List, 'impact'>, verdict: Verdict): Level {
  if (verdict.kind !== 'listed') return 'none';
  const levels = verdict.meanings
    .filter((meaning) => meaning.polarity === 'block')
    .map((meaning) => Math.min(LEVELS.indexOf(list.impact), levelOf(meaning.severity)));
  return LEVELS[Math.max(0, ...levels)] ?? 'none';
}

function levelOf(severity: Severity): number {
  return severity === 'info' ? 0 : LEVELS.indexOf(severity);
}

function sortedAddresses(addresses: string[]): string[] {
  return [...new Set(addresses)].sort((a, b) => (ipv4Number(a) ?? -1) - (ipv4Number(b) ?? -1) || (a < b ? -1 : 1));
}

/** One record, read in the order error, exact, range, wildcard, mask; only the bits of a mask combine. */
function readAddress(list: List, address: string): Reading {
  const value = ipv4Number(address);
  if (value === null || value < LOOPBACK.lo || value > LOOPBACK.hi) return { kind: 'outside' };
  const table = tableOf(list);
  const error = table.errors.find((entry) => matches(entry.pattern, value));
  if (error !== undefined) return errorReading(error.code);
  const exact = table.exact.get(value);
  if (exact !== undefined) return { kind: 'codes', codes: [exact] };
  if (value >= REFUSAL_BLOCK.lo && value <= REFUSAL_BLOCK.hi) {
    return { kind: 'error', ...(REFUSALS[value] ?? { error: true, what: 'an error code, not a listing' }) };
  }

  if (table.empty) {
    const listed = value >= UNTABLED.lo && value <= UNTABLED.hi;
    return listed ? { kind: 'codes', codes: [UNTABLED_CODE] } : { kind: 'unrecognised' };
  }
  const meant = value !== LOCALHOST;
  const range = table.ranges.find(
    ({ pattern }) => matches(pattern, value) && (meant || (pattern.kind === 'range' && !pattern.cidr)),
  );
  if (range !== undefined) return { kind: 'codes', codes: [range.code] };
  const wildcard = meant ? table.wildcards.find(({ pattern }) => matches(pattern, value)) : undefined;
  if (wildcard !== undefined) return { kind: 'codes', codes: [wildcard.code] };
  const bits = table.masks.filter(({ pattern }) => matches(pattern, value)).map((entry) => entry.code);
  return bits.length > 0 ? { kind: 'codes', codes: bits } : { kind: 'unrecognised' };
}

function errorReading(code: Code): Reading {
  const what = code.meaning === undefined ? code.label : `${code.label}, ${code.meaning}`;
  return { kind: 'error', error: code.error ?? true, what };
}

/** A code of severity `info` is never a listing, so on a list that blocks it only informs. */
function meaningOf(list: List, address: string, code: Code): Meaning {
  const severity = code.severity ?? 'medium';
  const polarity = code.polarity ?? list.polarity;
  return {
    code: address,
    label: code.label,
    meaning: code.meaning ?? '',
    severity,
    polarity: polarity === 'block' && severity === 'info' ? 'informational' : polarity,
  };
}
