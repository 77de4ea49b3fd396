import type { Why } from '../scan/verdict.ts';

const WORDS: Record<Why, string> = {
  timeout: 'no answer in time',
  servfail: 'its server failed (SERVFAIL)',
  refused: 'its server refused the question (REFUSED)',
  malformed: 'the answer could not be read',
  'bad-answer': 'the answer is outside 127.0.0.0/8, so no list gave it',
  'unrecognised-code': 'it answered with a code that is not in the catalogue',
  'refused-by-list': 'the list refuses us',
  network: 'the network failed',
  budget: 'its limit of lookups a day is used up',
  'list-unreachable': 'none of its servers answered',
  'list-refused': 'the list refuses us',
  'list-empty': 'it does not answer for its own test entry, so its silence proves nothing',
  'list-wildcard': 'it lists what cannot be listed',
  'list-quarantined': 'it suddenly lists very many, held back until its operator explains',
  'list-retired': 'it is retired and is not asked',
};

/** Why a verdict is unknown, for people. */
export function whyInWords(why: Why): string {
  return WORDS[why];
}
