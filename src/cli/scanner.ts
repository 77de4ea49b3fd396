import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { createFullScanHold } from '../listing/full-scan.ts';
import { trackedTargets } from '../listing/tracked.ts';
import { isFree, rateOf } from '../scan/pacing.ts';
import type { Round } from '../schedule/load.ts';
import type { Log } from '../schedule/log.ts';
import { overloads } from '../schedule/overload.ts';
import { sayTrouble } from '../schedule/progress.ts';
import type { Scanner } from '../schedule/scanner.ts';
import type { Schedule } from '../schedule/schedules.ts';
import { countOf } from '../target.ts';
import { followConfig } from './configured.ts';
import { listsToAsk, type Settings } from './options.ts';
import type { World } from './world.ts';

/** What the scans of `serve` and `worker` work with, as these settings have it. */
export function scannerOf(db: Database, settings: Settings, means: Scanner['means'], log: Log, world: World): Scanner {
  return {
    db,
    hold: createFullScanHold(db.sql),
    means,
    policy: settings.config.confirm,
    catalogue: settings.catalogue.lists,
    listsOf: (schedule) => listsOf(settings, schedule),
    isLimited: (list) => !isFree(rateOf(list, settings.config.limits)),
    followConfig: () => followConfig(db, settings, { ...world, err: (text) => log.info({}, text.trim()) }),
    onChanges(changes) {
      for (const { kind, target, list, after, at } of changes) log.info({ target, list, codes: after, at }, kind);
    },
    onList: (scanId, report) => sayTrouble(scanId, report, log),
  };
}

/** Sentences about schedules that ask more than an operator allows; see overloads(). */
export async function overloadsOf(
  db: Database,
  settings: Settings,
  schedules: readonly Schedule[],
  now: Date,
): Promise<string[]> {
  const rounds: Round[] = [];
  for (const schedule of schedules.filter(({ does }) => does === 'scan')) {
    const targets = { ipv4: 0, ipv6: 0, domain: 0 };
    const { tags } = schedule;
    const tracked = await trackedTargets(db, tags.length === 0 ? {} : { tags });
    for (const { range } of tracked) targets[range.kind] += Number(countOf(range));
    rounds.push({ schedule, lists: listsOf(settings, schedule), targets });
  }
  return overloads(rounds, (list) => rateOf(list, settings.config.limits), now);
}

function listsOf(settings: Settings, { lists }: Schedule): List[] {
  return listsToAsk(settings, lists ?? undefined);
}
