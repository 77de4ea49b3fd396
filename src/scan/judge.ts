import { readCodes } from '../catalogue/codes.ts';
import type { List } from '../catalogue/list.ts';
import type { Answer } from '../dns/answer.ts';
import type { Verdict } from './verdict.ts';

const REASON_LENGTH = 500;

/** What an answer says of a target, before its proof: only records and absence are answers, all else is unknown. */
export function judge(list: List, answer: Answer): Verdict {
  switch (answer.kind) {
    case 'records':
      return readCodes(list, addressesOf(answer));
    case 'absent':
      return { kind: 'clean' };
    case 'referral':
      return { kind: 'unknown', why: 'malformed', detail: 'a referral in place of an answer', codes: [] };
    case 'failed':
      return { kind: 'unknown', why: answer.why, detail: answer.detail, codes: [] };
  }
}

/** All A records, each once, in numeric order. */
export function addressesOf(answer: Answer): string[] {
  if (answer.kind !== 'records') return [];
  const addresses = answer.records.filter((record) => record.type === 'A').map((record) => record.data);
  return [...new Set(addresses)].sort(byOctets);
}

function byOctets(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (const [at, octet] of left.entries()) if (octet !== right[at]) return octet - (right[at] ?? 0);
  return 0;
}

/** A domain asked by two names is listed when either is, and clean only when both are. */
export function eitherOf(verdicts: readonly Verdict[]): Verdict {
  const listed = verdicts.filter((verdict) => verdict.kind === 'listed');
  if (listed.length > 0) {
    const codes = [...new Set(listed.flatMap((verdict) => verdict.codes))].sort(byOctets);
    const meanings = new Map(
      listed.flatMap((verdict) => verdict.meanings.map((meaning) => [`${meaning.code} ${meaning.label}`, meaning])),
    );
    return { kind: 'listed', codes, meanings: [...meanings.values()] };
  }
  return verdicts.find((verdict) => verdict.kind === 'unknown') ?? { kind: 'clean' };
}

/**
 * The text of the TXT records. Anyone may have written it, so what could move a terminal's cursor or turn its text
 * around (C0, C1, zero-width and bidirectional characters) becomes a space; markup is the renderer's affair.
 */
export function reasonOf(answer: Answer): string | null {
  if (answer.kind !== 'records') return null;
  const texts = answer.records.filter((record) => record.type === 'TXT').map((record) => record.data);
  const plain = [...new Set(texts)]
    .join(' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/ +/g, ' ')
    .trim();
  return plain === '' ? null : [...plain].slice(0, REASON_LENGTH).join('');
}
