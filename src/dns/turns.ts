/** Milliseconds that a thread waits for a reply at a time; the end of the process may have to wait for it. */
const RESTING = 20;

/** When the event loop comes to bulk lookups. */
export type Turns = {
  /** There is something to be sent: after all that has arrived is read, between the messages it takes much longer. */
  soon(): void;
  /** A reply was read. */
  heard(): void;
};

/** What is to be done in a turn. */
type Work = {
  /** Reads what has arrived. @returns whether anything is read this way at all */
  drain(): boolean;
  /** @returns whether questions are not answered yet, and whether there are more to be sent at once */
  send(): { open: boolean; more: boolean };
  /** Until something has arrived that `drain` would read, or so many ms. */
  arrival(timeout: number): Promise<void>;
};

/**
 * Where sockets are drained, one turn follows the other while replies keep coming. When there are none, a thread waits
 * for the next, and in the time that this takes more can gather: to read and answer them one by one takes twice as long.
 */
export function createTurns({ drain, send, arrival }: Work): Turns {
  let pending = false;
  let rests = false;
  let heard = false;

  function turn(): void {
    pending = false;
    const drained = drain();
    const busy = heard;
    heard = false;
    const { open, more } = send();
    if (more || (drained && open && busy)) soon();
    else if (drained && open) void rest();
  }

  async function rest(): Promise<void> {
    if (rests) return;
    rests = true;
    await arrival(RESTING);
    rests = false;
    soon();
  }

  function soon(): void {
    if (pending) return;
    pending = true;
    setImmediate(turn);
  }

  return {
    soon,
    heard() {
      heard = true;
      soon();
    },
  };
}
