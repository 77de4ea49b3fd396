import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  inet,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { List, TargetKind } from '../catalogue/list.ts';
import type { Evidence, ListedCode, Policy, Run } from '../listing/state.ts';
import type { Notice } from '../notify/notice.ts';
import type { Message } from '../notify/outbox.ts';
import type { Finding, Outcome, Severity } from '../posture/finding.ts';
import type { ControlReport, PathName, Why } from '../scan/verdict.ts';

/**
 * Rows grow with listings, changes and scans × lists, never with pairs of target and list: what a scan found clean is a
 * row about a range of positions in an immutable set of targets. Times have milliseconds, as JavaScript's.
 */

export type ScanKind = 'scheduled' | 'manual' | 'adaptive' | 'drill';
export type ScanState = 'running' | 'finished' | 'abandoned';
export type ChangeKind = 'listed' | 'delisted' | 'recoded' | 'closed';
/** What ended a listing: the list took the target off, or we can no longer tell. */
export type EndedBy = 'delisted' | 'untracked' | 'list-retired' | 'list-removed' | 'list-changed';
/** Who said that a target is to be tracked: a command, or the configuration, which may also take it back. */
export type Origin = 'command' | 'config';
/** Positions asked, and lookups by verdict. */
export type ScanTotals = { positions: number; listed: number; clean: number; unknown: number };
export type Proof = 'proven' | 'unproven' | 'none';

const id = () => bigint({ mode: 'number' }).primaryKey().generatedByDefaultAsIdentity();
const ref = (name: string) => bigint(name, { mode: 'number' });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
/** An address as an unsigned number; null for a domain. 39 digits hold 2^128. */
const address = () => numeric({ precision: 39, scale: 0, mode: 'bigint' });

/** A target as an address, by which ranges are found; null: it is a domain. */
const addressOfTarget = () =>
  inet('address').generatedAlwaysAs(sql`case when target ~ '^[0-9.]+$|:' then target::inet end`);

/** What is or was tracked. Open rows (no tracked_to) never overlap; an edit closes the row and opens another. */
export const targetRange = pgTable(
  'target_range',
  {
    id: id(),
    kind: text().$type<TargetKind>().notNull(),
    lo: address(),
    hi: address(),
    domain: text(),
    label: text(),
    tags: text().array().notNull().default([]),
    owner: text(),
    origin: text().$type<Origin>().notNull().default('command'),
    trackedFrom: time('tracked_from').notNull(),
    trackedTo: time('tracked_to'),
  },
  (t) => [
    index('target_range_open').on(t.kind, t.lo).where(sql`${t.trackedTo} is null`),
    index('target_range_closed').on(t.trackedTo).where(sql`${t.trackedTo} is not null`),
    index('target_range_span').using('gist', sql`numrange(${t.lo}, ${t.hi}, '[]')`),
    index().on(t.domain),
  ],
);

/** What a list's definition said at the time; the zone is masked where it holds a key. */
export const listVersion = pgTable(
  'list_version',
  {
    id: id(),
    listId: text('list_id').notNull(),
    hash: text().notNull(),
    zone: text().notNull(),
    definition: jsonb().$type<List>().notNull(),
    fromAt: time('from_at').notNull(),
  },
  (t) => [index().on(t.listId, t.id)],
);

/** An immutable set of targets, named by what is in it. */
export const targetSet = pgTable('target_set', {
  id: id(),
  hash: text().notNull().unique(),
  size: integer().notNull(),
});

/** Part of a set: a range whose first target is at position pos_from. */
export const targetSetPart = pgTable(
  'target_set_part',
  {
    setId: ref('set_id')
      .notNull()
      .references(() => targetSet.id),
    ordinal: integer().notNull(),
    kind: text().$type<TargetKind>().notNull(),
    lo: address(),
    hi: address(),
    domain: text(),
    posFrom: integer('pos_from').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.setId, t.ordinal] }),
    index('target_set_part_span').using('gist', sql`numrange(${t.lo}, ${t.hi}, '[]')`),
    index().on(t.domain),
  ],
);

export const scan = pgTable(
  'scan',
  {
    id: id(),
    kind: text().$type<ScanKind>().notNull(),
    /** All tracked targets, or those that were named. */
    full: boolean().notNull(),
    schedule: text(),
    setId: ref('set_id')
      .notNull()
      .references(() => targetSet.id),
    listIds: text('list_ids').array().notNull(),
    policy: jsonb().$type<Policy>().notNull(),
    startedAt: time('started_at').notNull(),
    endedAt: time('ended_at'),
    state: text().$type<ScanState>().notNull(),
    /** What its coverage came to, noted when that was merged into spans; null: ask the coverage. */
    totals: jsonb().$type<ScanTotals>(),
  },
  (t) => [index().on(t.state), index().on(t.setId), index('scan_unmerged').on(t.id).where(sql`${t.totals} is null`)],
);

/**
 * What a scan asked one list of consecutive targets, or several scans after they were merged into a span: scan, servers
 * aside, controls and counts are then those of the last one.
 */
export const coverage = pgTable(
  'coverage',
  {
    id: id(),
    scanId: ref('scan_id')
      .notNull()
      .references(() => scan.id),
    listId: text('list_id').notNull(),
    listVersionId: ref('list_version_id')
      .notNull()
      .references(() => listVersion.id),
    setId: ref('set_id')
      .notNull()
      .references(() => targetSet.id),
    posFrom: integer('pos_from').notNull(),
    /** Exclusive. */
    posTo: integer('pos_to').notNull(),
    /** Of all its targets. */
    kind: text().$type<TargetKind>().notNull(),
    firstAt: time('first_at').notNull(),
    lastAt: time('last_at').notNull(),
    path: text().$type<PathName>(),
    servers: text().array().notNull().default([]),
    proof: text().$type<Proof>().notNull(),
    /** Why all of it is unknown. */
    why: text().$type<Why>(),
    asked: integer().notNull(),
    listed: integer().notNull(),
    clean: integer().notNull(),
    unknown: integer().notNull(),
    controls: jsonb().$type<ControlReport[]>().notNull(),
    scans: integer().notNull().default(1),
    /** Of a span, seconds: no target was unseen for longer between two verdicts; 0 for one scan. */
    maxGap: integer('max_gap').notNull().default(0),
    /** Of a span: by then every target had been seen first, and since then every target was seen last. */
    knownFrom: time('known_from'),
    knownTo: time('known_to'),
  },
  (t) => [
    index().on(t.setId, t.listId, t.firstAt),
    index().on(t.scanId, t.listId, t.posFrom),
    index().on(t.listId, t.id),
  ],
);

/** Targets of a coverage whose verdict was unknown; in a span, at its beginning, its end, or throughout. */
export const exception = pgTable(
  'exception',
  {
    id: id(),
    coverageId: ref('coverage_id')
      .notNull()
      .references(() => coverage.id, { onDelete: 'cascade' }),
    posFrom: integer('pos_from').notNull(),
    posTo: integer('pos_to').notNull(),
    why: text().$type<Why>().notNull(),
    codes: text().array().notNull().default([]),
    /** As of coverage, for these; null: never seen in it. */
    knownFrom: time('known_from'),
    knownTo: time('known_to'),
  },
  (t) => [index().on(t.coverageId, t.posFrom)],
);

/** A change that waits for verdicts that agree. */
export const pending = pgTable(
  'pending',
  {
    target: text().notNull(),
    address: addressOfTarget(),
    listId: text('list_id').notNull(),
    kind: text().$type<'listed' | 'recoded' | 'delisted'>().notNull(),
    /** Verdicts that agree, the first and the last of them; for `delisted` the proven ones. */
    run: jsonb().$type<Run>(),
    /** For `delisted`: cleans at least a day apart, proven or not. */
    daily: jsonb().$type<Run>(),
    codes: jsonb().$type<ListedCode[]>().notNull(),
    evidence: jsonb().$type<Evidence[]>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.target, t.listId] }), index().on(t.listId, t.address)],
);

/** Listings of one target (or prefix, in a burst) that belong together. */
export const incident = pgTable(
  'incident',
  { id: id(), target: text().notNull(), openedAt: time('opened_at').notNull(), closedAt: time('closed_at') },
  (t) => [index().on(t.target)],
);

export const listing = pgTable(
  'listing',
  {
    id: id(),
    target: text().notNull(),
    address: addressOfTarget(),
    listId: text('list_id').notNull(),
    incidentId: ref('incident_id')
      .notNull()
      .references(() => incident.id),
    since: time('since').notNull(),
    /** Last proven clean before; null: never seen clean. */
    cleanBefore: time('clean_before'),
    until: time('until'),
    endedBy: text('ended_by').$type<EndedBy>(),
    /** Whether the end was proven; null while open. */
    endProven: boolean('end_proven'),
    /** When it was last seen, noted before the coverage that says so is merged; null: ask the coverage. */
    lastSeen: time('last_seen'),
    codes: jsonb().$type<ListedCode[]>().notNull(),
    reason: text(),
    /** When the list last gave its text, or said that there is none. */
    reasonAt: time('reason_at'),
    /** Seconds; the largest TTL seen of the answer. */
    ttl: integer(),
    /** Times it was on this list before, in the same incident. */
    relapses: integer().notNull(),
  },
  (t) => [
    uniqueIndex('listing_open').on(t.target, t.listId).where(sql`${t.until} is null`),
    index('listing_ended').on(t.until).where(sql`${t.until} is not null and ${t.lastSeen} is null`),
    index('listing_open_address').on(t.listId, t.address).where(sql`${t.until} is null`),
    index().on(t.target, t.listId, t.since),
    index().on(t.listId, t.since),
    index().on(t.incidentId),
  ],
);

/** Append-only; its order is that of the ids. */
export const change = pgTable(
  'change',
  {
    id: id(),
    /** The confirming verdict. */
    at: time('at').notNull(),
    kind: text().$type<ChangeKind>().notNull(),
    listingId: ref('listing_id')
      .notNull()
      .references(() => listing.id),
    /** null: no scan made it (a target was removed, a list retired). */
    scanId: ref('scan_id').references(() => scan.id),
    before: text().array().notNull(),
    after: text().array().notNull(),
    /** Labels of codes that came and went. */
    added: text().array().notNull().default([]),
    removed: text().array().notNull().default([]),
    proven: boolean().notNull(),
    endedBy: text('ended_by').$type<EndedBy>(),
  },
  (t) => [index().on(t.listingId), index().on(t.at), index().on(t.scanId)],
);

/** How the controls of a batch answered: once, for all changes of which they are evidence. */
export const controls = pgTable('controls', { id: id(), reports: jsonb().$type<ControlReport[]>().notNull() });

/** The verdicts that made a change, oldest first. */
export const evidence = pgTable(
  'evidence',
  {
    changeId: ref('change_id')
      .notNull()
      .references(() => change.id),
    ordinal: integer().notNull(),
    found: jsonb().$type<Omit<Evidence, 'controls'>>().notNull(),
    controlsId: ref('controls_id')
      .notNull()
      .references(() => controls.id),
  },
  (t) => [primaryKey({ columns: [t.changeId, t.ordinal] }), index().on(t.controlsId)],
);

/** A removal that somebody asked for. */
export const removal = pgTable(
  'removal',
  {
    id: id(),
    listingId: ref('listing_id')
      .notNull()
      .references(() => listing.id),
    /** null: of all the listing's codes. */
    label: text(),
    requestedAt: time('requested_at').notNull(),
    withdrawnAt: time('withdrawn_at'),
    note: text(),
  },
  (t) => [index().on(t.listingId)],
);

/** Lookups sent to an operator from one of our source addresses, by the hour. */
export const ledger = pgTable(
  'ledger',
  { operator: text().notNull(), source: text().notNull(), hour: time('hour').notNull(), asked: integer().notNull() },
  (t) => [primaryKey({ columns: [t.operator, t.source, t.hour] })],
);

/** An operator's rate, which all scans on this database draw from, and the named scan that goes first. */
export const lease = pgTable(
  'lease',
  {
    operator: text().notNull(),
    source: text().notNull(),
    /** When its rate will be unused again: turns that were given lie before. */
    spentUntil: time('spent_until').notNull(),
    /** The scan that goes first, until then. null: none does. */
    holder: text(),
    until: time('until'),
    /** While one goes first, when the next turn is for another. */
    othersFrom: time('others_from').notNull(),
  },
  (t) => [primaryKey({ columns: [t.operator, t.source] })],
);

/** A time at which a schedule was due, claimed by one process for all. */
export const tick = pgTable(
  'tick',
  {
    schedule: text().notNull(),
    due: time('due').notNull(),
    /** Later by the jitter. */
    startsAt: time('starts_at').notNull(),
    claimedAt: time('claimed_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.schedule, t.due] })],
);

/** Whom we tell: a channel of the configuration, since when, and up to which change it has been decided what it is owed. */
export const recipient = pgTable('recipient', {
  channel: text().primaryKey(),
  since: time('since').notNull(),
  cursor: ref('cursor').notNull(),
});

/** What is owed to whom. The key says what it is about: nothing is owed twice. Kept when it is sent, for that reason. */
export const notice = pgTable(
  'notice',
  {
    id: id(),
    channel: text().notNull(),
    key: text().notNull(),
    /** null: it is in a message. */
    about: jsonb().$type<Notice>(),
    createdAt: time('created_at').notNull(),
    messageId: ref('message_id'),
  },
  (t) => [unique().on(t.channel, t.key), index('notice_waiting').on(t.channel).where(sql`${t.messageId} is null`)],
);

export type MessageState = 'waiting' | 'sent' | 'dead';

/** Messages to deliver and delivered. The channel is only named: addresses and passwords stay in the configuration. */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    channel: text().notNull(),
    /** null: it was sent. */
    message: jsonb().$type<Message>(),
    kind: text().$type<Message['kind']>().notNull(),
    title: text().notNull(),
    state: text().$type<MessageState>().notNull(),
    createdAt: time('created_at').notNull(),
    /** Not before this. */
    dueAt: time('due_at').notNull(),
    /** Until then failures are tried again. */
    giveUpAt: time('give_up_at').notNull(),
    tries: integer().notNull().default(0),
    /** Of the last try that failed, or what was remarked. */
    said: text(),
    sentAt: time('sent_at'),
  },
  (t) => [index('outbox_waiting').on(t.dueAt).where(sql`${t.state} = 'waiting'`)],
);

/** What nobody wants to be told of for now: a target (range), a list, or a target on a list. */
export const mute = pgTable('mute', {
  id: id(),
  kind: text().$type<TargetKind>(),
  lo: address(),
  hi: address(),
  domain: text(),
  listId: text('list_id'),
  createdAt: time('created_at').notNull(),
  /** null: until it is ended. */
  until: time('until'),
  /** The one listing that it is about, and ends with. */
  listingId: ref('listing_id').references(() => listing.id),
  why: text(),
  endedAt: time('ended_at'),
});

/** Audits of the same targets, by hand or by one schedule: what each found is compared with what the one before found. */
export const audit = pgTable(
  'audit',
  {
    id: id(),
    /** Domains and addresses, sorted, with spaces between. */
    subject: text().notNull(),
    /** Empty: by hand. */
    schedule: text().notNull().default(''),
    targets: text().array().notNull(),
    /** Whether people are told what changes. */
    watched: boolean().notNull().default(false),
    firstAt: time('first_at').notNull(),
    lastAt: time('last_at').notNull(),
    runs: integer().notNull(),
  },
  (t) => [unique('audit_subject_unique').on(t.subject, t.schedule)],
);

/** One time that a schedule had everything audited. */
export const auditRun = pgTable('audit_run', {
  id: id(),
  schedule: text().notNull(),
  startedAt: time('started_at').notNull(),
  /** null: under way. */
  endedAt: time('ended_at'),
  targets: integer().notNull(),
});

/**
 * What a check said, from the audit that first saw it to the one that saw something else: a row for each change, none
 * for an audit that finds what it found before. An unknown does not end what is known.
 */
export const finding = pgTable(
  'finding',
  {
    id: id(),
    auditId: ref('audit_id')
      .notNull()
      .references(() => audit.id),
    check: text('check_id').notNull(),
    subject: text().notNull(),
    outcome: text().$type<Outcome>().notNull(),
    /** Of the row before; null: the first. */
    before: text().$type<Outcome>(),
    severity: text().$type<Severity>().notNull(),
    /** As last seen. */
    found: jsonb().$type<Finding>().notNull(),
    since: time('since').notNull(),
    seenAt: time('seen_at').notNull(),
    until: time('until'),
  },
  (t) => [
    uniqueIndex('finding_open').on(t.auditId, t.check, t.subject).where(sql`${t.until} is null`),
    index('finding_since').on(t.auditId, t.since),
    index('finding_latest').on(t.since),
  ],
);
