import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const HOUR = 3_600_000;
/** Hours of a day, beside the one under way. */
export const HOURS_KEPT = 24;
/** Lookups that may be lost to a SIGKILL, and be unseen by other processes meanwhile. */
const UNWRITTEN = 50;
const FILE = /^lookups-(\d{4}-\d{2}-\d{2})(?:\.([0-9a-f]+))?\.log$/;

/** How many lookups each operator was asked in the last 24 hours, by the hour. */
export type Ledger = {
  used(operator: string, at: Date): number;
  add(operator: string, at: Date, count: number): void;
  /** Writes down what is not yet written. */
  close(): void;
};

type Hours = Map<number, number>;

const hourOf = (at: Date): number => Math.floor(at.getTime() / HOUR);

function count(book: Map<string, Hours>, operator: string, hour: number, lookups: number): void {
  const hours = book.get(operator) ?? new Map<number, number>();
  hours.set(hour, (hours.get(hour) ?? 0) + lookups);
  book.set(operator, hours);
}

/** The hour 24 hours ago still counts in full: rather a lookup too few than one too many. */
function total(book: Map<string, Hours>, operator: string, hour: number): number {
  let sum = 0;
  for (const [when, lookups] of book.get(operator) ?? []) if (when >= hour - HOURS_KEPT) sum += lookups;
  return sum;
}

/** A ledger that lasts as long as the process, for where there is no state folder: few lookups, then no more. */
export function memoryLedger(most = 200): Ledger {
  const book = new Map<string, Hours>();
  return {
    used: (operator, at) => {
      const sum = total(book, operator, hourOf(at));
      return sum >= most ? Number.POSITIVE_INFINITY : sum;
    },
    add: (operator, at, lookups) => count(book, operator, hourOf(at), lookups),
    close: () => {},
  };
}

/**
 * The ledger of `check`: one append-only file a day in `folder`, a line `hour count operator` (hours since 1970).
 * Any number of processes may append; nothing is ever rewritten, and a file is removed when it is two days old.
 * A scan writes to files of its own, named by its `database` (hexadecimal), and does not read them: what they hold is
 * counted in that database as well.
 */
export function fileLedger(folder: string, database?: string): Ledger {
  const suffix = database === undefined ? '' : `.${database}`;
  let written: Map<string, Hours> | null = null;
  let unwritten = new Map<string, Hours>();
  let waiting = 0;

  const flush = (): void => {
    const byDay = new Map<string, string>();
    for (const [operator, hours] of unwritten)
      for (const [hour, lookups] of hours) {
        const day = dayOf(hour);
        byDay.set(day, `${byDay.get(day) ?? ''}${hour} ${lookups} ${operator}\n`);
      }
    if (byDay.size > 0) mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [day, lines] of byDay)
      appendFileSync(join(folder, `lookups-${day}${suffix}.log`), lines, { mode: 0o600 });
    unwritten = new Map();
    waiting = 0;
  };

  return {
    used(operator, at) {
      written ??= read(folder, hourOf(at), database);
      const own = database === undefined ? total(unwritten, operator, hourOf(at)) : 0;
      return total(written, operator, hourOf(at)) + own;
    },
    add(operator, at, lookups) {
      count(unwritten, operator, hourOf(at), lookups);
      waiting += lookups;
      if (waiting < UNWRITTEN) return;
      flush();
      written = null; // read again, so that what other processes asked meanwhile counts too
    },
    close: flush,
  };
}

const dayOf = (hour: number): string => new Date(hour * HOUR).toISOString().slice(0, 10);

/** Reads today's and yesterday's files and removes older ones; a line that cannot be read is passed over. */
function read(folder: string, hour: number, except: string | undefined): Map<string, Hours> {
  const book = new Map<string, Hours>();
  const oldest = dayOf(hour - HOURS_KEPT);
  for (const name of filesIn(folder)) {
    const [, day, database] = FILE.exec(name) ?? [];
    if (day === undefined || (database !== undefined && database === except)) continue;
    if (day < oldest) {
      rmSync(join(folder, name), { force: true });
      continue;
    }
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const [, when, lookups, operator] = /^(\d+) (\d+) (.+)$/.exec(line) ?? [];
      if (operator !== undefined) count(book, operator, Number(when), Number(lookups));
    }
  }
  return book;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
