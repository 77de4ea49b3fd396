import { readFileSync } from 'node:fs';
import { CsvError, parse } from 'csv-parse/sync';
import { UserError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { parseTarget, type TargetRange } from '../target.ts';
import { whyUnreadable } from '../unreadable.ts';
import { withoutOverlaps } from './overlaps.ts';

/** One entry of an import file. */
export type TargetEntry = {
  range: TargetRange;
  label: string | null;
  tags: string[];
  owner: string | null;
  /** Counted from 1. */
  line: number;
};

type Row = { line: number; fields: Partial<Record<Column, string>> };

const COLUMNS = ['target', 'label', 'tags', 'owner'] as const;
type Column = (typeof COLUMNS)[number];

const HEADER = COLUMNS.join(',');
const TAG = /^[\p{L}\p{N}][\p{L}\p{N}._:/-]{0,63}$/u;
/** More than an administrator types, and less than would make a page of a label. */
const LONGEST_TEXT = 200;

/** @throws UserError */
export function readTargetFile(path: string, options: { allowSpecial: boolean }): TargetEntry[] {
  return parseTargetFile(textOf(path), path, options);
}

/**
 * The targets of a file, sorted, each once: one target a line with `#` comments, or CSV with a header that has
 * `target` and, in any order, `label`, `tags` (parted by spaces, commas or semicolons) and `owner`.
 * @throws UserError with every mistake of the file on a line of its own, each with file, line, given and expected
 */
export function parseTargetFile(text: string, file: string, options: { allowSpecial: boolean }): TargetEntry[] {
  const mistakes: { line: number; text: string }[] = [];
  const report = (line: number, message: string): void =>
    void mistakes.push({ line, text: `${file}, line ${line}: ${message}` });
  const bare = text.replace(/^\uFEFF/, '');
  const rows = isCsv(bare) ? csvRows(bare, file, report) : plainRows(bare);
  const entries = rows.flatMap((row) => entryOf(row, options, report) ?? []);
  if (rows.length === 0 && mistakes.length === 0)
    mistakes.push({ line: 0, text: `${file}: no targets in it; expected one a line` });
  const taken = withoutOverlaps(entries, report);
  if (mistakes.length > 0) {
    const inOrder = mistakes.toSorted((a, b) => a.line - b.line);
    throw new UserError(inOrder.map(({ text }) => text).join('\n'));
  }
  return taken;
}

function textOf(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8 text' : whyUnreadable(error);
    throw new UserError(`${path}: ${why}; expected a file with one target a line, or CSV`);
  }
}

/** The first line that says something is a header, or has commas and so was meant to have one before it. */
function isCsv(text: string): boolean {
  const first = text.split(/\r\n|\r|\n/).find((line) => line.trim() !== '' && !line.trim().startsWith('#')) ?? '';
  return first.includes(',') || /^\s*"?target"?\s*$/i.test(first);
}

function plainRows(text: string): Row[] {
  return text.split(/\r\n|\r|\n/).flatMap((line, index) => {
    const target = line.replace(/(^|\s)#.*$/, '').trim();
    return target === '' ? [] : [{ line: index + 1, fields: { target } }];
  });
}

type CsvRow = { record: string[]; info: { lines: number } };

function csvRows(text: string, file: string, report: (line: number, message: string) => void): Row[] {
  const records = csvRecords(text, file);
  const header = records.shift();
  const columns = (header?.record ?? []).map((name) => name.toLowerCase());
  const at = header?.info.lines ?? 1;
  if (!columns.includes('target')) {
    report(
      at,
      `the header is ${quoted(columns.join(','))}; expected a header with the column target, such as ${HEADER}`,
    );
    return [];
  }
  const strange = columns.filter((name, index) => !isColumn(name) || columns.indexOf(name) !== index);
  for (const name of strange) report(at, `the column ${quoted(name)} is unknown or there twice; expected ${HEADER}`);
  if (strange.length > 0) return [];
  return records.flatMap(({ record, info }) => {
    if (record.length > columns.length) {
      report(info.lines, `${record.length} fields, expected ${columns.length} (${columns.join(',')})`);
      return [];
    }
    return [
      { line: info.lines, fields: Object.fromEntries(columns.map((name, index) => [name, record[index] ?? ''])) },
    ];
  });
}

function csvRecords(text: string, file: string): CsvRow[] {
  try {
    return parse(text, {
      comment: '#',
      comment_no_infix: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    }) as unknown as CsvRow[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? `, line ${error.lines}` : '';
    throw new UserError(`${file}${line}: ${error.message}; expected CSV (RFC 4180) with the header ${HEADER}`);
  }
}

const isColumn = (name: string): name is Column => (COLUMNS as readonly string[]).includes(name);

type Notes = Pick<TargetEntry, 'label' | 'tags' | 'owner'>;

/** Throws UserError for a label, tag or owner that no target may have. */
export function checkNotes(notes: Notes): void {
  const mistakes = mistakesIn(notes);
  if (mistakes.length > 0) throw new UserError(mistakes.join('\n'));
}

function mistakesIn({ tags, ...texts }: Notes): string[] {
  const strange = tags.filter((tag) => !TAG.test(tag));
  const long = (['label', 'owner'] as const).filter((name) => {
    const text = texts[name] ?? '';
    return text.length > LONGEST_TEXT || /\p{Cc}/u.test(text);
  });
  return [
    ...strange.map((tag) => `tag ${quoted(tag)}: expected up to 64 letters, digits and ". _ : / -"`),
    ...long.map(
      (name) => `${name} ${quoted(texts[name] ?? '')}: expected one line of at most ${LONGEST_TEXT} characters`,
    ),
  ];
}

function entryOf(
  { line, fields }: Row,
  options: { allowSpecial: boolean },
  report: (line: number, message: string) => void,
): TargetEntry | null {
  const tags = [...new Set((fields.tags ?? '').split(/[\s,;]+/).filter((tag) => tag !== ''))];
  const notes = { label: fields.label || null, tags, owner: fields.owner || null };
  for (const mistake of mistakesIn(notes)) report(line, mistake);
  try {
    const range = parseTarget(fields.target ?? '', options);
    return { range, ...notes, line };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report(line, error.message);
    return null;
  }
}
