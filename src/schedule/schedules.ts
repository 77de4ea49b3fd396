import { UserError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { type Cron, cronFault } from './cron.ts';

/**
 * - `scan`: asks all of its lists about all of its targets.
 * - `follow-up`: asks, between scans, only those lists that a target is on, or is about to be.
 * - `digest`: makes the report since the one before.
 */
type Work = 'scan' | 'follow-up' | 'digest';

/** What is done when it is due, and on what. */
export type Schedule = Cron & {
  name: string;
  does: Work;
  /** Targets with one of these tags; none: all that is tracked. */
  tags: readonly string[];
  /** As `--lists`; null: those of the configuration, for a follow-up those of all scans. */
  lists: string | null;
  /** Milliseconds after which a scan asks about quiet targets again; null: each time (quiet.ts). */
  quiet: number | null;
  /** Milliseconds; a scan starts so much later at most, at random, so that nobody asks on the full hour. */
  jitter: number;
};

/** An entry of `schedules` in the configuration: a cron expression alone, or with what it is about. */
export type GivenSchedule =
  | string
  | {
      cron: string;
      does?: Work | undefined;
      timeZone?: string | undefined;
      tags?: string[] | undefined;
      lists?: string | string[] | undefined;
      /** Milliseconds, as is jitter. */
      quiet?: number | undefined;
      jitter?: number | undefined;
    };

const JITTER = 10 * 60_000;

/** What is there without being named: a scan every six hours, a follow-up every hour, a digest in the morning. */
const DEFAULT = { scan: '17 */6 * * *', 'follow-up': '47 * * * *', digest: '0 7 * * *' };

/**
 * The schedules of a configuration, with those of DEFAULT where it says nothing of them; `off` leaves one out.
 * @param zone The time zone where an entry names none.
 * Throws UserError that names the entry.
 */
export function readSchedules(given: Readonly<Record<string, GivenSchedule>>, zone: string): Schedule[] {
  const all: Record<string, GivenSchedule> = { ...DEFAULT, ...given };
  return Object.entries(all)
    .filter(([, entry]) => entry !== 'off')
    .map(([name, entry]) => readSchedule(name, typeof entry === 'string' ? { cron: entry } : entry, zone));
}

function readSchedule(name: string, given: Exclude<GivenSchedule, string>, zone: string): Schedule {
  const fault = cronFault(given.cron);
  if (fault !== null)
    throw new UserError(
      `schedules.${name}: got ${quoted(given.cron)} (${fault}); expected five fields such as "17 */6 * * *", or off`,
    );
  const does = given.does ?? (name === 'digest' || name === 'follow-up' ? name : 'scan');
  if (given.quiet !== undefined && does !== 'scan')
    throw new UserError(`schedules.${name}.quiet: got it with a ${does}; expected it with a scan only`);
  return {
    name,
    does,
    expression: given.cron,
    timeZone: given.timeZone ?? zone,
    tags: given.tags ?? [],
    lists: given.lists === undefined ? null : [given.lists].flat().join(','),
    quiet: given.quiet ?? null,
    jitter: does === 'digest' ? 0 : (given.jitter ?? JITTER),
  };
}
