import type { Database } from '../db/open.ts';
import { type ScanRecord, scansWithIds } from '../listing/overview.ts';
import type { Log } from './log.ts';

/** Milliseconds between two words on how far a scan is. */
const EVERY = 60_000;

export type Progress = {
  /** Counts work on a scan as under way until the function that it gives is called. */
  begin(scanId: number): () => void;
  close(): void;
};

/** Has the log say every minute how far the scans are on which this process works. */
export function followProgress(db: Database, log: Log, every = EVERY): Progress {
  const inHand = new Map<number, number>();
  const count = (scanId: number, more: 1 | -1): void => {
    const shards = (inHand.get(scanId) ?? 0) + more;
    if (shards === 0) inHand.delete(scanId);
    else inHand.set(scanId, shards);
  };
  const say = async (): Promise<void> => {
    if (inHand.size === 0) return;
    for (const one of await scansWithIds(db, [...inHand.keys()]))
      log.info({ ...figures(one), percent: Math.floor(one.share * 100) }, 'scan under way');
  };
  const timer = setInterval(
    () => void say().catch((error: unknown) => log.warn({ err: error }, 'progress not read')),
    every,
  );
  return {
    begin(scanId) {
      count(scanId, 1);
      return () => count(scanId, -1);
    },
    close: () => clearInterval(timer),
  };
}

/** What the log says at the end of a scan. */
export async function sayDone(db: Database, scanId: number, log: Log): Promise<void> {
  for (const one of await scansWithIds(db, [scanId])) {
    const { state, startedAt, endedAt, changes, clean } = one;
    const seconds = endedAt === null ? null : Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
    log.info({ ...figures(one), clean, changes, seconds }, state === 'abandoned' ? 'scan stopped' : 'scan done');
  }
}

function figures({ id, schedule, targets, lists, listed, unknown }: ScanRecord): object {
  return { scan: id, schedule, targets, lists, listed, unknown };
}
