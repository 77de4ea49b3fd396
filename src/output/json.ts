import type { Report, ShownList, ShownResult, Summary } from './report.ts';

/** The one JSON document of `check` and `scan`, in pieces; `more` adds arrays such as `changes` before the summary. */
export function* jsonDocument(report: Report, more: Record<string, Iterable<object>> = {}): Iterable<string> {
  const { startedAt, finishedAt, results, lists, summary } = report;
  yield `{\n${field('version', 1)},\n${field('startedAt', startedAt)},\n${field('finishedAt', finishedAt)},\n`;
  for (const [name, items] of Object.entries({ results, lists, ...more })) yield* array(name, items);
  yield `${field('summary', summary)}\n}\n`;
}

const field = (name: string, value: unknown): string => `  "${name}": ${indented(value, '  ')}`;

function* array(name: string, items: Iterable<object>): Iterable<string> {
  let first = true;
  for (const item of items) {
    yield `${first ? `  "${name}": [` : ','}\n    ${indented(item, '    ')}`;
    first = false;
  }
  yield first ? `  "${name}": [],\n` : '\n  ],\n';
}

const indented = (value: unknown, by: string): string => JSON.stringify(value, null, 2).replaceAll('\n', `\n${by}`);

type Line =
  | ['result', ShownResult]
  | ['list', ShownList]
  | ['summary', Summary & { version: 1; startedAt: string; finishedAt: string }]
  | ['change', Record<string, unknown>];

/** One object a line, told apart by `type`. */
export function ndjsonLine(...[type, value]: Line): string {
  return `${JSON.stringify({ type, ...value })}\n`;
}
