import { type Level, severityLevel } from '../catalogue/codes.ts';
import type { Impact, List, Polarity, Severity } from '../catalogue/list.ts';
import type { Health, ListReport, PathName, Result, Why } from '../scan/verdict.ts';
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

/** What a target's closing sentence is made of; block lists only. */
export type Standing = { listed: string[]; proven: number; unproven: number; unknown: UnknownOn[]; other: string[] };
type UnknownOn = { list: string; why: Why };

export type Report = {
  startedAt: Date;
  finishedAt: Date;
  /** Those to print. */
  results: ShownResult[];
  lists: ShownList[];
  summary: Summary;
};

export function shownList(report: ListReport): ShownList {
  const { id, health, path, asked, unknown } = report;
  return { id, health, path, detail: report.detail === null ? null : plain(report.detail), asked, unknown };
}

/** A result in the words of the contract; the zone reads `{key}` where a key belongs. */
function shownResult(list: List, result: Result): ShownResult {
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

export type Tally = {
  /** Counts a result and gives it back in the words of the contract. */
  add(list: List, result: Result): ShownResult;
  /** Counts cleans of a list without saying of which targets. */
  addCleans(list: List, counts: { clean: number; unproven: number }): void;
  summary(targets: number, lists: number): Summary;
  /** The worst level of any listing. */
  worst(): Level;
  /** The level of a result that was added. */
  levelOf(result: ShownResult): Level;
  standing(target: string): Standing;
  /** Mean over the lists asked of the part of their lookups that is unknown; null: none was asked. */
  unknownShare(): number | null;
};

const RANK: Record<Level, number> = { none: 0, low: 1, medium: 2, high: 3 };

function worse(one: Level, other: Level): Level {
  return RANK[one] >= RANK[other] ? one : other;
}

/** Counts results as they come. */
export function createTally(): Tally {
  const counts = { lookups: 0, listed: 0, clean: 0, unproven: 0, unknown: 0, other: 0 };
  const perList = new Map<string, { lookups: number; unknown: number }>();
  const standings = new Map<string, Standing>();
  const levels = new WeakMap<ShownResult, Level>();
  let worst: Level = 'none';

  const standingOf = (target: string): Standing => {
    const standing = standings.get(target) ?? { listed: [], proven: 0, unproven: 0, unknown: [], other: [] };
    standings.set(target, standing);
    return standing;
  };

  const ofList = ({ id, retired }: List): { lookups: number; unknown: number } => {
    const known = perList.get(id) ?? { lookups: 0, unknown: 0 };
    // A retired list is named, never asked: it says nothing of how well this round went.
    if (retired === null) perList.set(id, known);
    return known;
  };

  return {
    add(list, result) {
      const shown = shownResult(list, result);
      const level = severityLevel(list, result.verdict);
      const standing = standingOf(shown.target);
      const share = ofList(list);
      levels.set(shown, level);
      worst = worse(worst, level);
      counts.lookups += 1;
      share.lookups += 1;
      if (shown.verdict === 'unknown') {
        counts.unknown += 1;
        share.unknown += 1;
        standing.unknown.push({ list: list.id, why: shown.why ?? 'network' });
      } else if (shown.verdict === 'clean') {
        counts.clean += 1;
        if (!shown.proven) counts.unproven += 1;
        if (list.polarity === 'block') standing[shown.proven ? 'proven' : 'unproven'] += 1;
      } else if (level === 'none') {
        counts.other += 1;
        standing.other.push(list.id);
      } else {
        counts.listed += 1;
        standing.listed.push(list.id);
      }
      return shown;
    },
    addCleans(list, { clean, unproven }) {
      ofList(list).lookups += clean;
      counts.lookups += clean;
      counts.clean += clean;
      counts.unproven += unproven;
    },
    summary: (targets, lists) => ({ targets, lists, ...counts }),
    worst: () => worst,
    levelOf: (result) => levels.get(result) ?? 'none',
    standing: standingOf,
    unknownShare() {
      const asked = [...perList.values()];
      if (asked.length === 0) return null;
      return asked.reduce((sum, { lookups, unknown }) => sum + unknown / lookups, 0) / asked.length;
    },
  };
}
