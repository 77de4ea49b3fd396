/** Who is to hear of an abort: one listener a signal, for each further one makes Node search all that are there. */
export type Aborts<T> = {
  add(signal: AbortSignal, item: T): void;
  remove(signal: AbortSignal, item: T): void;
};

export function watchAborts<T>(onAbort: (item: T, reason: unknown) => void): Aborts<T> {
  const watched = new Map<AbortSignal, { items: Set<T>; listener: () => void }>();
  return {
    add(signal, item) {
      const known = watched.get(signal);
      if (known !== undefined) return void known.items.add(item);
      const items = new Set([item]);
      const listener = (): void => {
        watched.delete(signal);
        for (const one of items) onAbort(one, signal.reason);
      };
      watched.set(signal, { items, listener });
      signal.addEventListener('abort', listener, { once: true });
    },
    remove(signal, item) {
      const known = watched.get(signal);
      if (known === undefined || !known.items.delete(item) || known.items.size > 0) return;
      watched.delete(signal);
      signal.removeEventListener('abort', known.listener);
    },
  };
}
