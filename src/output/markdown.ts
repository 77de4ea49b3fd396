import type { List } from '../catalogue/list.ts';
import { levelOf, type Report, type ShownResult } from './report.ts';
import { BEYOND_DNS, nameOf } from './table.ts';
import { whyInWords } from './why.ts';

/** A table for a ticket or a wiki: what is listed, then what is unknown, then the counts. */
export function renderMarkdown(report: Report, lists: readonly List[]): string {
  const shown = [...report.results].filter(({ verdict }) => verdict !== 'clean');
  const levels = ['high', 'medium', 'low', 'none'];
  const rank = (result: ShownResult): number =>
    result.verdict === 'listed' ? levels.indexOf(levelOf(result)) : levels.length;
  const rows = shown.sort((one, other) => rank(one) - rank(other)).map((result) => cells(result, lists));
  const { summary } = report;
  return [
    `## DNS lists, ${report.finishedAt.toISOString()}`,
    '',
    ...(rows.length > 0 ? [markdownTable(['target', 'list', 'level', 'codes', 'text'], rows)] : []),
    `${summary.listed} listed, ${summary.clean - summary.unproven} proven clean, ${summary.unproven} clean but unproven, ${summary.unknown} unknown, ${summary.other} other.`,
    '',
    BEYOND_DNS,
    '',
  ].join('\n');
}

function cells(result: ShownResult, lists: readonly List[]): string[] {
  const level = levelOf(result);
  const name = nameOf(lists, result.list);
  if (result.why !== null) return [result.target, name, 'unknown', result.codes.join(' '), whyInWords(result.why)];
  const labels = result.meanings.map(({ code, label }) => `${code} ${label}`);
  const codes = labels.length > 0 ? labels.join(', ') : result.codes.join(' ');
  return [result.target, name, level === 'none' ? result.polarity : level, codes, result.reason ?? ''];
}

/** Cells may hold any text. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return [line(header), line(header.map(() => '---')), ...rows.map((row) => line(row.map(escaped)))].join('');
}

/** Markup in the texts of strangers stays text. */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#|!~&]/g, (character) => `\\${character}`);
}
