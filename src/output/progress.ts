export type Progress = { done(lookups: number): void; end(): void };

const WIDTH = 24;
const EVERY_MS = 100;

/** A line that rewrites itself on standard error, on a terminal only. */
export function createProgress(write: (text: string) => void, total: number, terminal: boolean): Progress {
  if (!terminal) return { done: () => {}, end: () => {} };
  let lookups = 0;
  let drawnAt = 0;
  return {
    done(more) {
      lookups += more;
      const now = performance.now();
      if (now - drawnAt < EVERY_MS) return;
      drawnAt = now;
      const filled = Math.round((WIDTH * Math.min(lookups, total)) / Math.max(total, 1));
      write(`\r\u001b[K${'━'.repeat(filled)}${'┄'.repeat(WIDTH - filled)} ${lookups}/${total} lookups`);
    },
    end: () => write('\r\u001b[K'),
  };
}
