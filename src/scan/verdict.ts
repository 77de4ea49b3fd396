import type { Polarity, Severity, TargetKind } from '../catalogue/list.ts';
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
  /** In the round's order of targets. */
  position: number;
  target: string;
  list: string;
  verdict: Verdict;
  proven: boolean;
  /** The list's TXT; hostile text, already cleaned of control characters and cut to 500 characters. */
  reason: string | null;
  /** When it answered the question for it; null: it did not, or was not asked. */
  reasonAt: Date | null;
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

/**
 * Consecutive targets of one kind of which there is nothing to say that is not true of all: clean, or unknown for the
 * same reason.
 */
export type Run = {
  posFrom: number;
  /** Exclusive. */
  posTo: number;
  kind: TargetKind;
  verdict: Exclude<Verdict, { kind: 'listed' }>;
  /** Of cleans; false for what is unknown. */
  proven: boolean;
};

/** How the targets of the runs were answered, by position - posFrom: 10 bytes each in place of a result. */
export type Traces = {
  /** Place in the batch's `servers`. */
  server: Uint8Array;
  /** Milliseconds after the batch's `firstAt`. */
  after: Uint32Array;
  /** Seconds; -1 for none. */
  ttl: Int32Array;
  /** 0 for NOERROR, 3 for NXDOMAIN; NOT_ASKED where nothing was sent. */
  rcode: Uint8Array;
};

export const NOT_ASKED = 255;

/**
 * Consecutive targets (positions of the round's target order) on one list, asked between two rounds of controls. Each
 * that the list accepts is either in `results` or in one of `runs`; results.ts makes a Result of any of them.
 */
export type Batch = {
  list: string;
  posFrom: number;
  /** Exclusive. */
  posTo: number;
  /** By position: the listed ones and those with a failure of their own. */
  results: Result[];
  /** By position, as long as can be: all the others. */
  runs: Run[];
  /** null where none of the runs was asked. */
  traces: Traces | null;
  firstAt: Date;
  lastAt: Date;
  path: PathName | null;
  /** `servers` with spaces between them. */
  server: string | null;
  servers: Server[];
  proof: 'proven' | 'unproven' | 'none';
  /** Set where the whole batch is unknown for one reason. */
  why: Why | null;
  controls: ControlReport[];
};
