import type { Audit } from '../posture/audit.ts';
import type { Finding, Outcome, Severity } from '../posture/finding.ts';
import type { FindingChange } from '../posture/timeline.ts';
import { minute } from '../text/minute.ts';
import type { Paint } from './colour.ts';
import { columns } from './columns.ts';
import { field } from './csv.ts';
import { markdownTable } from './markdown.ts';
import { plain } from './plain.ts';

/** An audit as text. Evidence is of strangers, and is made harmless here. */

const ORDER: readonly Outcome[] = ['fail', 'warn', 'unknown', 'pass', 'not-applicable'];
const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

/** What is worst first; of equals the order of the checks. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ outcome, severity }: Finding): number =>
    ORDER.indexOf(outcome) * SEVERITIES.length + (outcome === 'pass' ? 0 : SEVERITIES.indexOf(severity));
  return findings.toSorted((one, other) => rank(one) - rank(other));
}

/** For people: what is wrong with its fix, what is not known and how to settle it, then what is in order, by check. */
export function renderAudit(audit: Audit, paint: Paint, quiet: boolean): string {
  const { subject, findings, summary } = audit;
  const about = [...subject.domains, ...subject.addresses.map(({ text }) => text)].join(', ');
  const open = inOrder(findings).filter(({ outcome }) => outcome !== 'pass' && outcome !== 'not-applicable');
  const rest = findings.filter(({ outcome }) => outcome === 'pass' || outcome === 'not-applicable');
  const blocks = open.map((finding) => renderOpen(finding, paint));
  if (quiet) return blocks.join('\n');
  const fine = rest.map(({ check, subject: of, outcome, why }) => {
    const mark = outcome === 'pass' ? paint.good('pass') : paint.dim('n/a ');
    return `${mark}  ${check.padEnd(15)} ${plain(of)}  ${plain(why, 160)}\n`;
  });
  const counts = `${summary.fail} failed, ${summary.warn} to better, ${summary.unknown} unknown, ${summary.pass} in order.`;
  return [`${paint.bold(about)}\n`, ...blocks, fine.join(''), `${counts}\n`].filter((part) => part !== '').join('\n');
}

function renderOpen(
  { outcome, severity, check, subject, why, evidence, rfc, fix, settle }: Finding,
  paint: Paint,
): string {
  const level = severity === 'critical' || severity === 'high' ? 'high' : severity === 'medium' ? 'medium' : 'low';
  const mark =
    outcome === 'fail' ? paint.severity(level, 'FAIL') : outcome === 'warn' ? paint.warn('warn') : paint.dim('????');
  const lines = [
    `${mark}  ${paint.bold(check)} ${plain(subject)}  (${severity}${rfc === null ? '' : `, ${rfc}`})`,
    `      ${plain(why)}`,
  ];
  for (const line of evidence.slice(0, 6)) lines.push(paint.dim(`      > ${plain(line, 240)}`));
  if (fix !== null) {
    lines.push(`      Fix: ${fix.say}`);
    if (fix.before !== null) lines.push(...copied('now', fix.before));
    if (fix.after !== null) lines.push(...copied('new', fix.after));
    for (const [server, setting] of Object.entries(fix.settings)) lines.push(...copied(server, setting));
  }
  if (settle !== null) lines.push(`      To settle it: ${settle}`);
  return `${lines.join('\n')}\n`;
}

const copied = (name: string, text: string): string[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(0, 20)
    .map((line) => `        ${`${name}:`.padEnd(9)}${plain(line, 2000)}`);

/** An audit as the JSON contract has it. */
export type AuditDocument = ReturnType<typeof documentOf>;

function documentOf({ startedAt, finishedAt, subject, findings, summary }: Audit) {
  return { version: 1 as const, startedAt, finishedAt, subject: shownSubject(subject), findings, summary };
}

export function auditJson(audit: Audit): string {
  return `${JSON.stringify(documentOf(audit), null, 2)}\n`;
}

export function auditNdjson({ startedAt, finishedAt, subject, findings, summary }: Audit): string {
  const last = { type: 'summary', version: 1, startedAt, finishedAt, subject: shownSubject(subject), ...summary };
  return [...findings.map((finding) => ({ type: 'finding', ...finding })), last]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
}

function shownSubject({ domains, addresses, helo, selectors }: Audit['subject']) {
  return { domains, addresses: addresses.map(({ text, mx }) => ({ address: text, mx })), helo, selectors };
}

const COLUMNS: Record<string, (finding: Finding) => string | null | undefined> = {
  check: ({ check }) => check,
  subject: ({ subject }) => subject,
  outcome: ({ outcome }) => outcome,
  severity: ({ severity }) => severity,
  why: ({ why }) => why,
  evidence: ({ evidence }) => evidence.join('\n'),
  rfc: ({ rfc }) => rfc,
  fix: ({ fix }) => fix?.say,
  before: ({ fix }) => fix?.before,
  after: ({ fix }) => fix?.after,
  settle: ({ settle }) => settle,
};

export function auditCsv({ findings }: Audit): string {
  const rows = findings.map((one) => Object.values(COLUMNS).map((cell) => field(plain(cell(one) ?? '', 4000))));
  return [Object.keys(COLUMNS), ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

export function auditMarkdown({ subject, findings, finishedAt, summary }: Audit): string {
  const about = [...subject.domains, ...subject.addresses.map(({ text }) => text)].join(', ');
  const header = ['outcome', 'severity', 'check', 'subject', 'why', 'what to do'];
  const rows = inOrder(findings).map((one) =>
    [one.outcome, one.severity, one.check, one.subject, one.why, one.fix?.say ?? one.settle ?? ''].map((cell) =>
      plain(cell),
    ),
  );
  const counts = `${summary.fail} failed, ${summary.warn} to better, ${summary.unknown} unknown, ${summary.pass} in order.`;
  return `## Audit of ${about}, ${finishedAt.toISOString()}\n\n${markdownTable(header, rows)}\n${counts}\n`;
}

const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
const NAMED = 5;

/** The one line of a monitoring plugin; the bar divides it from the counts. */
export function auditNagios({ findings, summary, startedAt, finishedAt }: Audit, standing: 0 | 1 | 2 | 3): string {
  const wanted: readonly Outcome[] = standing === 3 ? ['unknown'] : ['fail', 'warn'];
  const open = inOrder(findings).filter(({ outcome }) => wanted.includes(outcome));
  const named = open.slice(0, NAMED).map(({ check, subject }) => `${check} ${subject}`);
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : '';
  const said =
    open.length === 0
      ? 'all in order'
      : `${standing === 3 ? 'could not look at' : 'not in order'}: ${named.join(', ')}${more}`;
  const seconds = ((finishedAt.getTime() - startedAt.getTime()) / 1000).toFixed(3);
  const data = `failed=${summary.fail};;;0 warnings=${summary.warn};;;0 unknown=${summary.unknown};;;0 passed=${summary.pass};;;0 time=${seconds}s`;
  return `AUDIT ${STATES[standing]}: ${plain(said).replaceAll('|', '/')} | ${data}\n`;
}

/** Each interval of a finding on a line. */
export function renderFindings(findings: readonly FindingChange[], paint: Paint): string {
  const rows = findings.map(({ since, until, check, subject, outcome, why }) => [
    minute(since),
    until === null ? '' : minute(until),
    outcomeText(outcome, paint),
    check,
    plain(subject, 80),
    plain(why, 120),
  ]);
  return columns([['SINCE', 'UNTIL', 'OUTCOME', 'CHECK', 'SUBJECT', ''], ...rows]);
}

/** Each change of a finding on a line, the oldest first; what an audit first saw is no change. */
export function renderFindingHistory(changes: readonly FindingChange[], paint: Paint): string {
  const rows = changes
    .filter(({ before }) => before !== null)
    .map(
      ({ since, check, subject, before, outcome, why }) =>
        `${minute(since)}  ${check} ${plain(subject)}: ${before} → ${outcomeText(outcome, paint)}  ${plain(why, 160)}\n`,
    );
  return rows.length === 0 ? 'No finding has changed since the first audit on record.\n' : rows.join('');
}

function outcomeText(outcome: Outcome, paint: Paint): string {
  if (outcome === 'fail') return paint.severity('high', outcome);
  return outcome === 'pass' ? paint.good(outcome) : outcome;
}
