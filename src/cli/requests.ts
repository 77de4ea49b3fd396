import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { followedRequest, judgeRecorded } from '../delisting/judge.ts';
import type { RemovalJudgement } from '../delisting/removal.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import type { ListingRecord, RemovalRecord } from '../listing/history.ts';
import { openRequests, requestsBefore } from '../listing/removals.ts';
import type { ShownChange, ShownListing } from '../output/history.ts';

/** Each change with the removal request that it answers. */
export async function withRequests(db: Database, changes: readonly ChangeRecord[]): Promise<ShownChange[]> {
  const answering = changes.filter(({ kind }) => kind === 'delisted' || kind === 'recoded').map(({ id }) => id);
  const requests = answering.length === 0 ? new Map() : await requestsBefore(db, answering);
  return changes.map((one) => ({ ...one, removal: followedRequest(one, requests.get(one.id) ?? []) }));
}

/** Each listing with what became of the requests about it. */
export function withOutcomes(listings: readonly ListingRecord[], lists: readonly List[], now: Date): ShownListing[] {
  const byId = new Map(lists.map((list) => [list.id, list]));
  return listings.map((one) => ({
    ...one,
    removals: one.removals.map((removal) => ({
      ...removal,
      outcome: judgeRecorded(removal, one, byId.get(one.list), now),
    })),
  }));
}

/** A request about an open listing, and what became of it. */
export type OpenRequest = RemovalRecord & { target: string; list: string; outcome: RemovalJudgement };

/** The requests about what these lists still hold. */
export async function judgedRequests(db: Database, lists: readonly List[], now: Date): Promise<OpenRequest[]> {
  const byId = new Map(lists.map((list) => [list.id, list]));
  const requests = await openRequests(db, [...byId.keys()]);
  return requests.map((request) => {
    const { target, list, label, requestedAt, withdrawnAt, note } = request;
    const outcome = judgeRecorded(request, request, byId.get(list), now);
    return { target, list, label, requestedAt, withdrawnAt, note, outcome };
  });
}
