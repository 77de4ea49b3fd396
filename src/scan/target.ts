import { refusalOf } from '../catalogue/codes.ts';
import type { Answer } from '../dns/answer.ts';
import { namesToAsk, queryName, type Target } from '../target.ts';
import { addressesOf, eitherOf, judge, reasonOf } from './judge.ts';
import { type Line, worthRetrying } from './line.ts';
import type { Draft } from './proof.ts';
import { blank } from './results.ts';
import type { Lookup, OpenServer, Session } from './session.ts';
import type { Result, Verdict } from './verdict.ts';

export type AskedTarget = {
  draft: Draft;
  /** The answer, where it is a clean of one server; it needs no draft. */
  clean: { by: OpenServer; answer: Extract<Answer, { kind: 'absent' }> } | null;
  /** Lookups beyond the first. */
  lookups: number;
  /** No more lookups before new controls. */
  stop: boolean;
};

export type TargetOptions = {
  /** Whether to ask for the text of a listing that answers with these codes. */
  txt(target: Target, codes: string[]): boolean;
};

type Placed = { target: Target; position: number };
type AskedName = { named: Target; lookup: Lookup };

/** What the lookups of a target's names say of it, before the text of its listing is known. */
export type Reading = Placed & {
  verdict: Verdict;
  /** By which the verdict came. */
  telling: AskedName;
  asked: readonly AskedName[];
  /** No more lookups before new controls. */
  stop: boolean;
};

/** One target, by one or two names, and the text of what lists it. */
export async function askTarget(
  line: Line,
  session: Session,
  placed: Placed,
  options: TargetOptions,
): Promise<AskedTarget> {
  const { target } = placed;
  const asked = await Promise.all(
    namesToAsk(target, line.list).map(async (text) => {
      const named: Target = { kind: target.kind, text };
      return { named, lookup: await session.lookup(queryName(named, line.zone), 'A') };
    }),
  );
  const reading = readTarget(line, session, placed, asked);
  const name = queryName(reading.telling.named, line.zone);
  const text = wantsText(line, reading, options) ? await session.lookup(name, 'TXT') : null;
  return conclude(line, session, reading, text?.answer ?? null);
}

export function readTarget(line: Line, session: Session, placed: Placed, asked: readonly AskedName[]): Reading {
  const verdicts = asked.map(({ lookup }) => judge(line.list, lookup.answer));
  const verdict = eitherOf(verdicts);
  const telling = asked[verdicts.findIndex(({ kind }) => kind === verdict.kind)] ?? asked[0];
  if (telling === undefined) throw new Error(`no name to ask for ${placed.target.text}`);
  let stop = false;
  for (const { lookup } of asked) stop = note(line, session, lookup) || stop;
  return { ...placed, verdict, telling, asked, stop };
}

export function wantsText(line: Line, { target, verdict }: Reading, options: TargetOptions): boolean {
  return verdict.kind === 'listed' && line.operator.ended === null && options.txt(target, verdict.codes);
}

/** `text`: the answer to the question for it; null: it was not asked for. */
export function conclude(line: Line, session: Session, reading: Reading, text: Answer | null): AskedTarget {
  const { target, position, verdict, telling, asked, stop } = reading;
  const { answer, by } = telling.lookup;
  const result: Result = {
    ...blank(line.list, { target, position, path: session.path.name, at: answer.at }),
    verdict,
    reason: text === null ? null : reasonOf(text),
    reasonAt: text === null || text.kind === 'failed' ? null : text.at,
    ttl: answer.kind === 'records' || answer.kind === 'absent' ? answer.ttl : null,
    server: by?.server ?? answer.server,
    asked: queryName(telling.named, line.list.zone),
    rcode: answer.rcode === '' ? null : answer.rcode,
    addresses: addressesOf(answer),
  };
  const servers = asked.flatMap(({ lookup }) => (lookup.by === null ? [] : [lookup.by]));
  const single = asked.length === 1 && by !== null && answer.kind === 'absent' ? { by, answer } : null;
  const lookups = asked.length - 1 + (text === null ? 0 : 1);
  return { draft: { target, result, by: servers }, clean: single, lookups, stop };
}

/**
 * What a lookup shows of its operator. A refusal ends the batch: the next one begins with controls, and if those are
 * refused as well, so ends the operator; the refusal of one lookup alone may be that lookup's fault.
 */
function note(line: Line, { path }: Session, { answer }: Lookup): boolean {
  if (answer.kind === 'failed') {
    if (answer.why === 'budget') return true;
    if (worthRetrying(answer)) line.operator.exhausted();
    if (answer.why !== 'refused' || path.resolver) return false; // a resolver refuses for itself
    line.operator.refused(`${line.list.id}: ${answer.detail}`);
    return true;
  }
  line.operator.answered();
  const refusal = refusalOf(line.list, addressesOf(answer));
  if (refusal !== 'over-limit' && refusal !== 'not-registered') return false;
  line.operator.refused(`${line.list.id}: ${addressesOf(answer).join(' ')} (${refusal})`);
  return true;
}
