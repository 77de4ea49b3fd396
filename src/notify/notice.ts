import type { Level } from '../catalogue/codes.ts';
import type { Impact, Severity } from '../catalogue/list.ts';
import type { Severity as CheckSeverity, Outcome } from '../posture/finding.ts';
import type { Why } from '../scan/verdict.ts';

/** Why somebody is told something. */
export type Reason =
  /** New on a list. */
  | 'listed'
  /** Found when it was looked at for the first time; it may have been there for long. */
  | 'found'
  /** On the list for something worse, or for more, than before. */
  | 'recoded'
  | 'delisted'
  /** Still listed after so long. */
  | 'still-listed'
  /** Still listed when the mute ends that hid it. */
  | 'mute-ended'
  | 'removal-overdue'
  /** Comes and goes: from here on only the digest tells each change. */
  | 'flapping'
  /** Stays as it is after that. */
  | 'settled'
  | 'quarantined'
  | 'blind'
  | 'outage'
  | FindingReason;

/** Why somebody is told what an audit found. */
export type FindingReason =
  /** Not in order when it was looked at for the first time. */
  | 'audit-found'
  | 'audit-worse'
  /** SPF stopped to allow an address. */
  | 'spf-lost'
  /** The reverse name is gone, or leads back no more. */
  | 'ptr-lost'
  | 'certificate-ends'
  /** In order again. */
  | 'audit-right'
  /** In order one day and not the other: from here on only the digest tells each change. */
  | 'audit-flapping';

/** A listing with all that a message says of it. Times in ISO 8601. */
export type ListingFacts = {
  id: number;
  incident: number;
  target: string;
  /** What the target is called, and to whom it belongs. */
  label: string | null;
  tags: string[];
  list: string;
  listName: string;
  impact: Impact;
  /** The worst of its codes. */
  severity: Severity;
  level: Level;
  codes: { code: string; label: string }[];
  since: string;
  cleanBefore: string | null;
  until: string | null;
  /** Whether the end was proven; null while open. */
  endProven: boolean | null;
  /** The list's own text: hostile. */
  reason: string | null;
  relapses: number;
};

/** A list as scans see it. */
export type ListFacts = { list: string; listName: string; operator: string; impact: Impact };

/** A change of what audits found, with all that a message says of it. Times in ISO 8601. */
export type FindingFacts = {
  id: number;
  /** The tracked target that it is about, what that is called, and to whom it belongs. */
  target: string;
  label: string | null;
  tags: string[];
  check: string;
  /** What was looked at: the target, one of its ports, an address that sends for it. */
  subject: string;
  /** null: the first look. */
  before: Outcome | null;
  outcome: Outcome;
  severity: CheckSeverity;
  why: string;
  /** What to do, in a sentence. */
  fix: string | null;
  /** Of a certificate. */
  ends: string | null;
  since: string;
  until: string | null;
};

/** Something that is owed. `key` is the same whenever the same is found out again. */
export type Notice = { key: string; at: string } & (
  | { reason: 'listed' | 'found' | 'delisted' | 'mute-ended' | 'removal-overdue'; listing: ListingFacts }
  | { reason: 'recoded'; listing: ListingFacts; added: string[]; removed: string[] }
  /** `after` in milliseconds: the reminder that is due. */
  | { reason: 'still-listed'; listing: ListingFacts; after: number }
  | { reason: 'flapping' | 'settled'; listing: ListingFacts; changes: number; from: string }
  | { reason: 'quarantined' | 'blind'; list: ListFacts; since: string | null; why: Why | null }
  | { reason: Exclude<FindingReason, 'audit-flapping'>; finding: FindingFacts }
  | { reason: 'audit-flapping'; finding: FindingFacts; changes: number; from: string }
  | { reason: 'outage'; lists: ListFacts[]; operators: number; since: string | null }
);
