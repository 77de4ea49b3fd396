/** What waits for a time on a wheel; the fields are the wheel's. */
export type Timed = { due: number; before: Timed | null; after: Timed | null };

/** Milliseconds: how much later than asked for something may be. */
const TICK = 5;
const SPOKES = 512;
/** In place of a tick: not on the wheel, or taken off it to be called. */
const IDLE = 0;
const FIRING = -1;

export type Wheel<T extends Timed> = {
  /** Sets or moves it to `at`, in performance.now(): never earlier, a few ms later. */
  set(item: T, at: number): void;
  clear(item: T): void;
};

/** One timer of Node for any number of time-outs: setting and clearing one is a few assignments. */
export function createWheel<T extends Timed>(onDue: (item: T) => void): Wheel<T> {
  const spokes: (Timed | null)[] = new Array(SPOKES).fill(null);
  let waiting = 0;
  /** The last tick that was looked at. */
  let seen = tickOf(performance.now());
  let timer: NodeJS.Timeout | null = null;
  let armedFor = Number.POSITIVE_INFINITY;

  const unlink = (item: Timed): void => {
    if (item.before === null) spokes[item.due % SPOKES] = item.after;
    else item.before.after = item.after;
    if (item.after !== null) item.after.before = item.before;
    item.before = null;
    item.after = null;
    item.due = IDLE;
    waiting -= 1;
  };

  const arm = (tick: number): void => {
    if (tick >= armedFor) return;
    if (timer !== null) clearTimeout(timer);
    armedFor = tick;
    timer = setTimeout(wake, Math.max(1, tick * TICK - performance.now()));
  };

  const disarm = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    armedFor = Number.POSITIVE_INFINITY;
  };

  /** After what has arrived meanwhile is read: a busy process is no reason to call a server silent. */
  const wake = (): void => void setImmediate(turn);

  const turn = (): void => {
    disarm();
    const now = tickOf(performance.now());
    const due: Timed[] = [];
    for (let tick = Math.max(seen + 1, now - SPOKES + 1); tick <= now; tick += 1) {
      for (let item = spokes[tick % SPOKES] ?? null; item !== null; ) {
        const next: Timed | null = item.after;
        if (item.due <= now) {
          unlink(item);
          item.due = FIRING;
          due.push(item);
        }
        item = next;
      }
    }
    seen = now;
    for (const item of due) {
      if (item.due !== FIRING) continue; // one that was due before has cleared or moved it
      item.due = IDLE;
      onDue(item as T);
    }
    if (waiting === 0) return;
    let next = now + 1;
    while (spokes[next % SPOKES] === null) next += 1;
    arm(next);
  };

  return {
    set(item, at) {
      if (item.due > 0) unlink(item);
      const due = Math.max(Math.ceil(at / TICK), seen + 1);
      const first = spokes[due % SPOKES] ?? null;
      item.due = due;
      item.after = first;
      if (first !== null) first.before = item;
      spokes[due % SPOKES] = item;
      waiting += 1;
      arm(due);
    },
    clear(item) {
      if (item.due > 0) unlink(item);
      item.due = IDLE;
      if (waiting === 0) disarm();
    },
  };
}

function tickOf(at: number): number {
  return Math.floor(at / TICK);
}
