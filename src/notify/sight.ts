import type { Why } from '../scan/verdict.ts';
import { type Mute, muteOf } from './mutes.ts';
import type { ListFacts, Notice } from './notice.ts';
import type { Alerting } from './routes.ts';

/** How scans see a list: when it was asked last, and when it told something last. Times in ISO 8601. */
export type Sight = ListFacts & {
  askedAt: string;
  /** null: never. */
  toldAt: string | null;
  /** The last scan in which it told something; null: none. */
  toldIn: number | null;
  /** Since when it tells nothing: the first scan after that. null: it tells. */
  silentSince: string | null;
  why: Why | null;
};

/** Operators that are silent together before it is our network that is doubted, and the part of all that they make up. */
const OPERATORS = 3;
const SHARE = 1 / 2;

/** What is owed of lists: quarantined, silent for too long, or our own outage, which explains all the others. */
export function sightNotices(
  sights: readonly Sight[],
  mutes: readonly Mute[],
  { blind }: Alerting,
  now: Date,
): Notice[] {
  const at = now.toISOString();
  // What is not asked any more tells nothing by our own choice.
  const asked = sights.filter(({ askedAt }) => now.getTime() - Date.parse(askedAt) < Math.max(blind, 86_400_000));
  const outage = outageOf(asked);
  if (outage !== null) return [outage];
  const notices: Notice[] = [];
  for (const sight of asked) {
    const { list, listName, operator, impact, silentSince, toldIn, toldAt, why } = sight;
    if (silentSince === null || muteOf(mutes, null, list, at) !== null) continue;
    const facts = { list: { list, listName, operator, impact }, since: toldAt, why, at };
    const key = `${list}:${toldIn ?? 'never'}`;
    if (why === 'list-quarantined') notices.push({ ...facts, reason: 'quarantined', key: `quarantined:${key}` });
    else if (now.getTime() - Date.parse(toldAt ?? silentSince) >= blind)
      notices.push({ ...facts, reason: 'blind', key: `blind:${key}` });
  }
  return notices;
}

/** Half of the operators that told something before fail at once, and at least three: that is us, not them. */
export function silentTogether(
  sights: readonly Sight[],
): { operators: number; lastGood: number; together: Sight[] } | null {
  const silent = silentAfterTelling(sights);
  const operatorsOf = (some: readonly Sight[]): number => new Set(some.map(({ operator }) => operator)).size;
  // Those that saw well in the same scan for the last time fail together.
  const groups = [...Map.groupBy(silent, ({ toldIn }) => toldIn ?? 0)];
  const [largest] = groups.toSorted(([, one], [, other]) => operatorsOf(other) - operatorsOf(one));
  if (largest === undefined) return null;
  const [lastGood, together] = largest;
  const operators = operatorsOf(together);
  const worked = operatorsOf(sights.filter(({ toldIn }) => toldIn !== null && toldIn >= lastGood));
  return operators < OPERATORS || operators < worked * SHARE ? null : { operators, lastGood, together };
}

function silentAfterTelling(sights: readonly Sight[]): Sight[] {
  return sights.filter(
    ({ silentSince, toldIn, why }) => silentSince !== null && toldIn !== null && why !== 'list-quarantined',
  );
}

function outageOf(sights: readonly Sight[]): Notice | null {
  const failing = silentTogether(sights);
  if (failing === null) return null;
  const { operators, lastGood, together } = failing;
  const earliest = (times: (string | null)[]): string | null => times.filter((time) => time !== null).sort()[0] ?? null;
  return {
    key: `outage:${lastGood}`,
    reason: 'outage',
    at: earliest(together.map(({ silentSince }) => silentSince)) ?? '',
    lists: silentAfterTelling(sights).map(({ list, listName, operator, impact }) => ({
      list,
      listName,
      operator,
      impact,
    })),
    operators,
    since: earliest(together.map(({ toldAt }) => toldAt)),
  };
}
