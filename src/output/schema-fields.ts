import * as v from 'valibot';

/** What several of the documents that we print are made of. */

/** A value as JSON has it. A schema that `satisfies` it has every field that the program prints. */
export type Printed<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Printed<Item>[]
    : T extends object
      ? { [Key in keyof T]: Printed<T[Key]> }
      : T;

export const time = v.pipe(v.string(), v.isoTimestamp());
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const text = v.nullable(v.string());
export const moment = v.nullable(time);
export const pathName = v.picklist(['servers', 'direct', 'system', 'host']);
export const severity = v.picklist(['info', 'low', 'medium', 'high']);
export const polarity = v.picklist(['block', 'allow', 'reputation', 'informational']);
export const impact = v.picklist(['low', 'medium', 'high']);

export const why = v.picklist([
  'timeout',
  'servfail',
  'refused',
  'malformed',
  'bad-answer',
  'unrecognised-code',
  'refused-by-list',
  'network',
  'budget',
  'list-unreachable',
  'list-refused',
  'list-empty',
  'list-wildcard',
  'list-quarantined',
  'list-retired',
]);

export const removalOutcome = v.object({
  kind: v.picklist(['removed', 'waiting', 'overdue', 'withdrawn', 'needless', 'unwatched']),
  after: v.pipe(v.number(), v.description('milliseconds from the request to the removal, or to now')),
  said: v.string(),
});
