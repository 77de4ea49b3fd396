import type { Bundle } from './bundle.ts';
import { withSample, withTimeout } from './rtt.ts';
import type { ServerState } from './servers.ts';

/** How many questions one server address has before it at a time, and whose turn it is to ask it. */

/** A server's buffer holds some 170 queries: 100 at a time lose nothing, 150 lose some. */
const WINDOW = 100;
const LEAST = 20;
/** Not more: so many replies fit in two receive buffers of the default size. */
const MOST = 512;
/** One reply in so many is measured, after the first ones: that is enough at such a rate. */
const SAMPLED = 16;
const SHRINKING = 0.8;

export type Lane<Asker> = {
  state: ServerState;
  /** null until it is open. */
  bundle: Bundle | null;
  /** There is no way to the server from here. */
  unreachable: boolean;
  /** Questions on their way. Those sent longer ago than a reply takes are not in the server's buffer any more. */
  flying: number;
  /** Those that have questions, in turn. */
  askers: Asker[];
  turn: number;
  /** First replies so far. */
  replies: number;
  window: number;
  /** The quickest reply, in ms. */
  quickest: number;
  /** performance.now() before which the window does not shrink again. */
  shrinksFrom: number;
};

export function createLane<Asker>(state: ServerState): Lane<Asker> {
  return {
    state,
    bundle: null,
    unreachable: false,
    flying: 0,
    askers: [],
    turn: 0,
    replies: 0,
    window: WINDOW,
    quickest: Number.POSITIVE_INFINITY,
    shrinksFrom: 0,
  };
}

/** A first reply after `sample` ms: more at a time help while they do not queue up. */
export function noteSample(lane: Lane<unknown>, sample: number): void {
  lane.replies += 1;
  if (lane.replies > SAMPLED && lane.replies % SAMPLED !== 0) return;
  const { state } = lane;
  state.roundTrip = withSample(state.roundTrip, sample);
  if (sample < lane.quickest) lane.quickest = sample;
  if (!queues(lane) && lane.window < MOST) lane.window += 1;
}

/** Questions wait at the server for others before them. */
function queues({ state, quickest }: Lane<unknown>): boolean {
  return state.roundTrip.smoothed > 2 * quickest;
}

/** No reply in the time that one takes, to a question sent at `sentAt`. */
export function noteSilence(lane: Lane<unknown>, sentAt: number, now: number): void {
  const { state } = lane;
  // One that answers others is neither slow nor overrun by so few: the network loses packets.
  const heard = state.heardAt >= sentAt;
  if (!heard) state.roundTrip = withTimeout(state.roundTrip);
  if (now < lane.shrinksFrom) return;
  lane.shrinksFrom = now + state.roundTrip.retryAfter;
  const least = heard ? WINDOW : LEAST;
  if (lane.window > least) lane.window = Math.max(least, lane.window * SHRINKING);
}

/** Takes turns; null where nobody has questions. */
export function nextAsker<Asker>(lane: Lane<Asker>): Asker | null {
  if (lane.askers.length === 0) return null;
  lane.turn = (lane.turn + 1) % lane.askers.length;
  return lane.askers[lane.turn] ?? null;
}

export function removeAsker<Asker>(lane: Lane<Asker>, asker: Asker): void {
  const at = lane.askers.indexOf(asker);
  if (at !== -1) lane.askers.splice(at, 1);
}
