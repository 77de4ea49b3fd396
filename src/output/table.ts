import type { Level } from '../catalogue/codes.ts';
import type { List } from '../catalogue/list.ts';
import { minute } from '../text/minute.ts';
import type { Paint } from './colour.ts';
import { plain } from './plain.ts';
import { levelOf, MANY, type Report, type ShownResult, type Standing, type Tally } from './report.ts';
import { whyInWords } from './why.ts';

export const BEYOND_DNS =
  'What DNS cannot show: Gmail, Outlook, Yahoo, Apple, Proofpoint and Cloudmark keep lists of their own.';

/** A recorded listing: when it began, and its text, which a scan does not ask for each time; null: it is not recorded. */
export type Recorded = (target: string, list: string) => { since: Date; reason: string | null } | null;

export type TableInput = {
  report: Report;
  tally: Tally;
  lists: readonly List[];
  /** By targetsToShow. */
  targets: readonly string[];
  paint: Paint;
  listing?: Recorded;
};

const RANK: Record<Level, number> = { high: 3, medium: 2, low: 1, none: 0 };
/** Targets that are shown at most; what is on so many lists is read by a program. */
const SHOWN = 500;

/** The targets of a table, worst first: all of few, of many those that are on a list. */
export function targetsToShow({ results, summary }: Report, given: readonly string[]): string[] {
  const worst = new Map(summary.targets > MANY ? [] : given.map((target) => [target, 0]));
  for (const result of results) {
    if (result.verdict !== 'listed') continue;
    worst.set(result.target, Math.max(worst.get(result.target) ?? 0, RANK[levelOf(result)]));
  }
  const sorted = [...worst].sort(([, one], [, other]) => other - one);
  return sorted.slice(0, SHOWN).map(([target]) => target);
}

/** The answer for people: targets worst first, then what could not be asked, then sentences that close. */
export function renderTable(input: TableInput): string {
  const { report, tally, paint, targets } = input;
  const shown = new Set(targets);
  const answers = [...report.results].filter(({ verdict }) => verdict === 'listed');
  const byTarget = Map.groupBy(answers, ({ target }) => target);
  const many = report.summary.targets > MANY;
  const more = many ? [...byTarget.keys()].filter((target) => !shown.has(target)).length : 0;
  const blocks = targets.flatMap((target) => targetBlock(input, target, byTarget.get(target) ?? [], many));
  const parts = [
    ...(many ? [summaryLine(report)] : []),
    ...blocks,
    more === 0 ? '' : `… and ${count(more, 'more target')} on lists: --format csv or ndjson names them all.`,
    unknownBlock(input),
    ...(many ? [] : [targets.map((target) => closingSentence(input, target, tally.standing(target))).join('\n')]),
    paint.dim(BEYOND_DNS),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function targetBlock(input: TableInput, target: string, results: ShownResult[], many: boolean): string[] {
  const { paint } = input;
  const answers = results.sort(
    (one, other) => RANK[levelOf(other)] - RANK[levelOf(one)] || one.list.localeCompare(other.list),
  );
  if (answers.length === 0) return [];
  const listed = answers.filter((result) => levelOf(result) !== 'none').length;
  const heading = listed > 0 ? `listed on ${count(listed, 'list')}` : 'listed nowhere';
  const lines = answers.flatMap((result) => answerLines(input, result));
  return [[`${paint.bold(target)}  ${heading}${many ? ` of ${input.lists.length}` : ''}`, ...lines].join('\n')];
}

function answerLines(input: TableInput, result: ShownResult): string[] {
  const { paint } = input;
  const level = levelOf(result);
  const recorded = input.listing?.(result.target, result.list) ?? null;
  const reason = result.reason ?? recorded?.reason ?? null;
  const head = [
    paint.severity(level, (level === 'none' ? result.polarity : level).padEnd(8)),
    nameOf(input.lists, result.list),
    recorded === null ? null : paint.dim(`since ${minute(recorded.since)}`),
    result.proven ? null : paint.warn('unproven'),
  ].filter((part) => part !== null);
  const known = new Set(result.meanings.map(({ code }) => code));
  const meanings = result.meanings.map(
    ({ code, label, meaning }) => `            ${code}  ${label}${meaning === '' ? '' : `: ${meaning}`}`,
  );
  const unread = result.codes.filter((code) => !known.has(code) && !result.meanings.some((m) => m.code.includes(code)));
  return [
    `  ${head.join('  ')}`,
    ...meanings,
    ...(unread.length > 0 && meanings.length > 0 ? [`            also answered: ${unread.join(' ')}`] : []),
    ...(reason === null ? [] : [paint.dim(`            "${plain(reason)}"`)]),
  ];
}

/** One line a list, whatever the number of targets. */
function unknownBlock({ report, tally, lists, paint }: TableInput): string {
  const details = new Map(report.lists.map(({ id, detail }) => [id, detail]));
  const lines = lists.flatMap(({ id }) => {
    const { lookups, whys, codes } = tally.unknownOn(id);
    if (lookups === 0) return [];
    const more = details.get(id) ?? codes.join(', ');
    const of = report.summary.targets > 1 ? ` (${count(lookups, 'target')})` : '';
    return `  ${nameOf(lists, id)}${of}: ${whys.map(whyInWords).join('; ')}${more === '' ? '' : ` (${more})`}`;
  });
  return lines.length === 0 ? '' : [paint.warn('Unknown'), ...lines].join('\n');
}

/** "192.0.2.7 is on 2 lists. Proven clean on 27, clean but unproven on 4, 2 could not be asked: …" */
function closingSentence({ lists, paint }: TableInput, target: string, standing: Standing): string {
  const { listed, proven, unproven, unknown } = standing;
  if (listed + proven + unproven + unknown.length === 0)
    return `None of the block lists asked holds targets like ${target}.`;
  const nowhere = unknown.length > 0 ? `${target} is on no list that could be asked` : `${target} is on no list`;
  const on = listed === 0 ? nowhere : `${target} is on ${count(listed, 'list')}`;
  const clean = [
    `Proven clean on ${proven}`,
    ...(unproven > 0 ? [`clean but unproven on ${unproven}`] : []),
    ...(unknown.length > 0
      ? [`${unknown.length} could not be asked: ${unknown.map((list) => nameOf(lists, list)).join(', ')}`]
      : []),
  ];
  const head = listed === 0 ? paint.good(`${on}.`) : paint.bold(`${on}.`);
  return `${head} ${clean.join(', ')}.`;
}

function summaryLine({ summary }: Report): string {
  const parts = [
    `${summary.listed} listed`,
    `${summary.clean - summary.unproven} proven clean`,
    ...(summary.unproven > 0 ? [`${summary.unproven} clean but unproven`] : []),
    ...(summary.unknown > 0 ? [`${summary.unknown} unknown`] : []),
    ...(summary.other > 0 ? [`${summary.other} other answers`] : []),
  ];
  return `${count(summary.targets, 'target')} on ${count(summary.lists, 'list')}, ${summary.lookups} lookups: ${parts.join(', ')}.`;
}

export function nameOf(lists: readonly List[], id: string): string {
  return plain(lists.find((list) => list.id === id)?.name ?? id, 60);
}

export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
