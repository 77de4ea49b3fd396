import type { Removal } from './advice.ts';
import { durationMs, spokenDuration } from './duration.ts';

/** What became of a request for removal. */
export type RemovalJudgement = {
  kind: 'removed' | 'waiting' | 'overdue' | 'withdrawn' | 'needless' | 'unwatched';
  /** Milliseconds from the request to the removal, or to now. */
  after: number;
  said: string;
};

/** The listing the request was for; `endedBy` is `delisted`, or why it is no longer watched. */
export type JudgedListing = {
  until: Date | null;
  endedBy: string | null;
  codes: readonly { label: string }[];
  /** Of an open one, when it was last seen; default: just now. */
  lastSeen?: Date;
};

/** `usualTime`: ISO 8601, as the catalogue has it for the code; the label of a recoded listing counts as removed. */
export function judgeRemoval(
  removal: Removal,
  listing: JudgedListing,
  usualTime: string | undefined,
  now: Date,
): RemovalJudgement {
  const asked = removal.requestedAt.getTime();
  const until = listing.until?.getTime() ?? null;
  const end = until ?? (listing.lastSeen ?? now).getTime();
  // A clock that was set back must not give a negative time.
  const after = Math.max(0, end - asked);
  const judged = (kind: RemovalJudgement['kind'], said: string): RemovalJudgement => ({ kind, after, said });

  const over = removal.withdrawnAt !== null && removal.withdrawnAt.getTime() <= end;
  if (over) return judged('withdrawn', 'the request was withdrawn');
  if (until !== null && listing.endedBy !== null && listing.endedBy !== 'delisted') {
    return judged('unwatched', 'no longer watched, so nobody saw whether it was removed');
  }
  if (until !== null && until < asked) return judged('needless', 'it was off the list before the request');
  if (until !== null) return judged('removed', `removed after ${spokenDuration(after)}`);
  if (removal.label !== null && !listing.codes.some(({ label }) => label === removal.label)) {
    return judged(
      'removed',
      `${removal.label} is gone within ${spokenDuration(after)} of the request, other codes stand`,
    );
  }
  if (listing.lastSeen !== undefined && listing.lastSeen.getTime() < asked)
    return judged('waiting', 'not seen there since the request, but not proven gone either');
  const usual = durationMs(usualTime);
  if (usual === null)
    return judged('waiting', `still there after ${spokenDuration(after)}; the operator gives no time`);
  if (after <= usual) {
    return judged('waiting', `still there after ${spokenDuration(after)}; it usually takes ${spokenDuration(usual)}`);
  }
  return judged(
    'overdue',
    `still there after ${spokenDuration(after)}, and the usual time is ${spokenDuration(usual)}: ` +
      'look whether the cause goes on and whether the operator answered, before you ask again',
  );
}
