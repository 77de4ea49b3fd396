import type { List } from '../catalogue/list.ts';
import type { ExitStatus } from '../exit.ts';
import type { Paint } from '../output/colour.ts';
import type { Report, Tally } from '../output/report.ts';
import type { TableInput } from '../output/table.ts';
import type { Format } from './collect.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

type Printed = {
  report: Report;
  tally: Tally;
  lists: List[];
  targets: string[];
  format: Format;
  status: ExitStatus;
  paint: Paint;
  /** Of a recorded scan, as the JSON contract has them: `changes`, `requests`. */
  recorded?: Record<string, readonly object[]>;
  listing?: TableInput['listing'];
  world: Pick<World, 'out' | 'width'>;
};

/** Prints a report; of ndjson its end, for the results went out as they came. */
export async function print(printed: Printed): Promise<void> {
  const { report, tally, lists, format, status, paint, world, recorded, listing, targets } = printed;
  const { out } = world;
  if (format === 'json') {
    const { jsonDocument } = await import('../output/json.ts');
    return out(jsonDocument(report, recorded));
  }
  if (format === 'ndjson') {
    const { ndjsonLine } = await import('../output/json.ts');
    const [startedAt, finishedAt] = [report.startedAt.toISOString(), report.finishedAt.toISOString()];
    return out(ndjsonLine('summary', { version: 1, startedAt, finishedAt, ...report.summary }));
  }
  if (format === 'csv') {
    const { CSV_HEADER, csvLine } = await import('../output/csv.ts');
    return out(CSV_HEADER + report.results.map(csvLine).join(''));
  }
  if (format === 'markdown') return out((await import('../output/markdown.ts')).renderMarkdown(report, tally, lists));
  if (format === 'nagios') {
    const listed = report.results.filter((result) => tally.levelOf(result) !== 'none');
    return out((await import('../output/nagios.ts')).nagiosLine(report, listed, status));
  }
  const { renderTable } = await import('../output/table.ts');
  say(world, renderTable({ report, tally, lists, targets, paint, ...(listing === undefined ? {} : { listing }) }));
}
