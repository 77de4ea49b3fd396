import { refusalOf } from '../catalogue/codes.ts';
import type { Answer } from '../dns/answer.ts';
import { namesToAsk, queryName, type Target } from '../target.ts';
import { addressesOf, eitherOf, judge, reasonOf } from './judge.ts';
import { type Line, worthRetrying } from './line.ts';
import type { Draft } from './proof.ts';
import { blank } from './results.ts';
import type { Lookup, OpenServer, Session } from './session.ts';
import type { Result } from './verdict.ts';

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
  return readTarget(line, session, placed, asked, options);
}

/** What the lookups of a target's names say of it; asks for the text of a listing. */
export async function readTarget(
  line: Line,
  session: Session,
  placed: Placed,
  asked: readonly AskedName[],
  options: TargetOptions,
): Promise<AskedTarget> {
  const { target } = placed;
  const verdicts = asked.map(({ lookup }) => judge(line.list, lookup.answer));
  const verdict = eitherOf(verdicts);
  const telling = asked[verdicts.findIndex(({ kind }) => kind === verdict.kind)] ?? asked[0];
  if (telling === undefined) throw new Error(`no name to ask for ${target.text}`);
  const { answer, by } = telling.lookup;

  let stop = false;
  for (const { lookup } of asked) stop = note(line, session, lookup) || stop;
  const codes = verdict.kind === 'listed' ? verdict.codes : [];
  const wantsText = verdict.kind === 'listed' && options.txt(target, codes) && line.operator.ended === null;
  const text = wantsText ? await session.lookup(queryName(telling.named, line.zone), 'TXT') : null;

  const result: Result = {
    ...blank(line.list, { ...placed, path: session.path.name, at: answer.at }),
    verdict,
    reason: text === null ? null : reasonOf(text.answer),
    reasonAt: text === null || text.answer.kind === 'failed' ? null : text.answer.at,
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
