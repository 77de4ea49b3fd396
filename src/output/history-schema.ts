import * as v from 'valibot';
import type { Then } from '../listing/at.ts';
import type { ShownChange, ShownListing } from './history.ts';
import { count, moment, type Printed, pathName, removalOutcome, text, time, why } from './schema-fields.ts';

/** What `history --format json` prints, by what it is asked for. Fields may be added. */

const endedBy = v.nullable(v.picklist(['delisted', 'untracked', 'list-retired', 'list-removed', 'list-changed']));

const removal = v.object({
  label: v.pipe(text, v.description('of one code; null: of the whole listing')),
  requestedAt: time,
  withdrawnAt: moment,
  note: text,
  outcome: removalOutcome,
});

const listing = v.object({
  id: count,
  target: v.string(),
  list: v.string(),
  since: v.pipe(time, v.description('the first verdict that agreed')),
  cleanBefore: v.pipe(moment, v.description('last proven clean before; null: never seen clean')),
  until: v.pipe(moment, v.description('null: open')),
  endedBy,
  endProven: v.pipe(v.nullable(v.boolean()), v.description('whether the end was proven; null while open')),
  lastSeen: time,
  codes: v.array(v.object({ code: v.string(), label: v.string(), since: time })),
  reason: v.pipe(text, v.description("the list's TXT, made harmless")),
  relapses: count,
  incident: count,
  removals: v.array(removal),
}) satisfies v.GenericSchema<unknown, Printed<ShownListing>>;

const control = v.object({
  name: v.string(),
  role: v.picklist(['listed', 'not-listed', 'random']),
  answered: v.string(),
  at: time,
  server: v.exactOptional(v.string()),
  ttl: v.exactOptional(v.nullable(v.number())),
});

const evidence = v.object({
  at: time,
  scan: count,
  asked: v.pipe(text, v.description('the name; {key} in place of an account key')),
  path: v.nullable(pathName),
  server: text,
  rcode: text,
  addresses: v.array(v.string()),
  txt: text,
  ttl: v.pipe(v.nullable(v.number()), v.description('seconds')),
  proven: v.boolean(),
  controls: v.array(control),
});

export const changeSchema = v.object({
  id: v.pipe(count, v.description('says the order')),
  at: v.pipe(time, v.description('the confirming verdict')),
  kind: v.picklist(['listed', 'delisted', 'recoded', 'closed']),
  target: v.string(),
  list: v.string(),
  before: v.pipe(v.array(v.string()), v.description('codes')),
  after: v.pipe(v.array(v.string()), v.description('codes')),
  added: v.pipe(v.array(v.string()), v.description('labels')),
  removed: v.pipe(v.array(v.string()), v.description('labels')),
  proven: v.boolean(),
  endedBy,
  evidence: v.array(evidence),
  removal: v.pipe(
    v.nullable(v.object({ label: text, requestedAt: time, note: text, said: v.string() })),
    v.description('the removal request that it answers'),
  ),
}) satisfies v.GenericSchema<unknown, Printed<ShownChange>>;

const of = { target: v.string(), list: v.string() };
const every = v.pipe(
  v.nullable(v.number()),
  v.description('old scans were merged: seconds that were never exceeded between two'),
);

const then = v.variant('answer', [
  v.object({ ...of, answer: v.literal('not-tracked') }),
  v.object({
    ...of,
    answer: v.literal('listed'),
    since: time,
    lastSeen: time,
    every,
    until: moment,
    endedBy,
    codes: v.array(v.string()),
  }),
  v.object({ ...of, answer: v.literal('clean'), proven: v.boolean(), checkedAt: time, minutesBefore: count, every }),
  v.object({ ...of, answer: v.literal('never-checked'), why: v.nullable(why) }),
]) satisfies v.GenericSchema<unknown, Printed<Then>>;

/** `history`. */
export const historySchema = v.array(listing);
/** `history --changes`. */
export const changesSchema = v.array(changeSchema);
/** `history TARGET --at TIME`. */
export const momentSchema = v.array(then);
