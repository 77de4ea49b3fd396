import type { List } from '../catalogue/list.ts';
import type { ExitStatus } from '../exit.ts';
import type { Paint } from '../output/colour.ts';
import { levelOf, MANY, type Report, type Tally } from '../output/report.ts';
import type { Recorded } from '../output/table.ts';
import type { Targets } from '../targets/positions.ts';
import { turn } from '../turn.ts';
import type { Format } from './collect.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

type Printed = {
  report: Report;
  tally: Tally;
  lists: List[];
  targets: Targets;
  format: Format;
  status: ExitStatus;
  paint: Paint;
  /** Of a recorded scan, as the JSON contract has them: `changes`, `requests`. */
  recorded?: Record<string, Iterable<object>>;
  /** Of recorded targets: their listings. */
  listingsOf?: (targets: readonly string[]) => Promise<Recorded>;
  world: Pick<World, 'out' | 'width'>;
};

/** Written at once, in characters. */
const PIECE = 65_536;

/** Prints a report; of ndjson its end, for the results went out as they came. */
export async function print(printed: Printed): Promise<void> {
  const { format, world } = printed;
  if (format === 'table') return say(world, await table(printed));
  for await (const piece of inPieces(await document(printed))) world.out(piece);
}

async function table({ report, tally, lists, paint, listingsOf, ...given }: Printed): Promise<string> {
  const { renderTable, targetsToShow } = await import('../output/table.ts');
  const targets = targetsToShow(report, firstOf(given.targets));
  const listing = (await listingsOf?.(targets)) ?? (() => null);
  return renderTable({ report, tally, lists, targets, paint, listing });
}

async function document({ report, lists, format, status, recorded }: Printed): Promise<Iterable<string>> {
  if (format === 'json') return (await import('../output/json.ts')).jsonDocument(report, recorded);
  if (format === 'ndjson') {
    const { ndjsonLine } = await import('../output/json.ts');
    const [startedAt, finishedAt] = [report.startedAt.toISOString(), report.finishedAt.toISOString()];
    return [ndjsonLine('summary', { version: 1, startedAt, finishedAt, ...report.summary })];
  }
  if (format === 'csv') return (await import('../output/csv.ts')).csvDocument(report.results);
  if (format === 'markdown') return [(await import('../output/markdown.ts')).renderMarkdown(report, lists)];
  const listed = [...report.results].filter((result) => levelOf(result) !== 'none');
  return [(await import('../output/nagios.ts')).nagiosLine(report, listed, status)];
}

/** All of few. */
const firstOf = (targets: Targets): string[] =>
  Array.from({ length: Math.min(targets.size, MANY) }, (_, position) => targets.at(position).text);

/** Large enough to be quick, with a turn for others between them. */
async function* inPieces(texts: Iterable<string>): AsyncGenerator<string> {
  let piece = '';
  for (const text of texts) {
    piece += text;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
    await turn();
  }
  yield piece;
}
