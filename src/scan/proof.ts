import type { TargetKind } from '../catalogue/list.ts';
import type { Target } from '../target.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import type { Closing, OpenServer, Session } from './session.ts';
import type { Sheet, Standpoint } from './sheet.ts';
import type { Result, Verdict } from './verdict.ts';

export type Sessions = ReadonlyMap<TargetKind, Session | Trouble>;

/** A result before its proof, and the servers that the proof depends on. */
export type Draft = { target: Target; result: Result; by: OpenServer[] };

export function isTrouble(opened: Session | Trouble): opened is Trouble {
  return 'health' in opened;
}

/** What the closing controls said, by server. */
export type Closings = ReadonlyMap<OpenServer, Closing>;

const GOOD: Closing = { cleans: 'good', listings: 'good' };

/** Asks the closing controls of every server that gave verdicts; gives back what they said, and what is wrong. */
export async function closeBatch(
  line: Line,
  sessions: Sessions,
  sheet: Sheet,
  drafts: readonly Draft[],
): Promise<{ closings: Closings; trouble: Trouble | null }> {
  const closings = new Map<OpenServer, Closing>();
  await Promise.all(
    [...sessions].map(async ([kind, session]) => {
      if (isTrouble(session)) return;
      const own = drafts.filter((draft) => draft.target.kind === kind);
      const by = (verdict: Verdict['kind']): OpenServer[] =>
        own.filter(({ result }) => result.verdict.kind === verdict).flatMap((draft) => draft.by);
      const cleans = [...sheet.servers.filter((server) => session.opened.includes(server)), ...by('clean')];
      const closing = await session.close(new Set(cleans), new Set(by('listed')));
      for (const [server, said] of closing) closings.set(server, said);
    }),
  );
  const wrong = [...closings.values()]
    .flatMap(({ cleans, listings }) => [listings, cleans])
    .filter((trouble) => trouble !== 'good');
  const ending = wrong.find((trouble) => trouble.endsOperator);
  if (ending !== undefined) line.operator.ended ??= `${line.list.id}: ${ending.detail}`;
  return { closings, trouble: ending ?? wrong[0] ?? null };
}

/** What the controls before and after them say of all cleans that one server gave. */
export function cleansOf(server: OpenServer, closings: Closings): Standpoint {
  const { cleans, listings } = closings.get(server) ?? GOOD;
  if (listings !== 'good' && listings.why === 'list-wildcard') return unknownAll(listings);
  if (cleans !== 'good') return unknownAll(cleans);
  if (server.standing === 'empty') return { verdict: EMPTY, proven: false };
  return { verdict: { kind: 'clean' }, proven: server.standing === 'healthy' };
}

export const unknownAll = (trouble: Trouble): Standpoint => ({ verdict: unknownBecause(trouble), proven: false });

const EMPTY = { kind: 'unknown', why: 'list-empty', detail: null, codes: [] } satisfies Verdict;

/** The result with its proof: what the controls before and after it, on the servers that gave it, say of it. */
export function proven({ result, by }: Draft, closings: Closings): Result {
  const { verdict } = result;
  if (verdict.kind === 'unknown') return result;
  if (verdict.kind === 'listed') {
    for (const server of by) {
      const { listings } = closings.get(server) ?? GOOD;
      if (listings !== 'good') return unknownFor(result, listings);
    }
    return { ...result, proven: true };
  }
  const points = by.map((server) => cleansOf(server, closings));
  const unknown = points.find((point) => point.verdict.kind === 'unknown');
  if (unknown !== undefined) return { ...result, ...unknown };
  return { ...result, proven: points.length > 0 && points.every((point) => point.proven) };
}

export function unknownBecause({ why, detail }: Trouble): Extract<Verdict, { kind: 'unknown' }> {
  return { kind: 'unknown', why, detail, codes: [] };
}

/** A verdict that its list's trouble takes back; an unknown keeps its own cause. */
export function unknownFor(result: Result, trouble: Trouble): Result {
  const { verdict } = result;
  if (verdict.kind === 'unknown') return result;
  const codes = verdict.kind === 'listed' ? verdict.codes : [];
  return { ...result, verdict: { ...unknownBecause(trouble), codes }, proven: false };
}
