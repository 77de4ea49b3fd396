import { refusalOf } from '../catalogue/codes.ts';
import { namesToAsk, queryName, type Target } from '../target.ts';
import { assemble, blank, type TargetSource } from './assemble.ts';
import { suspicious, wellKnownListed } from './burst.ts';
import type { Trouble } from './controls.ts';
import { addressesOf, eitherOf, judge, reasonOf } from './judge.ts';
import type { Line } from './line.ts';
import { closeBatch, type Draft, isTrouble, proven, type Sessions, unknownBecause, unknownFor } from './proof.ts';
import type { Lookup, Session } from './session.ts';
import type { Batch, ControlReport, Meaning, PathName, Result } from './verdict.ts';

const IN_FLIGHT = 20;
/** Targets in a row without an answer, after which new controls are to say what is wrong. */
const SILENT_TARGETS = 10;
/** Lookups and milliseconds after which a batch is closed: less than 10 minutes, for those still waiting for a turn. */
const LOOKUPS_BETWEEN = 10_000;
const TIME_BETWEEN = 8 * 60_000;

export type BatchOptions = {
  targets: TargetSource;
  from: number;
  /** Exclusive; the batch may end before it. */
  to: number;
  /** Whether to ask for the text of a listing that answers with these codes. */
  txt(target: Target, codes: string[]): boolean;
  /** The listing is already known, so no part of a burst. */
  known(target: Target): boolean;
  path: PathName;
  sessions: Sessions;
  /** Those of the kinds that could not be opened. */
  controls: ControlReport[];
};

/** What a batch came to, and what its controls showed to be wrong with the list. */
export type AskedBatch = { batch: Batch; trouble: Trouble | null };

/** Asks the targets of one list from `from` on, up to 20 at once, then the closing controls, and judges both together. */
export async function askBatch(line: Line, options: BatchOptions): Promise<AskedBatch> {
  const { drafts, end } = await askTargets(line, options);
  const closingTrouble = await closeBatch(line, options.sessions, drafts);
  const results = drafts.map((draft) => proven(draft, options.sessions));
  const burst = await quarantine(line, options, drafts, results);
  const judged = burst === null ? results : results.map((result) => unknownFor(result, burst));
  const openingTrouble = [...options.sessions.values()].find(isTrouble) ?? null;
  const trouble = burst ?? closingTrouble ?? openingTrouble;
  return { batch: assemble(line, options, judged, end), trouble };
}

async function askTargets(line: Line, options: BatchOptions): Promise<{ drafts: Draft[]; end: number }> {
  const { targets, from, to, sessions } = options;
  const drafts: (Draft | undefined)[] = [];
  const started = line.now().getTime();
  let next = from;
  let lookups = 0;
  let silent = 0;
  let stopped = false;

  /** The first target is always asked, so that every batch gets on. */
  const enough = (): boolean =>
    next > from &&
    (stopped ||
      silent >= SILENT_TARGETS ||
      lookups >= LOOKUPS_BETWEEN ||
      line.now().getTime() - started > TIME_BETWEEN ||
      line.operator.ended !== null ||
      line.operator.broken());

  const work = async (): Promise<void> => {
    while (next < to && !enough()) {
      const position = next;
      next += 1;
      const target = targets.at(position);
      if (!line.list.accepts.includes(target.kind)) continue;
      const session = sessions.get(target.kind);
      if (session === undefined) throw new Error(`no session for ${target.kind}`);
      lookups += 1;
      if (isTrouble(session)) {
        const result = { ...blank(line, target, options.path), verdict: unknownBecause(session) };
        drafts[position - from] = { target, result, by: [], closing: null };
        continue;
      }
      const { draft, stop } = await askTarget(line, session, target, options);
      drafts[position - from] = draft;
      silent = isSilence(draft.result) ? silent + 1 : 0;
      if (draft.result.reason !== null) lookups += 1;
      stopped ||= stop;
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, line.gate.abreast, to - from) }, work));
  return { drafts: drafts.filter((draft) => draft !== undefined), end: next };
}

/** One target, by one or two names, and the text of what lists it. `stop`: no more lookups before new controls. */
async function askTarget(
  line: Line,
  session: Session,
  target: Target,
  options: BatchOptions,
): Promise<{ draft: Draft; stop: boolean }> {
  const names = namesToAsk(target, line.list);
  const asked = await Promise.all(
    names.map(async (text) => {
      const named: Target = { kind: target.kind, text };
      const lookup = await session.lookup(queryName(named, line.zone), 'A');
      return { named, lookup, verdict: judge(line.list, lookup.answer) };
    }),
  );
  const verdict = eitherOf(asked.map((one) => one.verdict));
  const telling = asked.find((one) => one.verdict.kind === verdict.kind) ?? asked[0];
  if (telling === undefined) throw new Error(`no name to ask for ${target.text}`);
  const { answer, by } = telling.lookup;

  let stop = false;
  for (const { lookup } of asked) stop = note(line, session, lookup) || stop;
  const codes = verdict.kind === 'listed' ? verdict.codes : [];
  const wantsText = verdict.kind === 'listed' && options.txt(target, codes) && line.operator.ended === null;
  const text = wantsText ? await session.lookup(queryName(telling.named, line.zone), 'TXT') : null;

  const result: Result = {
    ...blank(line, target, session.path.name),
    verdict,
    reason: text === null ? null : reasonOf(text.answer),
    ttl: answer.kind === 'records' || answer.kind === 'absent' ? answer.ttl : null,
    server: by?.server ?? answer.server,
    asked: queryName(telling.named, line.list.zone),
    rcode: answer.rcode === '' ? null : answer.rcode,
    addresses: addressesOf(answer),
    at: answer.at,
  };
  const servers = asked.flatMap(({ lookup }) => (lookup.by === null ? [] : [lookup.by]));
  return { draft: { target, result, by: servers, closing: null }, stop };
}

function isSilence({ verdict }: Result): boolean {
  return (
    verdict.kind === 'unknown' && (verdict.why === 'timeout' || verdict.why === 'servfail' || verdict.why === 'network')
  );
}

/**
 * What a lookup shows of its operator. A refusal ends the batch: the next one begins with controls, and if those are
 * refused as well, so ends the operator; the refusal of one lookup alone may be that lookup's fault.
 */
function note(line: Line, { path }: Session, { answer }: Lookup): boolean {
  if (answer.kind === 'failed') {
    if (answer.why === 'budget') return true;
    if (answer.why === 'timeout' || answer.why === 'servfail' || answer.why === 'network') line.operator.exhausted();
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

/** More new listings than can be true: asks for what no list can hold. */
async function quarantine(
  line: Line,
  options: BatchOptions,
  drafts: readonly Draft[],
  results: readonly Result[],
): Promise<Trouble | null> {
  const asked = drafts.map(({ target }, at) => ({
    target,
    fresh: isNewBlock(results[at]) && !options.known(target),
  }));
  for (const kind of suspicious(asked)) {
    const session = options.sessions.get(kind);
    if (session === undefined || isTrouble(session) || line.operator.ended !== null) continue;
    const listed = await wellKnownListed(line, kind, (name) => session.lookup(name, 'A'));
    if (listed === null) continue;
    const detail = `a burst of new listings, and it lists ${listed.join(', ')} as well`;
    return { health: 'quarantined', why: 'list-quarantined', detail, nextPath: false, endsOperator: false };
  }
  return null;
}

function isNewBlock(result: Result | undefined): boolean {
  return result?.verdict.kind === 'listed' && result.verdict.meanings.some(blocks);
}

const blocks = ({ polarity, severity }: Meaning): boolean => polarity === 'block' && severity !== 'info';
