/** What DNS said to one question (RFC 8499 terms). Plain data; nothing here does I/O. */

/** `ip:port`, IPv6 in brackets: `192.0.2.53:53`, `[2001:db8::53]:53`. */
export type Server = string;

export type QuestionType = 'A' | 'AAAA' | 'TXT' | 'NS' | 'MX' | 'SOA' | 'PTR';

export type Question = { name: string; type: QuestionType };

/** Why an exchange gave no usable answer. Stable names, part of the JSON contract. */
export type FailureWhy = 'timeout' | 'servfail' | 'refused' | 'malformed' | 'network' | 'budget';

/** One resource record of the answer; `data` is the address, the text, the host name, or `preference host` for MX. */
export type AnswerRecord = { name: string; type: QuestionType; ttl: number; data: string };

/**
 * - `records`: NOERROR with records of the type asked, CNAMEs followed. `ttl` is the smallest, in seconds.
 * - `absent`: NXDOMAIN, or NOERROR without records that is no referral. `ttl` from the SOA (RFC 2308), null if none.
 * - `referral`: NOERROR, not authoritative, NS records for a name at or below the zone in the authority section.
 * - `failed`: anything else. `detail` is for people and never holds a key.
 */
export type Answer = {
  server: Server;
  at: Date;
  authoritative: boolean;
  recursionAvailable: boolean;
  rcode: string;
} & (
  | { kind: 'records'; records: AnswerRecord[]; ttl: number }
  | { kind: 'absent'; ttl: number | null }
  | { kind: 'referral'; zone: string; servers: { name: string; addresses: string[] }[] }
  | { kind: 'failed'; why: FailureWhy; detail: string }
);

/** How one question is to be asked of one server. */
export type AskOptions = {
  /** Milliseconds for this server, all its retransmissions and a TCP retry included. */
  deadline: number;
  /** RD, set towards resolvers only. */
  recursionDesired: boolean;
  /** Of one's own servers: asked again as soon as their round trip allows. */
  eager?: boolean;
  signal?: AbortSignal | undefined;
  /** Called for each retransmission. */
  resent?: () => void;
};

/** Asks one server one question; never throws for what the network does, only when `signal` is aborted. */
export type Ask = (server: Server, question: Question, options: AskOptions) => Promise<Answer>;
