import { type Level, severityLevel } from '../catalogue/codes.ts';
import type { Impact, List, Polarity, Severity } from '../catalogue/list.ts';
import type { Health, ListReport, PathName, Result, Run, Why } from '../scan/verdict.ts';
import { plain } from './plain.ts';

type ShownMeaning = { code: string; label: string; meaning: string; severity: Severity; polarity: Polarity };

/** One result as the JSON contract has it. */
export type ShownResult = {
  target: string;
  list: string;
  zone: string;
  polarity: Polarity;
  impact: Impact;
  verdict: 'listed' | 'clean' | 'unknown';
  proven: boolean;
  codes: string[];
  meanings: ShownMeaning[];
  why: Why | null;
  reason: string | null;
  ttl: number | null;
  path: PathName | null;
  server: string | null;
};

export type ShownList = {
  id: string;
  health: Health;
  path: PathName | null;
  detail: string | null;
  asked: number;
  unknown: number;
};

export type Summary = {
  targets: number;
  lists: number;
  lookups: number;
  listed: number;
  /** Proven or not, on lists of every polarity. */
  clean: number;
  unproven: number;
  unknown: number;
  /** Answers of allow, reputation and informational codes, and of codes of severity `info`: no listings. */
  other: number;
};

/** With more targets than these, those that are clean get no sentence of their own. */
export const MANY = 10;

/** What a target's closing sentence is made of; block lists only. */
export type Standing = { listed: number; proven: number; unproven: number; unknown: string[]; other: number };

export type Report = {
  startedAt: Date;
  finishedAt: Date;
  /** Those to print, by target and list as they were given; made as they are read where there are many. */
  results: Iterable<ShownResult>;
  lists: ShownList[];
  summary: Summary;
};

export function shownList(report: ListReport): ShownList {
  const { id, health, path, asked, unknown } = report;
  return { id, health, path, detail: report.detail === null ? null : plain(report.detail), asked, unknown };
}

/** A result in the words of the contract; the zone reads `{key}` where a key belongs. */
export function shownResult(list: List, result: Result): ShownResult {
  const { verdict } = result;
  const listed = verdict.kind === 'listed' ? verdict : null;
  return {
    target: result.target,
    list: list.id,
    zone: list.zone,
    polarity: listed === null ? list.polarity : polarityOf(list, listed.meanings),
    impact: list.impact,
    verdict: verdict.kind,
    proven: result.proven,
    codes: verdict.kind === 'clean' ? [] : verdict.codes,
    meanings: (listed?.meanings ?? []).map(({ code, label, meaning, severity, polarity }) => ({
      code,
      label: plain(label),
      meaning: plain(meaning),
      severity,
      polarity,
    })),
    why: verdict.kind === 'unknown' ? verdict.why : null,
    reason: result.reason === null ? null : plain(result.reason),
    ttl: result.ttl,
    path: result.path,
    server: result.server,
  };
}

/** A code may have its own polarity; one that blocks decides. */
function polarityOf(list: List, meanings: { polarity: Polarity }[]): Polarity {
  const polarities = meanings.map((meaning) => meaning.polarity);
  if (polarities.includes('block')) return 'block';
  return polarities[0] ?? list.polarity;
}

/** The level of a listing; `none` of what is no listing. */
export function levelOf({ impact, verdict, codes, meanings }: ShownResult): Level {
  return verdict === 'listed' ? severityLevel({ impact }, { kind: 'listed', codes, meanings }) : 'none';
}

type Counted = Pick<Run, 'verdict' | 'proven' | 'posFrom' | 'posTo'>;

export type Tally = {
  /** Counts a result and gives it back in the words of the contract. */
  add(list: List, result: Result): ShownResult;
  /** Counts targets of which the same is true. */
  addRun(list: List, run: Counted): void;
  summary(targets: number, lists: number): Summary;
  /** The worst level of any listing. */
  worst(): Level;
  /** Of one target among few. */
  standing(target: string): Standing;
  /** How many lookups of a list are unknown, why, and the first codes of answers that could not be read. */
  unknownOn(list: string): { lookups: number; whys: Why[]; codes: string[] };
  /** Mean over the lists asked of the part of their lookups that is unknown; null: none was asked. */
  unknownShare(): number | null;
};

const RANK: Record<Level, number> = { none: 0, low: 1, medium: 2, high: 3 };

function worse(one: Level, other: Level): Level {
  return RANK[one] >= RANK[other] ? one : other;
}

type OfList = { lookups: number; unknown: number; whys: Set<Why>; codes: Set<string>; retired: boolean };

const CODES = 3;
const ANSWERS = 1000;

/** Counts results about so many targets as they come. */
export function createTally(targets: number): Tally {
  const counts = { lookups: 0, listed: 0, clean: 0, unproven: 0, unknown: 0, other: 0 };
  const perList = new Map<string, OfList>();
  const standings = new Map<string, Standing>();
  let worst: Level = 'none';

  const standingOf = (target: string): Standing => {
    const standing = standings.get(target) ?? { listed: 0, proven: 0, unproven: 0, unknown: [], other: 0 };
    standings.set(target, standing);
    return standing;
  };

  const ofList = ({ id, retired }: List): OfList => {
    const known = perList.get(id) ?? {
      lookups: 0,
      unknown: 0,
      whys: new Set(),
      codes: new Set(),
      retired: retired !== null,
    };
    perList.set(id, known);
    return known;
  };

  /** The same answer of a list is kept once: sixty thousand listings have few. */
  const shared = new Map<string, Pick<ShownResult, 'codes' | 'meanings'>>();
  const withShared = (shown: ShownResult): ShownResult => {
    const key = `${shown.list} ${shown.codes.join(' ')}`;
    const same = shared.get(key);
    if (same === undefined && shared.size < ANSWERS) shared.set(key, shown);
    return same === undefined ? shown : { ...shown, codes: same.codes, meanings: same.meanings };
  };

  const addTo = (standing: Standing, list: List, result: ShownResult, level: Level): void => {
    if (result.verdict === 'unknown') standing.unknown.push(list.id);
    else if (result.verdict === 'listed') standing[level === 'none' ? 'other' : 'listed'] += 1;
    else if (list.polarity === 'block') standing[result.proven ? 'proven' : 'unproven'] += 1;
  };

  const addRun = (list: List, { verdict, proven, posFrom, posTo }: Counted): void => {
    const lookups = posTo - posFrom;
    const of = ofList(list);
    of.lookups += lookups;
    counts.lookups += lookups;
    counts[verdict.kind] += lookups;
    if (verdict.kind === 'unknown') {
      of.unknown += lookups;
      of.whys.add(verdict.why);
      for (const code of verdict.codes) if (of.codes.size < CODES) of.codes.add(code);
    } else if (!proven) counts.unproven += lookups;
  };

  return {
    add(list, result) {
      const shown = withShared(shownResult(list, result));
      const level = levelOf(shown);
      const { verdict, position, proven } = result;
      if (verdict.kind === 'listed') {
        worst = worse(worst, level);
        counts.lookups += 1;
        counts[level === 'none' ? 'other' : 'listed'] += 1;
        ofList(list).lookups += 1;
      } else addRun(list, { verdict, proven, posFrom: position, posTo: position + 1 });
      if (targets <= MANY) addTo(standingOf(shown.target), list, shown, level);
      return shown;
    },
    addRun,
    summary: (of, lists) => ({ targets: of, lists, ...counts }),
    worst: () => worst,
    standing: standingOf,
    unknownOn(list) {
      const of = perList.get(list);
      return { lookups: of?.unknown ?? 0, whys: [...(of?.whys ?? [])], codes: [...(of?.codes ?? [])] };
    },
    unknownShare() {
      // A retired list is named, never asked: it says nothing of how well this round went.
      const asked = [...perList.values()].filter(({ retired }) => !retired);
      if (asked.length === 0) return null;
      return asked.reduce((sum, { lookups, unknown }) => sum + unknown / lookups, 0) / asked.length;
    },
  };
}
