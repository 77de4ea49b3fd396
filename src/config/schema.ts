import * as v from 'valibot';
import { parseServer } from '../dns/resolvers.ts';
import { parseDuration } from '../duration.ts';
import { notifyEntries } from './channels.ts';
import { duration, filled, listIds, text } from './pieces.ts';
import { serveEntries } from './schedules.ts';

const span = duration('5m', '0s');

const listId = v.string('the id of a list or operator');
const timeout = v.pipe(
  duration('5s'),
  v.check((value) => inMilliseconds(value, 1, 600_000), 'a duration from 1ms to 10m'),
);
const positive = v.pipe(v.number('a number above 0'), v.minValue(0.001, 'a number above 0'));
const count = (least: number, most: number) => {
  const message = `a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
};

const OPERATORS = 'none or an object of operators and {perSecond, perDay}';
const LIMITS = 'none or {perSecond, perDay}, numbers above 0';
const limits = v.union(
  [
    v.literal('none', LIMITS),
    v.strictObject({ perSecond: v.optional(positive), perDay: v.optional(count(1, 1_000_000_000)) }, LIMITS),
  ],
  LIMITS,
);

const RESOLVER = 'auto, direct, system or an address with an optional port';
const resolver = v.pipe(
  v.string(RESOLVER),
  v.check((value) => ['auto', 'direct', 'system'].includes(value) || isServer(value), RESOLVER),
);

function inMilliseconds(value: string, least: number, most: number): boolean {
  const milliseconds = parseDuration(value) ?? 0;
  return milliseconds >= least && milliseconds <= most;
}

function isServer(value: string): boolean {
  try {
    parseServer(value);
    return true;
  } catch {
    return false;
  }
}

const FILES = 'a file or an array of files';
/** An address would be taken for the name of a file, and the password in it be shown. */
const file = v.pipe(
  filled(FILES),
  v.check((value) => !value.includes('://'), 'a file'),
);

const TARGET = 'a target, {target, label, tags, owner} or {file}';
const allowSpecial = v.pipe(
  v.optional(v.boolean('true or false')),
  v.description('Take private, loopback and documentation addresses too'),
);
const target = v.union(
  [
    text,
    v.strictObject(
      {
        target: filled('a target'),
        label: v.optional(text),
        tags: v.optional(v.array(text, 'an array of tags')),
        owner: v.optional(text),
        allowSpecial,
      },
      TARGET,
    ),
    v.strictObject(
      {
        file: v.pipe(filled('a file'), v.description('As of `targets import`; relative to this file')),
        allowSpecial,
      },
      TARGET,
    ),
  ],
  TARGET,
);

/** The configuration file. Unknown keys are mistakes: one that is silently passed over looks as if it worked. */
export const configSchema = v.strictObject(
  {
    database: v.pipe(v.optional(text), v.description('postgres:// address, or the folder of the private PostgreSQL')),
    catalogue: v.pipe(
      v.optional(v.union([file, v.array(file, FILES)], FILES)),
      v.description('Catalogue files; relative to this file. A list with a known id replaces it'),
    ),
    lists: v.pipe(
      v.optional(listIds),
      v.description('What is asked: ids and tags, `default` or `all`. Default: default'),
    ),
    targets: v.pipe(
      v.optional(v.array(target, 'an array of targets')),
      v.description(
        'Tracked from the next scan on, beside those added by command; what is taken out here is tracked no longer. ' +
          'Name them in one configuration only. Without this key nothing is changed',
      ),
    ),
    keys: v.pipe(
      v.optional(v.record(listId, filled('a key as a text, in quotes'), 'an object of list or operator ids and keys')),
      v.description('Account keys by list or operator id; secret. Also DNSBLWATCH_KEY_<ID> in the environment'),
    ),
    resolver: v.pipe(v.optional(resolver), v.description('How lists are asked. Default: auto')),
    timeout: v.pipe(v.optional(timeout), v.description('Deadline of a lookup over all its tries. Default: 5s')),
    confirm: v.pipe(
      v.optional(
        v.strictObject(
          {
            listed: v.pipe(v.optional(count(1, 20)), v.description('Verdicts that make a listing. Default: 1')),
            delisted: v.pipe(v.optional(count(1, 20)), v.description('Proven cleans that end one. Default: 2')),
            spacing: v.pipe(v.optional(span), v.description('Least time between two that count. Default: 5m')),
          },
          'an object with listed, delisted, spacing',
        ),
      ),
    ),
    limits: v.pipe(
      v.optional(v.union([v.literal('none', OPERATORS), v.record(listId, limits, OPERATORS)], OPERATORS)),
      v.description('By list or operator id; goes before what the catalogue says'),
    ),
    retention: v.pipe(
      v.optional(
        v.strictObject(
          {
            coverage: v.pipe(
              v.optional(span),
              v.description('After that, scans that found the same are kept as one span. Default: 30d'),
            ),
            evidence: v.pipe(
              v.optional(span),
              v.description('After that, answers of lists about what is listed no longer are dropped. Default: 365d'),
            ),
          },
          'an object with coverage, evidence',
        ),
      ),
      v.description('How long what is recorded is kept in full. Listings and changes are kept always'),
    ),
    ...notifyEntries,
    ...serveEntries,
    source: v.pipe(
      v.optional(text),
      v.description(
        'Name of the address that the lists see. All machines on a database keep the limits together; those that have an ' +
          'address of their own may each give it a name here and then have the limits each. Default: default',
      ),
    ),
  },
  'an object of keys, such as lists: default',
);

export type ConfigFile = v.InferOutput<typeof configSchema>;
