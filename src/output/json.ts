import type { Report, ShownList, ShownResult, Summary } from './report.ts';

/** The one JSON document of `check` and `scan`; `more` adds fields such as `changes` before the summary. */
export function jsonDocument(report: Report, more: Record<string, unknown> = {}): string {
  const document = {
    version: 1,
    startedAt: report.startedAt.toISOString(),
    finishedAt: report.finishedAt.toISOString(),
    results: report.results,
    lists: report.lists,
    ...more,
    summary: report.summary,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

type Line =
  | ['result', ShownResult]
  | ['list', ShownList]
  | ['summary', Summary & { version: 1; startedAt: string; finishedAt: string }]
  | ['change', Record<string, unknown>];

/** One object a line, told apart by `type`. */
export function ndjsonLine(...[type, value]: Line): string {
  return `${JSON.stringify({ type, ...value })}\n`;
}
