import { contains, pointOf } from '../listing/ranges.ts';
import { formatRange, type TargetRange } from '../target.ts';

/** What nobody wants to be told of for now. Times in ISO 8601. */
export type Mute = {
  id: number;
  /** null: every target. */
  range: TargetRange | null;
  /** null: every list. */
  list: string | null;
  createdAt: string;
  /** null: until somebody ends it. */
  until: string | null;
  /** The one listing that it is about. */
  listing: number | null;
  why: string | null;
  /** When somebody ended it, or its listing was over. */
  endedAt: string | null;
};

/** A mute as it is shown. `untilDelisted`: until its one listing is over. */
export type ShownMute = Pick<Mute, 'id' | 'list' | 'createdAt' | 'until' | 'why'> & {
  /** null: every target. */
  target: string | null;
  untilDelisted: boolean;
};

export function shownMute({ id, createdAt, until, listing, why, list, range }: Mute): ShownMute {
  const target = range === null ? null : formatRange(range);
  return { id, target, list, createdAt, until, untilDelisted: listing !== null, why };
}

/** When a mute ended or will; null: nobody knows. */
export function endOf({ until, endedAt }: Pick<Mute, 'until' | 'endedAt'>): string | null {
  if (until === null || endedAt === null) return until ?? endedAt;
  return endedAt < until ? endedAt : until;
}

export function isOn(mute: Mute, at: string): boolean {
  const end = endOf(mute);
  return mute.createdAt <= at && (end === null || at < end);
}

/** Whether it is about this target (null: none) and this list. */
export function isAbout({ range, list }: Mute, target: string | null, listId: string): boolean {
  if (list !== null && list !== listId) return false;
  if (range === null) return true;
  return target !== null && contains(range, pointOf(target));
}

/** The mute that hides this now; null: none does. */
export function muteOf(mutes: readonly Mute[], target: string | null, list: string, at: string): Mute | null {
  return mutes.find((mute) => isOn(mute, at) && isAbout(mute, target, list)) ?? null;
}

/** What is muted, in words: a target, a list, or a target on a list. */
export function mutedText({ range, list }: Pick<Mute, 'range' | 'list'>): string {
  if (range === null) return list ?? '*';
  return list === null ? formatRange(range) : `${formatRange(range)} on ${list}`;
}
