import * as v from 'valibot';
import { parseDuration } from '../duration.ts';
import { located } from '../errors.ts';
import { readSchedules, type Schedule, WORKS } from '../schedule/schedules.ts';
import { duration, filled, listIds, name, text, timeZone } from './pieces.ts';

/** The keys `schedules` and `serve` of the configuration: their schema, and what they mean. */

const LISTEN = 'an address and a port such as 127.0.0.1:9153, or off';
const listen = v.pipe(
  v.string(LISTEN),
  v.check((value) => value === 'off' || addressOf(value) !== null, LISTEN),
);

const SCHEDULE = 'a cron expression, {cron, does, timeZone, tags, lists, quiet, jitter, connect, allowSpecial} or off';
const schedule = v.union(
  [
    text,
    v.strictObject(
      {
        cron: v.pipe(
          filled('a cron expression such as 17 */6 * * *'),
          v.description('Five fields, such as 17 */6 * * *'),
        ),
        does: v.pipe(
          v.optional(v.picklist(WORKS, WORKS.join(', '))),
          v.description(
            '`follow-up`: only what is listed, or about to be, on the lists that say so; `audit`: what operators look at ' +
              'before they delist, of domains and addresses tracked one by one. Default: as it is called, else scan',
          ),
        ),
        timeZone: v.optional(timeZone),
        tags: v.pipe(
          v.optional(v.array(text, 'an array of tags')),
          v.description('Targets with one of these tags; without, all'),
        ),
        lists: v.pipe(v.optional(listIds), v.description('As `lists` above, for this schedule')),
        quiet: v.pipe(
          v.optional(duration('24h')),
          v.description(
            'Targets near which nothing was listed for 30 days are asked about only so often. Without: each time',
          ),
        ),
        jitter: v.pipe(
          v.optional(duration('10m')),
          v.description('It starts so much later at most, at random. Default: 10m, of audits 1h, of digests none'),
        ),
        connect: v.pipe(
          v.optional(v.boolean('true or false')),
          v.description('Of audits: connect to mail servers; else DNS alone is asked. Default: true'),
        ),
        allowSpecial: v.pipe(
          v.optional(v.boolean('true or false')),
          v.description('Of audits: private, loopback and documentation addresses too. Default: false'),
        ),
      },
      SCHEDULE,
    ),
  ],
  SCHEDULE,
);

export const serveEntries = {
  schedules: v.pipe(
    v.optional(v.record(name, schedule, 'an object of names and schedules')),
    v.description(
      'What `serve` does when. `scan`, `follow-up`, `audit` and `digest` are there without being named; `off` leaves one out',
    ),
  ),
  serve: v.optional(
    v.strictObject(
      {
        listen: v.pipe(v.optional(listen), v.description('Of metrics and health. Default: 127.0.0.1:9153')),
        stopWithin: v.pipe(
          v.optional(duration('30s')),
          v.description('What is under way after that is left to the next start. Default: 30s'),
        ),
        targetMetrics: v.pipe(
          v.optional(v.boolean('true or false')),
          v.description('A metric for each listed target as well, not only for each list. Default: false'),
        ),
        timeZone: v.pipe(v.optional(timeZone), v.description("Of schedules without one. Default: the machine's")),
      },
      'an object with listen, stopWithin, targetMetrics, timeZone',
    ),
  ),
};

const entries = v.object(serveEntries);

export type Serve = {
  schedules: Schedule[];
  /** null: no metrics, no health. */
  listen: { host: string; port: number } | null;
  /** Milliseconds. */
  stopWithin: number;
  targetMetrics: boolean;
};

/** Throws UserError that names the file and the entry. */
export function serveFrom(given: v.InferOutput<typeof entries>, where: string): Serve {
  const {
    listen: at = '127.0.0.1:9153',
    stopWithin = '30s',
    targetMetrics = false,
    timeZone: zone,
  } = given.serve ?? {};
  const read = Object.entries(given.schedules ?? {}).map(([id, entry]) => {
    if (typeof entry === 'string') return [id, entry] as const;
    const { jitter, quiet, ...rest } = entry;
    return [id, { ...rest, ...inMs('jitter', jitter), ...inMs('quiet', quiet) }] as const;
  });
  const zoneOfMachine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    schedules: located(where, () => readSchedules(Object.fromEntries(read), zone ?? zoneOfMachine)),
    listen: addressOf(at),
    stopWithin: parseDuration(stopWithin) ?? 0,
    targetMetrics,
  };
}

const inMs = (key: 'jitter' | 'quiet', given: string | undefined): object =>
  given === undefined ? {} : { [key]: parseDuration(given) ?? 0 };

/** `127.0.0.1:9153`, `[::1]:9153`; null for anything else. */
function addressOf(value: string): { host: string; port: number } | null {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? null : { host, port };
}
