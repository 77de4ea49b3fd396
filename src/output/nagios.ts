import type { ExitStatus } from '../exit.ts';
import type { Report, ShownResult } from './report.ts';

const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
const NAMED = 5;

/** The one line of a monitoring plugin: state, what is listed, performance data. The bar divides them, so no text may hold one. */
export function nagiosLine(report: Report, listed: readonly ShownResult[], status: ExitStatus): string {
  const { summary } = report;
  const named = listed.slice(0, NAMED).map(({ target, list }) => `${target} on ${list}`);
  const more = listed.length > NAMED ? ` and ${listed.length - NAMED} more` : '';
  const said = listed.length > 0 ? `listed: ${named.join(', ')}${more}` : 'nothing listed';
  const unknown = summary.unknown > 0 ? `, ${summary.unknown} of ${summary.lookups} lookups unknown` : '';
  const seconds = ((report.finishedAt.getTime() - report.startedAt.getTime()) / 1000).toFixed(3);
  const data = [
    `listed=${summary.listed};;;0`,
    `clean=${summary.clean};;;0`,
    `unproven=${summary.unproven};;;0`,
    `unknown=${summary.unknown};;;0`,
    `time=${seconds}s`,
  ];
  return `DNSBL ${STATES[status]}: ${`${said}${unknown}`.replaceAll('|', '/')} | ${data.join(' ')}\n`;
}
