import { refusalOf } from '../catalogue/codes.ts';
import type { TargetKind } from '../catalogue/list.ts';
import type { Answer } from '../dns/answer.ts';
import { namesToAsk, queryName, type Target } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { assemble } from './assemble.ts';
import { type Asked, isSuspicious, wellKnownListed } from './burst.ts';
import type { Trouble } from './controls.ts';
import { addressesOf, eitherOf, judge, reasonOf } from './judge.ts';
import type { Line } from './line.ts';
import { cleansOf, closeBatch, type Draft, isTrouble, proven, type Sessions, unknownAll, unknownFor } from './proof.ts';
import { blank } from './results.ts';
import type { Lookup, OpenServer, Session } from './session.ts';
import { createSheet, type Sheet } from './sheet.ts';
import type { Batch, ControlReport, Meaning, PathName, Result } from './verdict.ts';

const IN_FLIGHT = 20;
/** Targets in a row without an answer, after which new controls are to say what is wrong. */
const SILENT_TARGETS = 10;
/** Lookups and milliseconds after which a batch is closed: less than 10 minutes, for those still waiting for a turn. */
const LOOKUPS_BETWEEN = 10_000;
const TIME_BETWEEN = 8 * 60_000;

export type BatchOptions = {
  targets: Targets;
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
  const { targets, from, sessions } = options;
  const { sheet, drafts, end: to } = await askTargets(line, options);
  const { closings, trouble: closingTrouble } = await closeBatch(line, sessions, sheet, drafts);
  const judged = drafts.map((draft) => proven(draft, closings));
  const burst = await quarantine(line, options, to, judged);
  const results = burst === null ? judged : judged.map((result) => unknownFor(result, burst));
  const runs = sheet.runs(
    targets,
    to,
    (server) => {
      const point = cleansOf(server, closings);
      return burst === null || point.verdict.kind === 'unknown' ? point : unknownAll(burst);
    },
    (kind) => {
      const session = sessions.get(kind);
      return session !== undefined && isTrouble(session) ? unknownAll(session) : null;
    },
  );
  const servers = sheet.servers.map(({ server }) => server);
  const openingTrouble = [...sessions.values()].find(isTrouble) ?? null;
  const answered = sheet.times();
  const batch = assemble(line, { from, to, results, runs, answered, servers, traces: sheet.traces }, options);
  return { batch, trouble: burst ?? closingTrouble ?? openingTrouble };
}

type AskedTargets = { sheet: Sheet /** By position. */; drafts: Draft[]; end: number };

async function askTargets(line: Line, options: BatchOptions): Promise<AskedTargets> {
  const { targets, from, to, sessions } = options;
  const sheet = createSheet(from, to);
  const drafts: Draft[] = [];
  const started = line.now().getTime();
  let next = from;
  let lookups = 0;
  let silent = 0;
  let stopped = false;

  /** The first target is always asked, so that every batch gets on. */
  const enough = (): boolean =>
    next > from &&
    (stopped ||
      line.windDown?.aborted === true ||
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
      if (isTrouble(session)) continue;
      const { draft, clean, stop } = await askTarget(line, session, { target, position }, options);
      if (clean === null) {
        drafts.push(draft);
        sheet.drafted(position);
      } else {
        const { at, ttl, rcode } = clean.answer;
        sheet.clean(position, clean.by, { at: at.getTime(), ttl, rcode: rcode === 'NXDOMAIN' ? 3 : 0 });
      }
      silent = isSilence(draft.result) ? silent + 1 : 0;
      if (draft.result.reason !== null) lookups += 1;
      stopped ||= stop;
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, line.gate.abreast, to - from) }, work));
  drafts.sort((one, other) => one.result.position - other.result.position);
  return { sheet, drafts, end: next };
}

type AskedTarget = {
  draft: Draft;
  /** The answer, where it is a clean of one server; it needs no draft. */
  clean: { by: OpenServer; answer: Extract<Answer, { kind: 'absent' }> } | null;
  /** No more lookups before new controls. */
  stop: boolean;
};

/** One target, by one or two names, and the text of what lists it. */
async function askTarget(
  line: Line,
  session: Session,
  { target, position }: { target: Target; position: number },
  options: BatchOptions,
): Promise<AskedTarget> {
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
    ...blank(line.list, { target, position, path: session.path.name, at: answer.at }),
    verdict,
    reason: text === null ? null : reasonOf(text.answer),
    ttl: answer.kind === 'records' || answer.kind === 'absent' ? answer.ttl : null,
    server: by?.server ?? answer.server,
    asked: queryName(telling.named, line.list.zone),
    rcode: answer.rcode === '' ? null : answer.rcode,
    addresses: addressesOf(answer),
  };
  const servers = asked.flatMap(({ lookup }) => (lookup.by === null ? [] : [lookup.by]));
  const single = asked.length === 1 && by !== null && answer.kind === 'absent' ? { by, answer } : null;
  return { draft: { target, result, by: servers }, clean: single, stop };
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
  to: number,
  results: readonly Result[],
): Promise<Trouble | null> {
  for (const asked of askedOf(line, options, to, results)) {
    const session = options.sessions.get(asked.kind);
    if (!isSuspicious(asked) || session === undefined || isTrouble(session) || line.operator.ended !== null) continue;
    const listed = await wellKnownListed(line, asked.kind, (name) => session.lookup(name, 'A'));
    if (listed === null) continue;
    const detail = `a burst of new listings, and it lists ${listed.join(', ')} as well`;
    return { health: 'quarantined', why: 'list-quarantined', detail, nextPath: false, endsOperator: false };
  }
  return null;
}

/** What was asked of each kind, and what of it is newly listed. */
function askedOf(
  { list }: Line,
  { targets, from, known }: BatchOptions,
  to: number,
  results: readonly Result[],
): Asked[] {
  const byKind = new Map<TargetKind, Asked>();
  let next = 0;
  for (const { range, posFrom, posTo } of targets.spans(from, to)) {
    const { kind } = range;
    if (!list.accepts.includes(kind)) continue;
    const asked = byKind.get(kind) ?? { kind, asked: 0, fresh: [] };
    byKind.set(kind, asked);
    for (let result = results[next]; result !== undefined && result.position < posTo; result = results[++next]) {
      const target: Target = { kind, text: result.target };
      if (!isNewBlock(result) || known(target)) continue;
      asked.fresh.push({ target, place: asked.asked + result.position - posFrom });
    }
    asked.asked += posTo - posFrom;
  }
  return [...byKind.values()];
}

function isNewBlock({ verdict }: Result): boolean {
  return verdict.kind === 'listed' && verdict.meanings.some(blocks);
}

const blocks = ({ polarity, severity }: Meaning): boolean => polarity === 'block' && severity !== 'info';
