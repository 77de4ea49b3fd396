/**
 * Hands values from many producers to one consumer, all that wait at once: a producer waits until its value is taken, so
 * that a slow consumer (a database) holds the asking back instead of filling the memory.
 */
export type Channel<T> = {
  put(value: T): Promise<void>;
  /** No more values; with an error, the consumer gets it. */
  end(error?: unknown): void;
  /** Nobody takes any more: producers wait no longer, and what they bring is dropped. */
  close(): void;
  values(): AsyncGenerator<T[], void, undefined>;
};

type Waiting<T> = { value: T; taken: () => void };

export function createChannel<T>(): Channel<T> {
  const queue: Waiting<T>[] = [];
  let closed = false;
  let ended: { error: unknown } | null = null;
  let wake: () => void = () => {};

  return {
    put: (value) =>
      new Promise((taken) => {
        if (closed) return taken();
        queue.push({ value, taken });
        wake();
      }),
    end(error) {
      ended ??= { error };
      wake();
    },
    close() {
      closed = true;
      for (const { taken } of queue.splice(0)) taken();
    },
    async *values() {
      for (;;) {
        if (queue.length > 0) {
          const next = queue.splice(0);
          for (const { taken } of next) taken();
          yield next.map(({ value }) => value);
          continue;
        }
        if (ended?.error !== undefined) throw ended.error;
        if (ended !== null) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
