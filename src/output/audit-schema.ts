import * as v from 'valibot';
import type { AuditDocument } from './audit.ts';
import { count, type Printed, text, time } from './schema-fields.ts';

export const outcome = v.picklist(['pass', 'warn', 'fail', 'unknown', 'not-applicable']);
export const checkSeverity = v.picklist(['critical', 'high', 'medium', 'low', 'info']);

const setting = v.exactOptional(v.string());

const finding = v.object({
  check: v.pipe(v.string(), v.description('a stable name, such as ptr.fcrdns')),
  subject: v.pipe(v.string(), v.description('what was looked at: an address, a domain, or host:port')),
  outcome: v.pipe(outcome, v.description('unknown: could not be looked at')),
  severity: v.pipe(checkSeverity, v.description('how much it matters where it fails')),
  why: v.string(),
  evidence: v.pipe(v.array(v.string()), v.description('what was seen, a line each: text of strangers')),
  rfc: text,
  fix: v.nullable(
    v.object({
      say: v.string(),
      before: v.pipe(text, v.description('what stands there now')),
      after: v.pipe(text, v.description('what should')),
      settings: v.pipe(
        v.object({ postfix: setting, exim: setting, dovecot: setting }),
        v.description("lines of a server's configuration"),
      ),
    }),
  ),
  settle: v.pipe(text, v.description('of an unknown: the command or option that settles it')),
});

/** What `audit --format json` prints. Fields may be added. */
export const auditSchema = v.object({
  version: v.literal(1),
  startedAt: time,
  finishedAt: time,
  subject: v.object({
    domains: v.array(v.string()),
    addresses: v.array(
      v.object({ address: v.string(), mx: v.pipe(text, v.description('the MX host that led to it; null: named')) }),
    ),
    helo: text,
    selectors: v.array(v.object({ selector: v.string(), domain: v.string() })),
  }),
  findings: v.array(finding),
  summary: v.pipe(
    v.object({ pass: count, warn: count, fail: count, unknown: count, 'not-applicable': count }),
    v.description('findings by outcome'),
  ),
}) satisfies v.GenericSchema<unknown, Printed<AuditDocument>>;
