import type { Level } from '../catalogue/codes.ts';
import type { List } from '../catalogue/list.ts';
import type { Paint } from './colour.ts';
import { plain } from './plain.ts';
import type { Report, ShownResult, Standing, Tally } from './report.ts';
import { whyInWords } from './why.ts';

export const BEYOND_DNS =
  'What DNS cannot show: Gmail, Outlook, Yahoo, Apple, Proofpoint and Cloudmark keep lists of their own.';

export type TableInput = {
  report: Report;
  tally: Tally;
  lists: readonly List[];
  /** In the order given. */
  targets: readonly string[];
  paint: Paint;
  /** Of recorded targets: when the listing began, and the text that a scan does not ask for each time. */
  listing?: (target: string, list: string) => { since: Date; reason: string | null } | null;
};

const RANK: Record<Level, number> = { high: 3, medium: 2, low: 1, none: 0 };
/** From this many targets on those that are clean get no sentence of their own. */
const MANY = 10;

/** The answer for people: targets worst first, then what could not be asked, then sentences that close. */
export function renderTable(input: TableInput): string {
  const { report, tally, paint } = input;
  const byTarget = Map.groupBy(report.results, ({ target }) => target);
  const worstOf = (target: string): number =>
    Math.max(0, ...(byTarget.get(target) ?? []).map((r) => RANK[tally.levelOf(r)]));
  const targets = [...input.targets].sort((one, other) => worstOf(other) - worstOf(one));
  const many = report.summary.targets > MANY;
  const blocks = targets.flatMap((target) => targetBlock(input, target, byTarget.get(target) ?? [], many));
  const parts = [
    ...(many ? [summaryLine(report)] : []),
    ...blocks,
    unknownBlock(input),
    ...(many ? [] : [targets.map((target) => closingSentence(input, target, tally.standing(target))).join('\n')]),
    paint.dim(BEYOND_DNS),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function targetBlock(input: TableInput, target: string, results: ShownResult[], many: boolean): string[] {
  const { tally, paint } = input;
  const answers = results
    .filter(({ verdict }) => verdict === 'listed')
    .sort((one, other) => RANK[tally.levelOf(other)] - RANK[tally.levelOf(one)] || one.list.localeCompare(other.list));
  if (answers.length === 0) return [];
  const listed = tally.standing(target).listed.length;
  const heading = listed > 0 ? `listed on ${count(listed, 'list')}` : 'listed nowhere';
  const lines = answers.flatMap((result) => answerLines(input, result));
  return [[`${paint.bold(target)}  ${heading}${many ? ` of ${input.lists.length}` : ''}`, ...lines].join('\n')];
}

function answerLines(input: TableInput, result: ShownResult): string[] {
  const { paint, tally } = input;
  const level = tally.levelOf(result);
  const recorded = input.listing?.(result.target, result.list) ?? null;
  const reason = result.reason ?? recorded?.reason ?? null;
  const head = [
    paint.severity(level, (level === 'none' ? result.polarity : level).padEnd(8)),
    nameOf(input.lists, result.list),
    recorded === null ? null : paint.dim(`since ${day(recorded.since)}`),
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
function unknownBlock({ report, tally, lists, targets, paint }: TableInput): string {
  const details = new Map(report.lists.map(({ id, detail }) => [id, detail]));
  const answered = strangeCodes(report);
  const byList = Map.groupBy(
    targets.flatMap((target) => tally.standing(target).unknown),
    ({ list }) => list,
  );
  const lines = [...byList].map(([list, unknown]) => {
    const whys = [...new Set(unknown.map(({ why }) => why))];
    const detail = details.get(list) ?? null;
    const of = targets.length > 1 ? ` (${count(unknown.length, 'target')})` : '';
    const more = detail ?? answered.get(list);
    return `  ${nameOf(lists, list)}${of}: ${whys.map(whyInWords).join('; ')}${more === undefined ? '' : ` (${more})`}`;
  });
  return lines.length === 0 ? '' : [paint.warn('Unknown'), ...lines].join('\n');
}

/** By list: the first codes of its answers that could not be read. */
function strangeCodes({ results }: Report): Map<string, string> {
  const codes = new Map<string, Set<string>>();
  for (const { list, verdict, codes: own } of results) {
    if (verdict !== 'unknown' || own.length === 0) continue;
    const known = codes.get(list) ?? new Set();
    codes.set(list, new Set([...known, ...own].slice(0, 3)));
  }
  return new Map([...codes].map(([list, own]) => [list, [...own].join(', ')]));
}

/** "192.0.2.7 is on 2 lists. Proven clean on 27, clean but unproven on 4, 2 could not be asked: …" */
function closingSentence({ lists, paint }: TableInput, target: string, standing: Standing): string {
  const { listed, proven, unproven, unknown } = standing;
  if (listed.length + proven + unproven + unknown.length === 0)
    return `None of the block lists asked holds targets like ${target}.`;
  const nowhere = unknown.length > 0 ? `${target} is on no list that could be asked` : `${target} is on no list`;
  const on = listed.length === 0 ? nowhere : `${target} is on ${count(listed.length, 'list')}`;
  const clean = [
    `Proven clean on ${proven}`,
    ...(unproven > 0 ? [`clean but unproven on ${unproven}`] : []),
    ...(unknown.length > 0
      ? [`${unknown.length} could not be asked: ${unknown.map(({ list }) => nameOf(lists, list)).join(', ')}`]
      : []),
  ];
  const head = listed.length === 0 ? paint.good(`${on}.`) : paint.bold(`${on}.`);
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

/** `2026-11-24 07:00 UTC` */
export function day(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
