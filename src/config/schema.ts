import * as v from 'valibot';
import { parseServer } from '../dns/resolvers.ts';
import { notifyEntries } from './channels.ts';
import { duration, text } from './pieces.ts';
import { serveEntries } from './schedules.ts';

const span = duration('5m', '0s');

/** No number alone: valibot takes an array for an object with such keys. */
const listId = v.pipe(v.string(), v.regex(/\D/, 'expected the id of a list or operator'));
const positive = v.pipe(v.number('expected a number'), v.minValue(0.001, 'expected a number above 0'));
const count = (least: number, most: number) => {
  const message = `expected a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message));
};

const limits = v.union(
  [v.literal('none'), v.strictObject({ perSecond: v.optional(positive), perDay: v.optional(count(1, 1_000_000_000)) })],
  'expected none or {perSecond, perDay}, numbers above 0',
);

const RESOLVER = 'expected auto, direct, system or an address with an optional port';
const resolver = v.pipe(
  v.string(RESOLVER),
  v.check((value) => ['auto', 'direct', 'system'].includes(value) || isServer(value), RESOLVER),
);

function isServer(value: string): boolean {
  try {
    parseServer(value);
    return true;
  } catch {
    return false;
  }
}

const TARGET = 'expected a target, {target, label, tags, owner} or {file}';
const allowSpecial = v.pipe(
  v.optional(v.boolean('expected true or false')),
  v.description('Take private, loopback and documentation addresses too'),
);
const target = v.union(
  [
    text,
    v.strictObject({
      target: text,
      label: v.optional(text),
      tags: v.optional(v.array(text, 'expected an array of tags')),
      owner: v.optional(text),
      allowSpecial,
    }),
    v.strictObject({
      file: v.pipe(text, v.description('As of `targets import`; relative to this file')),
      allowSpecial,
    }),
  ],
  TARGET,
);

/** The configuration file. Unknown keys are mistakes: one that is silently passed over looks as if it worked. */
export const configSchema = v.strictObject({
  database: v.pipe(v.optional(text), v.description('postgres:// address, or the folder of the private PostgreSQL')),
  catalogue: v.pipe(
    v.optional(v.union([text, v.array(text)], 'expected a file or an array of files')),
    v.description('Catalogue files; relative to this file. A list with a known id replaces it'),
  ),
  lists: v.pipe(
    v.optional(v.union([text, v.array(text)], 'expected ids, tags, default or all')),
    v.description('What is asked: ids and tags, `default` or `all`. Default: default'),
  ),
  targets: v.pipe(
    v.optional(v.array(target, 'expected an array of targets')),
    v.description(
      'Tracked from the next scan on, beside those added by command; what is taken out here is tracked no longer. ' +
        'Name them in one configuration only. Without this key nothing is changed',
    ),
  ),
  keys: v.pipe(
    v.optional(v.record(listId, text, 'expected an object of list or operator ids and keys')),
    v.description('Account keys by list or operator id; secret. Also DNSBLWATCH_KEY_<ID> in the environment'),
  ),
  resolver: v.pipe(v.optional(resolver), v.description('How lists are asked. Default: auto')),
  timeout: v.pipe(v.optional(span), v.description('Deadline of a lookup over all its tries. Default: 5s')),
  confirm: v.pipe(
    v.optional(
      v.strictObject(
        {
          listed: v.pipe(v.optional(count(1, 20)), v.description('Verdicts that make a listing. Default: 1')),
          delisted: v.pipe(v.optional(count(1, 20)), v.description('Proven cleans that end one. Default: 2')),
          spacing: v.pipe(v.optional(span), v.description('Least time between two that count. Default: 5m')),
        },
        'expected an object with listed, delisted, spacing',
      ),
    ),
  ),
  limits: v.pipe(
    v.optional(
      v.union(
        [v.literal('none'), v.record(listId, limits)],
        'expected none or an object of operators and {perSecond, perDay}',
      ),
    ),
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
        'expected an object with coverage, evidence',
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
});

export type ConfigFile = v.InferOutput<typeof configSchema>;
