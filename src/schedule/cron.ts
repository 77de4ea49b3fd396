import { CronExpressionParser } from 'cron-parser';
import { createTask, type RunCoordinator, validateDetailed } from 'node-cron';

/** A cron expression of five fields and the time zone whose clock it means. */
export type Cron = { expression: string; timeZone: string };

/** What is wrong with the expression, for a person; null where it is in order. */
export function cronFault(expression: string): string | null {
  const { valid, errors } = validateDetailed(expression);
  if (!valid) return errors[0]?.message ?? 'no cron expression';
  // node-cron takes seconds too; nobody may ask lists that often.
  const fields = expression.trim().split(/\s+/).length;
  return fields > 5 ? `${fields} fields in place of five (no seconds)` : null;
}

/** The last time at or before `at` at which it was due. */
export function lastDue({ expression, timeZone }: Cron, at: Date): Date {
  // prev() is strictly before, and the moment itself counts.
  const after = new Date(at.getTime() + 1);
  return CronExpressionParser.parse(expression, { currentDate: after, tz: timeZone }).prev().toDate();
}

/** The first time after `at` at which it is due. */
export function nextDue({ expression, timeZone }: Cron, at: Date): Date {
  return CronExpressionParser.parse(expression, { currentDate: at, tz: timeZone }).next().toDate();
}

/** The times after `from` and up to `to` at which it is due. */
export function dueBetween(cron: Cron, from: Date, to: Date): Date[] {
  const due: Date[] = [];
  for (const next of dueAfter(cron, from)) {
    if (next > to) break;
    due.push(next);
  }
  return due;
}

/** The times after `from` at which it is due, without end. */
export function* dueAfter({ expression, timeZone }: Cron, from: Date): Generator<Date, never, undefined> {
  const times = CronExpressionParser.parse(expression, { currentDate: from, tz: timeZone });
  for (;;) yield times.next().toDate();
}

export type CronEvents = {
  /** It is due: resolves to whether it is this process that acts on it. */
  claim(due: Date): Promise<boolean>;
  /** Times passed on which nobody could act: the machine slept, or `claim` failed. */
  onMissed(): void;
};

/**
 * Has `claim` called each time it is due, in every process that runs; which of them acts is for `claim` to settle.
 * Daylight saving is node-cron's affair: an hour that comes twice is due once. Returns `stop`.
 */
export function startCron(name: string, cron: Cron, { claim, onMissed }: CronEvents): () => void {
  const runCoordinator: RunCoordinator = {
    // The key is `name:time`, with the time as ISO 8601 writes it.
    shouldRun: (key) => claim(new Date(key.slice(name.length + 1))),
  };
  const silent = { info() {}, warn() {}, error() {}, debug() {} };
  const task = createTask(cron.expression, () => {}, {
    name,
    timezone: cron.timeZone,
    distributed: true,
    runCoordinator,
    logger: silent,
  });
  task.on('execution:missed', onMissed);
  task.on('execution:skipped', ({ reason }) => {
    if (reason === 'coordinator-error') onMissed();
  });
  void task.start();
  return () => void task.destroy();
}
