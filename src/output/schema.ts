import * as v from 'valibot';
import { changeSchema } from './history-schema.ts';
import { count, impact, pathName, polarity, removalOutcome, severity, text, time, why } from './schema-fields.ts';

const path = v.nullable(pathName);

const meaning = v.object({
  code: v.string(),
  label: v.string(),
  meaning: v.string(),
  severity,
  polarity,
});

const result = v.object({
  target: v.string(),
  list: v.string(),
  zone: v.pipe(v.string(), v.description('{key} in place of an account key')),
  polarity: v.pipe(polarity, v.description('of the codes, where they have their own')),
  impact,
  verdict: v.picklist(['listed', 'clean', 'unknown']),
  proven: v.boolean(),
  codes: v.array(v.string()),
  meanings: v.array(meaning),
  why: v.pipe(v.nullable(why), v.description('why the verdict is unknown')),
  reason: v.pipe(text, v.description("the list's TXT, made harmless")),
  ttl: v.pipe(v.nullable(count), v.description('seconds')),
  path,
  server: text,
});

const list = v.object({
  id: v.string(),
  health: v.picklist(['healthy', 'unproven', 'unreachable', 'refused', 'empty', 'wildcard', 'quarantined', 'retired']),
  path,
  detail: text,
  asked: count,
  unknown: count,
});

const request = v.object({
  target: v.string(),
  list: v.string(),
  label: v.pipe(text, v.description('of one code; null: of the whole listing')),
  requestedAt: time,
  note: text,
  outcome: removalOutcome,
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
  changes: v.optional(v.array(changeSchema)),
  requests: v.pipe(
    v.optional(v.array(request)),
    v.description('removal requests about what this scan has seen listed still'),
  ),
  summary,
});
