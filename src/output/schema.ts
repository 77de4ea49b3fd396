import * as v from 'valibot';

const time = v.pipe(v.string(), v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const polarity = v.picklist(['block', 'allow', 'reputation', 'informational']);
const path = v.nullable(v.picklist(['servers', 'direct', 'system', 'host']));

const meaning = v.object({
  code: v.string(),
  label: v.string(),
  meaning: v.string(),
  severity: v.picklist(['info', 'low', 'medium', 'high']),
  polarity,
});

const why = v.picklist([
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

const result = v.object({
  target: v.string(),
  list: v.string(),
  zone: v.pipe(v.string(), v.description('{key} in place of an account key')),
  polarity: v.pipe(polarity, v.description('of the codes, where they have their own')),
  impact: v.picklist(['low', 'medium', 'high']),
  verdict: v.picklist(['listed', 'clean', 'unknown']),
  proven: v.boolean(),
  codes: v.array(v.string()),
  meanings: v.array(meaning),
  why: v.pipe(v.nullable(why), v.description('why the verdict is unknown')),
  reason: v.pipe(v.nullable(v.string()), v.description("the list's TXT, made harmless")),
  ttl: v.pipe(v.nullable(count), v.description('seconds')),
  path,
  server: v.nullable(v.string()),
});

const list = v.object({
  id: v.string(),
  health: v.picklist(['healthy', 'unproven', 'unreachable', 'refused', 'empty', 'wildcard', 'quarantined', 'retired']),
  path,
  detail: v.nullable(v.string()),
  asked: count,
  unknown: count,
});

const change = v.object({
  kind: v.picklist(['listed', 'delisted', 'recoded', 'closed']),
  target: v.string(),
  list: v.string(),
});

const request = v.object({
  target: v.string(),
  list: v.string(),
  label: v.pipe(v.nullable(v.string()), v.description('of one code; null: of the whole listing')),
  requestedAt: time,
  note: v.nullable(v.string()),
  outcome: v.object({ kind: v.picklist(['waiting', 'overdue', 'removed']), said: v.string() }),
});

const summary = v.object({
  targets: count,
  lists: count,
  lookups: count,
  listed: count,
  clean: v.pipe(count, v.description('proven or not')),
  unproven: count,
  unknown: count,
  other: v.pipe(count, v.description('answers of allow, reputation and informational codes')),
});

/** What `check --format json` and `scan --format json` print. Fields may be added. */
export const outputSchema = v.object({
  version: v.literal(1),
  startedAt: time,
  finishedAt: time,
  results: v.array(result),
  lists: v.array(list),
  changes: v.optional(v.array(change)),
  requests: v.pipe(
    v.optional(v.array(request)),
    v.description('removal requests about what this scan has seen listed still'),
  ),
  summary,
});
