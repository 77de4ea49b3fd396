import type { TargetKind } from '../catalogue/list.ts';
import type { Target } from '../target.ts';
import type { Targets } from '../targets/positions.ts';
import { assemble } from './assemble.ts';
import { askInBulk, bulkSession } from './bulk.ts';
import { type Asked, isSuspicious, wellKnownListed } from './burst.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import { cleansOf, closeBatch, isTrouble, proven, type Sessions, unknownAll, unknownFor } from './proof.ts';
import { askTarget, type TargetOptions } from './target.ts';
import type { Batch, ControlReport, Meaning, PathName, Result } from './verdict.ts';
import { createWalk, type Walk } from './walk.ts';

const IN_FLIGHT = 20;
export type BatchOptions = TargetOptions & {
  targets: Targets;
  from: number;
  /** Exclusive; the batch may end before it. */
  to: number;
  /** The listing is already known, so no part of a burst. */
  known(target: Target): boolean;
  path: PathName;
  sessions: Sessions;
  /** Those of the kinds that could not be opened. */
  controls: ControlReport[];
};

/** What a batch came to, and what its controls showed to be wrong with the list. */
export type AskedBatch = { batch: Batch; trouble: Trouble | null };

/** Asks the targets of one list from `from` on, then the closing controls, and judges both together. */
export async function askBatch(line: Line, options: BatchOptions): Promise<AskedBatch> {
  const { targets, from, sessions } = options;
  const walk = createWalk(line, options);
  const { sheet, drafts } = walk;
  const session = bulkSession(line, options);
  if (session === null || line.askMany === null) await askOneByOne(line, walk, options);
  else await askInBulk(line, line.askMany, session, walk, options);
  drafts.sort((one, other) => one.result.position - other.result.position);
  const to = walk.end();
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

/** Asks one after the other, so many side by side as the list's limits allow. */
async function askOneByOne(line: Line, walk: Walk, options: BatchOptions): Promise<void> {
  const work = async (): Promise<void> => {
    for (let position = walk.take(); position !== -1; position = walk.take()) {
      const target = options.targets.at(position);
      walk.asked(await askTarget(line, walk.session(position), { target, position }, options));
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, line.gate.abreast, options.to - options.from) }, work));
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
  for (const { kind, posFrom, posTo } of targets.kinds(from, to)) {
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
