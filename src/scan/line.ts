import type { List } from '../catalogue/list.ts';
import type { Answer, Ask, Question, Server } from '../dns/answer.ts';
import type { AskMany } from '../dns/bulk.ts';
import type { Operator } from './operators.ts';
import type { Gate } from './pacing.ts';
import type { Path } from './path.ts';

/** All that asking one list takes, in one round. */
export type Line = {
  list: List;
  /** With the account key filled in: never to be shown. */
  zone: string;
  gate: Gate;
  operator: Operator;
  ask: Ask;
  /** null: everything is asked one by one. */
  askMany: AskMany | null;
  /** Milliseconds that one lookup may take over all its tries, waiting for a turn not counted. */
  timeout: number;
  now: () => Date;
  signal: AbortSignal;
  /** No more is to be asked; what is under way ends as a batch. */
  windDown?: AbortSignal | undefined;
};

export type Exchange = {
  answer: Answer;
  /** Milliseconds on the network. */
  spent: number;
};

/** Waits for a turn, then asks one server once. What cannot be an answer of a server of this path comes back as failed. */
export async function askOnce(
  line: Line,
  path: Path,
  server: Server,
  question: Question,
  options: { deadline: number; purpose: 'lookup' | 'closing' },
): Promise<Exchange> {
  if (!line.gate.free && (await line.gate.take(options.purpose, line.signal)) === 'budget')
    return { answer: refusedByUs(line, server), spent: 0 };
  const started = performance.now();
  const answer = await line.ask(server, question, {
    deadline: Math.max(1, Math.round(options.deadline)),
    recursionDesired: path.resolver,
    eager: line.gate.free,
    signal: line.signal,
    resent: line.gate.resent,
  });
  return { answer: checked(answer, path), spent: performance.now() - started };
}

function refusedByUs(line: Line, server: Server): Answer {
  return {
    server,
    at: line.now(),
    authoritative: false,
    recursionAvailable: false,
    rcode: '',
    kind: 'failed',
    why: 'budget',
    detail: `the day's lookups for ${line.list.operator} are used up`,
  };
}

/** A name server offers no recursion and is authoritative; one that is neither is somebody else in its place. */
export function checked(answer: Answer, path: Path): Answer {
  if (path.name !== 'direct' || answer.authoritative) return answer;
  if (answer.kind !== 'records' && answer.kind !== 'absent') return answer;
  const { server, at, authoritative, recursionAvailable, rcode } = answer;
  const common = { server, at, authoritative, recursionAvailable, rcode, kind: 'failed' } as const;
  if (recursionAvailable) {
    return {
      ...common,
      why: 'network',
      detail: `${server} is a resolver in a name server's place: port 53 is intercepted`,
    };
  }
  if (answer.kind === 'absent') return { ...common, why: 'malformed', detail: `${server} is not authoritative` };
  return answer;
}

/** Nothing was learned of the target: another server of the same path may do better. */
export const SILENCE: ReadonlySet<string> = new Set(['timeout', 'servfail', 'network']);

export function worthRetrying(answer: Answer): boolean {
  return answer.kind === 'failed' && SILENCE.has(answer.why);
}
