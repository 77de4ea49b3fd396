import type { Targets } from '../targets/positions.ts';
import { type Line, SILENCE } from './line.ts';
import { type Draft, isTrouble, type Sessions } from './proof.ts';
import type { OpenServer, Session } from './session.ts';
import { createSheet, type Sheet } from './sheet.ts';
import type { AskedTarget } from './target.ts';

/** Targets in a row without an answer, after which new controls are to say what is wrong. */
const SILENT_TARGETS = 10;
/** Lookups and milliseconds after which a batch is closed: less than 10 minutes, for those still waiting for a turn. */
const LOOKUPS_BETWEEN = 10_000;
const TIME_BETWEEN = 8 * 60_000;
/** Lookups between two looks at the clock. */
const CLOCK_EVERY = 16;

/** The way through the targets of a batch: which is next, whether it is time for new controls, and what was found. */
export type Walk = {
  sheet: Sheet;
  drafts: Draft[];
  /** The position of the next target to ask for; -1 for none: then, and from then on, the batch is over. */
  take(): number;
  /** Its session. */
  session(position: number): Session;
  /** As Sheet's. */
  clean(position: number, by: OpenServer, at: number, ttl: number, rcode: number): void;
  /** What a target came to that was read in full: a clean costs no draft. */
  asked(asked: AskedTarget): void;
  /** The first position not taken. */
  end(): number;
};

export function createWalk(
  line: Line,
  { targets, from, to, sessions }: { targets: Targets; from: number; to: number; sessions: Sessions },
): Walk {
  const sheet = createSheet(from, to);
  const drafts: Draft[] = [];
  const spans = targets.kinds(from, to);
  const started = line.now().getTime();
  let next = from;
  let span = 0;
  let lookups = 0;
  let silent = 0;
  let stopped = false;

  const isLate = (): boolean =>
    lookups % CLOCK_EVERY === 0 && line.now().getTime() - started > TIME_BETWEEN && next > from;

  /** The first target is always asked, so that every batch gets on. */
  const enough = (): boolean => {
    if (next === from) return false;
    stopped ||= silent >= SILENT_TARGETS || lookups >= LOOKUPS_BETWEEN || isLate();
    return stopped || line.windDown?.aborted === true || line.operator.ended !== null || line.operator.broken();
  };

  return {
    sheet,
    drafts,
    take() {
      while (next < to && !enough()) {
        const position = next;
        next += 1;
        while (position >= (spans[span]?.posTo ?? to)) span += 1;
        const kind = spans[span]?.kind;
        if (kind === undefined || !line.list.accepts.includes(kind)) continue;
        lookups += 1;
        const session = sessions.get(kind);
        if (session !== undefined && isTrouble(session)) continue;
        return position;
      }
      stopped = true;
      return -1;
    },
    session(position) {
      const { kind } = targets.at(position);
      const session = sessions.get(kind);
      if (session === undefined || isTrouble(session)) throw new Error(`no session for ${kind}`);
      return session;
    },
    clean(position, by, at, ttl, rcode) {
      silent = 0;
      sheet.clean(position, by, at, ttl, rcode);
    },
    asked({ draft, clean, lookups: more, stop }) {
      const { position, verdict } = draft.result;
      if (clean !== null) {
        const { by, answer } = clean;
        silent = 0;
        sheet.clean(position, by, answer.at.getTime(), answer.ttl ?? -1, answer.rcode === 'NXDOMAIN' ? 3 : 0);
        return;
      }
      silent = verdict.kind === 'unknown' && SILENCE.has(verdict.why) ? silent + 1 : 0;
      lookups += more;
      stopped ||= stop;
      drafts.push(draft);
      sheet.drafted(position);
    },
    end: () => next,
  };
}
