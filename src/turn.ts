/** Lets everybody else have their turn in the event loop, between pieces of what takes long. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Items that are dealt with in one turn: of what costs microseconds each. */
const AT_ONCE = 500;

/** Deals with one after the other, with turns for everybody else between them where they are many. */
export async function inTurns<T>(items: readonly T[], act: (item: T) => void): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    if (from > 0) await turn();
    for (const item of items.slice(from, from + AT_ONCE)) act(item);
  }
}
