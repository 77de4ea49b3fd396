import type { List } from '../catalogue/list.ts';
import type { Advice, Step } from '../delisting/advice.ts';
import type { Readiness } from '../delisting/readiness.ts';
import type { RemovalJudgement } from '../delisting/removal.ts';
import type { RequestText } from '../delisting/request.ts';
import { minute } from '../text/minute.ts';
import type { Paint } from './colour.ts';
import { plain } from './plain.ts';
import { nameOf } from './table.ts';

/** One list's way off, with the text to send for each step and what became of earlier requests. */
export type Way = {
  advice: Advice;
  since: string | null;
  reason: string | null;
  texts: (RequestText | null)[];
  /** Of each step, by the audit on record; empty without one. */
  readiness: Readiness[];
  requests: RemovalJudgement[];
};

type Overdue = { target: string; list: string; requestedAt: string; outcome: RemovalJudgement };

/** A line for each request whose usual time is over; nothing for others. */
export function renderOverdue(requests: readonly Overdue[], lists: readonly List[], paint: Paint): string {
  return requests
    .filter(({ outcome }) => outcome.kind === 'overdue')
    .map(
      ({ target, list, requestedAt, outcome }) =>
        `${paint.warn('overdue  ')} ${target} on ${nameOf(lists, list)}, removal requested ${minute(requestedAt)}: ${outcome.said}\n`,
    )
    .join('');
}

/** For people: the lists in the order in which to deal with them. */
export function renderWays(target: string, ways: readonly Way[], now: Date, paint: Paint): string {
  const head = `${paint.bold(target)} is on ${ways.length === 1 ? '1 list' : `${ways.length} lists; deal with them in this order`}.\n`;
  return [head, ...ways.map((way, at) => renderWay(way, at + 1, now, paint))].join('\n');
}

function renderWay(
  { advice, since, reason, texts, readiness, requests }: Way,
  number: number,
  now: Date,
  paint: Paint,
): string {
  const lines = [
    `${number}. ${paint.bold(advice.name)} (${advice.list})${since === null ? '' : `, since ${minute(since)}`}`,
  ];
  if (reason !== null) lines.push(`   The list says: ${plain(reason)}`);
  for (const { said } of requests) lines.push(`   ${said}`);
  for (const [at, step] of advice.steps.entries())
    lines.push(...renderStep(step, texts[at] ?? null, readiness[at], now, paint));
  return `${lines.join('\n')}\n`;
}

function renderStep(
  step: Step,
  text: RequestText | null,
  ready: Readiness | undefined,
  now: Date,
  paint: Paint,
): string[] {
  const lines = [`   ${step.codes.map(({ code, label }) => `${label} (${code})`).join(', ')}`];
  const say = (name: string, what: string): void => void lines.push(`     ${`${name}:`.padEnd(12)} ${what}`);
  if (ready !== undefined) {
    const mark =
      ready.verdict === 'ready'
        ? paint.good
        : ready.verdict === 'blocked'
          ? (text: string) => paint.severity('high', text)
          : paint.warn;
    say('Verdict', mark(plain(ready.says, 600)));
  }
  say('Who', step.who);
  if (step.blockedBy.length > 0)
    say('First', step.blockedBy.map(({ list, label }) => `${label} on ${list} must be gone`).join(', '));
  if (step.sameAs !== null) say('Same as', `${step.sameAs}: its removal ends this one too`);
  if (ready === undefined) for (const must of step.requires) say('Needs', must);
  else for (const line of demandLines(ready)) say(...line);
  if (step.page !== null) say('Page', step.page);
  say('Takes', step.time);
  if (step.expiry !== null) {
    const [first, last] = [minute(step.expiry.earliest), minute(step.expiry.latest)];
    say('Expires', `${first === last ? '' : `${first} at the earliest, `}${last} if nothing happens from now on`);
  }
  if (step.askFrom !== null) say('Ask', step.askFrom > now ? `from ${minute(step.askFrom)} on` : 'now');
  for (const not of step.dont) say('Careful', not);
  for (const note of step.notes) say('Note', note);
  if (text !== null) {
    const letter = [`Subject: ${text.subject}`, '', ...text.body.split('\n')];
    lines.push(`     Text for the ${text.to}:`, ...letter.map((line) => (line === '' ? '' : `       | ${line}`)));
  }
  return lines;
}

/** Each demand with what an audit says of it. */
function demandLines(ready: Readiness): [string, string][] {
  return [
    ...ready.blockers.map((one): [string, string] => [
      'Blocks',
      `${one.text}: ${plain(one.why)}${one.todo === null ? '' : `. Fix: ${one.todo}`}`,
    ]),
    ...ready.unknowns.map((one): [string, string] => [
      'Unknown',
      `${one.text}: ${plain(one.why)}. Settle it: ${one.todo ?? ''}`,
    ]),
    ...ready.met.map((one): [string, string] => ['Right', `${one.text}: ${plain(one.why)}`]),
    ...ready.yourWord.map((one): [string, string] => [
      'Your word',
      [one.text, ...one.evidence.map((line) => plain(line))].join('; '),
    ]),
    ...ready.advised.map((one): [string, string] => ['Advised', `${one.text}: ${plain(one.why)}`]),
  ];
}
