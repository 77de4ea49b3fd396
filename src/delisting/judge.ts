import type { List } from '../catalogue/list.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import type { RemovalRecord } from '../listing/history.ts';
import type { RequestRecord } from '../listing/removals.ts';
import { minute } from '../text/minute.ts';
import { spokenDuration } from './duration.ts';
import { definitionOf, factsOf } from './facts.ts';
import { judgeRemoval, type RemovalJudgement } from './removal.ts';

/** What of a recorded listing says whether a request was followed. Times in ISO 8601. */
export type RecordedListing = {
  until: string | null;
  endedBy: string | null;
  codes: readonly { code: string; label: string }[];
  lastSeen?: string;
};

/** Judges a request as it was recorded. Without the list, which the catalogue may no longer know, no time is usual. */
export function judgeRecorded(
  { label, requestedAt, withdrawnAt, note }: RemovalRecord,
  { until, endedBy, codes, lastSeen }: RecordedListing,
  list: List | undefined,
  now: Date,
): RemovalJudgement {
  const withdrawn = withdrawnAt === null ? null : new Date(withdrawnAt);
  const removal = { label, requestedAt: new Date(requestedAt), withdrawnAt: withdrawn, note };
  const listing = {
    until: until === null ? null : new Date(until),
    endedBy,
    codes,
    ...(lastSeen === undefined ? {} : { lastSeen: new Date(lastSeen) }),
  };
  return judgeRemoval(removal, listing, list === undefined ? undefined : usualTime(list, codes, label), now);
}

/** The usual time of the label that was asked for; of the first code where the request was for all. */
function usualTime(list: List, codes: RecordedListing['codes'], label: string | null): string | undefined {
  const seen = codes.find((code) => label === null || code.label === label);
  return factsOf(list, seen === undefined ? undefined : definitionOf(list, seen)?.delisting).usualTime;
}

/** The request that a change answers, and how long that took. */
export type Followed = { label: string | null; requestedAt: string; note: string | null; said: string };

/** `requests`: those about the change's listing that were open before it; null where the change answers none. */
export function followedRequest(
  { kind, at, removed }: Pick<ChangeRecord, 'kind' | 'at' | 'removed'>,
  requests: readonly RequestRecord[],
): Followed | null {
  for (const { label, requestedAt, note, until } of requests) {
    const gone = kind === 'delisted' ? (until ?? at) : at;
    const answers = kind === 'delisted' || (kind === 'recoded' && label !== null && removed.includes(label));
    // Gone before it was asked for, though confirmed after.
    if (!answers || gone < requestedAt) continue;
    const after = spokenDuration(Date.parse(gone) - Date.parse(requestedAt));
    const said = `${after} after the removal request of ${minute(requestedAt)}`;
    return { label, requestedAt, note, said };
  }
  return null;
}
