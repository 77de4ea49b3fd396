import { UserError } from '../errors.ts';
import { quoted } from '../quoted.ts';
import { type Cron, cronFault } from './cron.ts';

export const WORKS = ['scan', 'follow-up', 'audit', 'digest'] as const;
/**
 * - `scan`: asks all of its lists about all of its targets.
 * - `follow-up`: asks, between scans, only those lists that a target is on, or is about to be.
 * - `audit`: looks at what operators look at before they delist.
 * - `digest`: makes the report since the one before.
 */
type Work = (typeof WORKS)[number];

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
  /** Milliseconds; it starts so much later at most, at random, so that nobody asks on the full hour. */
  jitter: number;
  /** Only of audits. */
  audit?: AuditHow;
};

/** `connect`: to mail servers too, not only DNS. `allowSpecial`: private and other special addresses too. */
export type AuditHow = { connect: boolean; allowSpecial: boolean };

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
      connect?: boolean | undefined;
      allowSpecial?: boolean | undefined;
    };

const MINUTE = 60_000;
const JITTER: Record<Work, number> = { scan: 10 * MINUTE, 'follow-up': 10 * MINUTE, audit: 60 * MINUTE, digest: 0 };

/**
 * What is there without being named: a scan every six hours, a follow-up every hour, audits in the night, a digest in the
 * morning.
 */
const DEFAULT = { scan: '17 */6 * * *', 'follow-up': '47 * * * *', audit: '43 4 * * *', digest: '0 7 * * *' };

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
  const does = given.does ?? WORKS.find((one) => one === name) ?? 'scan';
  refuseForeign(given, does, name);
  const { timeZone = zone, tags = [], lists, quiet = null, jitter, connect = true, allowSpecial = false } = given;
  return {
    ...{ name, does, expression: given.cron, timeZone, tags, quiet },
    lists: lists === undefined ? null : [lists].flat().join(','),
    jitter: does === 'digest' ? 0 : (jitter ?? JITTER[does]),
    ...(does === 'audit' ? { audit: { connect, allowSpecial } } : {}),
  };
}

/** The keys that mean something to some works alone: what is passed over silently looks as if it did something. */
const ONLY: [key: 'lists' | 'quiet' | 'connect' | 'allowSpecial', works: readonly Work[]][] = [
  ['lists', ['scan', 'follow-up']],
  ['quiet', ['scan']],
  ['connect', ['audit']],
  ['allowSpecial', ['audit']],
];

function refuseForeign(given: Exclude<GivenSchedule, string>, does: Work, name: string): void {
  for (const [key, works] of ONLY)
    if (given[key] !== undefined && !works.includes(does))
      throw new UserError(`schedules.${name}.${key}: got it with ${does}; expected it with ${works.join(' or ')} only`);
}
