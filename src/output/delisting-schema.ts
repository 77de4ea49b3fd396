import * as v from 'valibot';
import type { Way } from './delisting.ts';
import { moment, type Printed, removalOutcome, text, time } from './schema-fields.ts';

const code = v.object({ code: v.string(), label: v.string() });

const step = v.object({
  codes: v.pipe(v.array(code), v.description('those that are left in the same way')),
  actor: v.picklist(['you', 'anyone', 'provider', 'as-operator', 'nobody', 'unknown']),
  who: v.string(),
  page: v.pipe(text, v.description("the operator's, the target filled in")),
  requires: v.pipe(v.array(v.string()), v.description('what must be true first, in words')),
  demands: v.pipe(v.array(v.string()), v.description('the same as the catalogue has them')),
  advises: v.array(v.string()),
  blockedBy: v.pipe(
    v.array(v.object({ list: v.string(), label: v.string() })),
    v.description('open listings that have to end first'),
  ),
  sameAs: v.pipe(text, v.description('the wider list whose removal ends this one as well')),
  time: v.string(),
  expiry: v.nullable(v.object({ after: v.string(), earliest: time, latest: time, outlasted: v.boolean() })),
  askFrom: v.pipe(moment, v.description('null: nobody asks, or something else comes first')),
  asked: v.pipe(
    v.nullable(v.object({ label: text, requestedAt: time, withdrawnAt: moment, note: text })),
    v.description('the request that is under way'),
  ),
  dont: v.array(v.string()),
  notes: v.array(v.string()),
});

const demands = v.array(v.object({ requirement: v.string(), text: v.string(), why: v.string(), todo: text }));

const readiness = v.object({
  verdict: v.picklist(['ready', 'your-word', 'blocked', 'unknown', 'provider', 'nobody']),
  says: v.string(),
  met: demands,
  blockers: demands,
  unknowns: demands,
  advised: v.pipe(demands, v.description('not demanded, but looked at by the operator')),
  yourWord: v.array(v.object({ requirement: v.string(), text: v.string(), evidence: v.array(v.string()) })),
});

const way = v.object({
  advice: v.object({ list: v.string(), name: v.string(), target: v.string(), steps: v.array(step) }),
  since: moment,
  reason: v.pipe(text, v.description("the list's TXT, made harmless")),
  texts: v.pipe(
    v.array(v.nullable(v.object({ to: v.picklist(['operator', 'provider']), subject: v.string(), body: v.string() }))),
    v.description('of each step, what to send'),
  ),
  readiness: v.pipe(v.array(readiness), v.description('of each step, by the audit on record; empty without one')),
  requests: v.pipe(v.array(removalOutcome), v.description('what became of earlier ones')),
}) satisfies v.GenericSchema<unknown, Printed<Way>>;

/** What `delist TARGET --format json` prints: lists in the order in which to deal with them. Fields may be added. */
export const delistSchema = v.array(way);
