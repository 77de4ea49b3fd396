import type { Polarity, Severity } from '../catalogue/list.ts';
import type { FailureWhy, Server } from '../dns/answer.ts';

/** Why a verdict is unknown. Stable names, part of the JSON contract. */
type LookupWhy = FailureWhy | 'bad-answer' | 'unrecognised-code' | 'refused-by-list';
type ListWhy =
  | 'list-unreachable'
  | 'list-refused'
  | 'list-empty'
  | 'list-wildcard'
  | 'list-quarantined'
  | 'list-retired';
export type Why = LookupWhy | ListWhy;

export type Health =
  | 'healthy'
  | 'unproven'
  | 'unreachable'
  | 'refused'
  | 'empty'
  | 'wildcard'
  | 'quarantined'
  | 'retired';

export type PathName = 'servers' | 'direct' | 'system' | 'host';

export type Meaning = { code: string; label: string; meaning: string; severity: Severity; polarity: Polarity };

/** What an answer says of a target. `listed` means that the list holds it, whatever the polarity of the codes. */
export type Verdict =
  | { kind: 'listed'; codes: string[]; meanings: Meaning[] }
  | { kind: 'clean' }
  | { kind: 'unknown'; why: Why; detail: string | null; codes: string[] };

/** One target on one list, with all that is known of how it was asked. */
export type Result = {
  target: string;
  list: string;
  verdict: Verdict;
  proven: boolean;
  /** The list's TXT; hostile text, already cleaned of control characters and cut to 500 characters. */
  reason: string | null;
  ttl: number | null;
  path: PathName | null;
  server: Server | null;
  /** The name asked, `{key}` in place of an account key. */
  asked: string | null;
  rcode: string | null;
  /** All A records, sorted. */
  addresses: string[];
  at: Date;
};

export type ListReport = {
  id: string;
  health: Health;
  path: PathName | null;
  detail: string | null;
  asked: number;
  unknown: number;
};

/** How the controls of one kind on one server answered, kept as evidence. */
export type ControlReport = {
  name: string;
  role: 'listed' | 'not-listed' | 'random';
  answered: string;
  at: Date;
  server?: Server /** Seconds; on a caching path the next control says nothing new before they are over. */;
  ttl?: number | null;
};

/** Consecutive targets (positions of the round's target order) on one list, asked between two rounds of controls. */
export type Batch = {
  list: string;
  posFrom: number;
  /** Exclusive. */
  posTo: number;
  results: Result[];
  firstAt: Date;
  lastAt: Date;
  path: PathName | null;
  server: string | null;
  proof: 'proven' | 'unproven' | 'none';
  /** Set where the whole batch is unknown for one reason. */
  why: Why | null;
  controls: ControlReport[];
};
