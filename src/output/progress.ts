import type { List } from '../catalogue/list.ts';
import type { Why } from '../scan/verdict.ts';
import { plain } from './plain.ts';
import { whyInWords } from './why.ts';

export type Progress = {
  /** A batch of the list is done; `why`: all of it is unknown. */
  done(list: List, counts: { asked: number; listed: number; unknown: number }, why: Why | null): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
};

/** Where the line goes: on a terminal only. */
type Terminal = { err(text: string): void; errIsTerminal: boolean; errWidth?: number };

const WIDTH = 20;
const EVERY_MS = 100;
/** Lookups that take a while: the line is there from the beginning, before a first batch is done. */
const LONG = 10_000;
/** The rate is that of the last seconds: what a list with a limit does at the end is not what all did at the start. */
const RATE_OVER_MS = 10_000;

const ERASE = '\r\u001b[K';

/** A line on standard error that rewrites itself, and one that stays for each list that cannot be asked. */
export function createProgress(
  terminal: Terminal,
  { lookups, shown, lists }: { lookups: number; shown: boolean; lists: readonly List[] },
  clock: () => number = () => performance.now(),
): Progress {
  if (!shown || !terminal.errIsTerminal) return { done: () => {}, clear: () => {} };
  const counts = { asked: 0, listed: 0, unknown: 0 };
  const troubled = new Set<string>();
  const marks = [{ at: clock(), asked: 0 }];
  let drawnAt = Number.NEGATIVE_INFINITY;
  const clear = (): void => terminal.err(ERASE);

  const rate = (now: number): number => {
    while (marks.length > 2 && now - (marks[1]?.at ?? now) > RATE_OVER_MS) marks.shift();
    const [first = { at: now, asked: 0 }] = marks;
    return now > first.at ? ((counts.asked - first.asked) / (now - first.at)) * 1000 : 0;
  };

  const draw = (now: number): void => {
    drawnAt = now;
    marks.push({ at: now, asked: counts.asked });
    const line = lineOf({ ...counts, lookups, rate: rate(now), troubled: troubled.size, lists: lists.length });
    terminal.err(`${ERASE}${line.slice(0, Math.max(0, (terminal.errWidth ?? 80) - 1))}`);
  };

  if (lookups >= LONG) draw(clock());
  return {
    done(list, more, why) {
      counts.asked += more.asked;
      counts.listed += more.listed;
      counts.unknown += more.unknown;
      const now = clock();
      if (why !== null && why !== 'list-retired' && !troubled.has(list.id)) {
        troubled.add(list.id);
        terminal.err(`${ERASE}${plain(list.name, 60)}: ${whyInWords(why)}\n`);
      } else if (now - drawnAt < EVERY_MS) return;
      draw(now);
    },
    clear,
  };
}

type Standing = {
  asked: number;
  lookups: number;
  listed: number;
  unknown: number;
  /** Lookups a second. */
  rate: number;
  troubled: number;
  lists: number;
};

function lineOf({ asked, lookups, listed, unknown, rate, troubled, lists }: Standing): string {
  const share = Math.min(1, asked / Math.max(lookups, 1));
  const filled = Math.round(WIDTH * share);
  const parts = [
    `${'━'.repeat(filled)}${'┄'.repeat(WIDTH - filled)} ${Math.floor(share * 100)} %`,
    `${grouped(asked)} of ${grouped(lookups)} lookups`,
    rate > 0 ? `${grouped(rate)}/s, ${duration((lookups - asked) / rate)} left` : '',
    `${grouped(listed)} listed`,
    unknown > 0 ? `${grouped(unknown)} unknown` : '',
    troubled > 0 ? `${troubled} of ${lists} lists in trouble` : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

const grouped = (number: number): string => Math.round(number).toLocaleString('en');

/** `40 s`, `12 min`, `3 h 20 min` */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
