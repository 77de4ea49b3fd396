/** Milliseconds in which replies may gather: to read and answer them one by one takes twice the time. */
const GATHERING = 0.3;
/** Milliseconds after a reply in which more are to be expected soon. Later, Node tells when one is there. */
const BUSY = 5;

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
  /** @returns whether questions are on their way, and whether there are more to be sent at once */
  send(): { flying: boolean; more: boolean };
};

/**
 * Where sockets are drained, one turn follows the other while replies keep coming. If there are none, it waits a moment
 * in which they can gather, well below what another user of the event loop would notice.
 */
export function createTurns({ drain, send }: Work): Turns {
  const gathering = new Int32Array(new SharedArrayBuffer(4));
  let pending = false;
  let waits = false;
  let heard = false;
  let heardAt = Number.NEGATIVE_INFINITY;

  const isBusy = (): boolean => performance.now() - heardAt < BUSY;

  function turn(): void {
    pending = false;
    const drained = drain();
    if (drained && waits && !heard && isBusy()) {
      Atomics.wait(gathering, 0, 0, GATHERING);
      drain();
    }
    if (heard) heardAt = performance.now();
    heard = false;
    const { flying, more } = send();
    waits = flying && !more;
    if (more || (drained && flying && isBusy())) soon();
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
