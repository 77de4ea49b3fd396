import * as v from 'valibot';
import { checkSeverity, outcome } from '../../output/audit-schema.ts';
import { count, impact, moment, type Printed, severity, text, time, why } from '../../output/schema-fields.ts';
import type { Digest } from './digest.ts';

const list = { list: v.string(), listName: v.string() };

const listing = v.object({
  id: count,
  incident: count,
  target: v.string(),
  label: text,
  tags: v.array(v.string()),
  ...list,
  impact,
  severity: v.pipe(severity, v.description('the worst of its codes')),
  level: v.picklist(['none', 'low', 'medium', 'high']),
  codes: v.array(v.object({ code: v.string(), label: v.string() })),
  since: time,
  cleanBefore: moment,
  until: moment,
  endProven: v.pipe(v.nullable(v.boolean()), v.description('whether the end was proven; null while open')),
  reason: v.pipe(text, v.description("the list's TXT")),
  relapses: count,
  lastSeen: v.pipe(moment, v.description('of an open one, when its list was last seen to hold it')),
  move: v.pipe(
    v.nullable(
      v.object({
        actor: v.picklist(['you', 'anyone', 'provider', 'as-operator', 'nobody', 'unknown']),
        page: text,
        requestedAt: moment,
        overdue: v.boolean(),
        first: v.pipe(
          v.array(v.object({ list: v.string(), label: v.string() })),
          v.description('what has to be gone first'),
        ),
      }),
    ),
    v.description('whose move it is'),
  ),
  muted: v.boolean(),
});

const finding = v.object({
  id: count,
  target: v.string(),
  label: text,
  tags: v.array(v.string()),
  check: v.string(),
  subject: v.string(),
  before: v.pipe(v.nullable(outcome), v.description('null: the first look')),
  outcome,
  severity: checkSeverity,
  why: v.string(),
  fix: text,
  ends: v.pipe(moment, v.description('of a certificate')),
  since: time,
  until: moment,
  muted: v.boolean(),
});

const changes = { listed: count, delisted: count };

/** What `digest --format json` prints, and a webhook gets as `data.digest`. Fields may be added. */
export const digestSchema = v.object({
  version: v.literal(1),
  period: v.object({ from: time, to: time }),
  tags: v.pipe(v.nullable(v.array(v.string())), v.description('of targets with any of these; null: of all')),
  targets: v.pipe(count, v.description('tracked now')),
  scans: v.object({ finished: count, last: moment }),
  listed: v.pipe(v.array(listing), v.description('begun in the period and still there')),
  still: v.pipe(v.array(listing), v.description('begun before and still there')),
  delisted: v.array(listing),
  recoded: v.array(v.object({ at: time, added: v.array(v.string()), removed: v.array(v.string()), listing })),
  closed: v.pipe(
    v.array(v.object({ ...listing.entries, endedBy: v.string() })),
    v.description('no longer watched: whether they are over nobody knows'),
  ),
  unseen: v.pipe(
    v.array(v.object({ ...list, operator: v.string(), impact, since: moment, why: v.nullable(why) })),
    v.description('lists that tell nothing now'),
  ),
  outage: v.pipe(count, v.description('so many operators fail together that it is us; 0: they do not')),
  lists: v.array(v.object({ ...list, at: time, kind: v.picklist(['new', 'changed', 'retired']) })),
  audit: v.object({
    targets: count,
    last: moment,
    worse: v.array(finding),
    right: v.array(finding),
    still: v.array(finding),
  }),
  muted: v.array(
    v.object({
      id: count,
      target: v.pipe(text, v.description('null: every target')),
      list: v.pipe(text, v.description('null: every list')),
      createdAt: time,
      until: moment,
      untilDelisted: v.boolean(),
      why: text,
    }),
  ),
  trend: v.object({
    openAtStart: count,
    openNow: count,
    open: v.pipe(v.array(count), v.description('at the end of each day of the period')),
    ...changes,
    before: v.object(changes),
  }),
}) satisfies v.GenericSchema<unknown, Printed<Digest>>;
