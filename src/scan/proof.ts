import type { TargetKind } from '../catalogue/list.ts';
import type { Target } from '../target.ts';
import type { Trouble } from './controls.ts';
import type { Line } from './line.ts';
import type { Closing, OpenServer, Session } from './session.ts';
import type { Result, Verdict } from './verdict.ts';

export type Sessions = ReadonlyMap<TargetKind, Session | Trouble>;

/** A result before its proof, and the servers that the proof depends on. */
export type Draft = { target: Target; result: Result; by: OpenServer[]; closing: Map<OpenServer, Closing> | null };

export function isTrouble(opened: Session | Trouble): opened is Trouble {
  return 'health' in opened;
}

/** Asks the closing controls of every server that gave verdicts; keeps with each draft, and gives back, what is wrong. */
export async function closeBatch(line: Line, sessions: Sessions, drafts: readonly Draft[]): Promise<Trouble | null> {
  const troubles = await Promise.all(
    [...sessions].map(async ([kind, session]) => {
      if (isTrouble(session)) return [];
      const own = drafts.filter((draft) => draft.target.kind === kind);
      const by = (verdict: Verdict['kind']): Set<OpenServer> =>
        new Set(own.filter(({ result }) => result.verdict.kind === verdict).flatMap((draft) => draft.by));
      const closing = await session.close(by('clean'), by('listed'));
      for (const draft of own) draft.closing = closing;
      return [...closing.values()].flatMap(({ cleans, listings }) => [listings, cleans]);
    }),
  );
  const wrong = troubles.flat().filter((trouble) => trouble !== 'good');
  const ending = wrong.find((trouble) => trouble.endsOperator);
  if (ending !== undefined) line.operator.ended ??= `${line.list.id}: ${ending.detail}`;
  return ending ?? wrong[0] ?? null;
}

/** The result with its proof: what the controls before and after it, on the server that gave it, say of it. */
export function proven({ target, result, by, closing }: Draft, sessions: Sessions): Result {
  const session = sessions.get(target.kind);
  if (session === undefined || isTrouble(session) || result.verdict.kind === 'unknown') return result;
  const closings = by.map((server) => closing?.get(server) ?? { cleans: 'good' as const, listings: 'good' as const });
  for (const { cleans, listings } of closings) {
    if (listings !== 'good' && (result.verdict.kind === 'listed' || listings.why === 'list-wildcard')) {
      return unknownFor(result, listings);
    }
    if (cleans !== 'good' && result.verdict.kind === 'clean') return unknownFor(result, cleans);
  }
  if (result.verdict.kind === 'listed') return { ...result, proven: true };
  if (by.some(({ standing }) => standing === 'empty')) {
    const verdict: Verdict = { kind: 'unknown', why: 'list-empty', detail: null, codes: [] };
    return { ...result, verdict, proven: false };
  }
  return { ...result, proven: by.length > 0 && by.every(({ standing }) => standing === 'healthy') };
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
