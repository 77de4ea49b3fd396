import type { Rate } from '../scan/pacing.ts';

/** Milliseconds of the rate that retransmissions may have used in advance. */
const OWED = 10_000;
/** Milliseconds before its time that a turn may be given out: what one process holds of an operator's rate at most. */
const AHEAD = 1000;
/** Milliseconds before the last turn runs out that more are asked for. */
const LEAD = 250;
/** Of an operator's rate, what the others get while a named scan goes first: their open batches must come to an end. */
const OTHERS_SHARE = 1 / 4;
/** Milliseconds after the last turn that a named scan still goes first; a killed one holds up nobody for longer. */
const HELD = 2000;

/** What all processes share of one operator's rate. Times in milliseconds of the database's clock. */
export type Lease = {
  /** When the rate will be unused again. */
  spentUntil: number;
  /** Who goes first, and until when. */
  first: { holder: string; until: number } | null;
  /** While somebody goes first, when the next turn is for another. */
  othersFrom: number;
};

/** What one process wants of an operator. */
export type Wish = {
  holder: string;
  /** It goes before those that do not. */
  first: boolean;
  rate: Rate;
  lookups: number;
  /** Closing controls, which may overdraw the day. */
  closings: number;
  /** Packets that were sent without a turn. */
  resent: number;
  /** Lookups that the day has left, for all. */
  left: number;
};

export type Grant = {
  lookups: number;
  closings: number;
  /** Milliseconds from now to each turn, in order; as many as were granted. */
  waits: number[];
  /** Milliseconds after which to ask for more. */
  again: number;
  /** The day has no lookups left. */
  spent: boolean;
};

/** Gives out turns of an operator's rate and day: as many as wished and left, those of the next second at most. */
export function grant(lease: Lease, wish: Wish, now: number): { lease: Lease; granted: Grant } {
  const { perSecond, burst } = wish.rate;
  const most = Math.max(0, wish.left);
  if (perSecond === null) {
    const lookups = Math.min(wish.lookups, most);
    const waits = new Array<number>(lookups + wish.closings).fill(0);
    return { lease, granted: { lookups, closings: wish.closings, waits, again: 0, spent: lookups === most } };
  }
  const interval = 1000 / perSecond;
  // More than could have been given out is the mark of a clock that jumped back, or of other limits.
  const spentUntil = Math.min(Math.max(lease.spentUntil, now), now + AHEAD + OWED + burst * interval);
  const base = spentUntil + wish.resent * interval;
  const waitOf = (turn: number): number => Math.max(0, base - now + (turn - burst) * interval);

  const otherFirst = !wish.first && lease.first !== null && now < lease.first.until ? lease.first : null;
  const patience = Math.min(lease.othersFrom - now, interval / OTHERS_SHARE);
  if (otherFirst !== null && patience > 0)
    return {
      lease: { ...lease, spentUntil: base },
      granted: { lookups: 0, closings: 0, waits: [], again: patience, spent: most === 0 },
    };
  const within = Math.max(0, Math.floor((now + AHEAD - base) / interval + burst));
  const turns = otherFirst === null ? within : Math.min(within, 1);
  const closings = Math.min(wish.closings, turns);
  const lookups = Math.min(wish.lookups, turns - closings, most);
  const waits = Array.from({ length: closings + lookups }, (_, at) => waitOf(at + 1));
  const last = waits.at(-1) ?? waitOf(1);
  // The others ask as soon as a turn may be given out, or the one that goes first would have them all.
  const othersAgain = waits.length > 0 ? interval / OTHERS_SHARE : waitOf(1) - AHEAD;
  return {
    lease: {
      spentUntil: base + waits.length * interval,
      first: wish.first ? { holder: wish.holder, until: now + last + HELD } : lease.first,
      othersFrom: otherFirst !== null && waits.length > 0 ? now + interval / OTHERS_SHARE : lease.othersFrom,
    },
    granted: {
      lookups,
      closings,
      waits,
      again: Math.max(0, otherFirst === null ? last - LEAD : othersAgain),
      spent: lookups === most,
    },
  };
}

/** The holder has nothing more to ask. */
export function giveWay(lease: Lease, holder: string): Lease {
  return lease.first?.holder === holder ? { ...lease, first: null } : lease;
}
