import type { List } from '../catalogue/list.ts';
import type { Database } from '../db/open.ts';
import { createFullScanHold } from '../listing/full-scan.ts';
import { trackedTargets } from '../listing/tracked.ts';
import { isFree, rateOf } from '../scan/pacing.ts';
import { countKinds, loadsOf, type RateOf, type Round } from '../schedule/load.ts';
import type { Log } from '../schedule/log.ts';
import { overloads } from '../schedule/overload.ts';
import { roomsOf } from '../schedule/rooms.ts';
import type { Scanner } from '../schedule/scanner.ts';
import type { Schedule } from '../schedule/schedules.ts';
import { createTroubles } from '../schedule/troubles.ts';
import { configTargets, followConfig, trackedWith } from './configured.ts';
import { listsToAsk, type Settings } from './options.ts';
import type { World } from './world.ts';

type Around = { db: Database; settings: Settings; schedules: readonly Schedule[] };

/** What the scans of `serve` and `worker` work with, as these settings have it. */
export function scannerOf(around: Around, means: Scanner['means'], log: Log, world: World): Scanner {
  const { db, settings, schedules } = around;
  return {
    db,
    hold: createFullScanHold(db.sql),
    means,
    policy: settings.config.confirm,
    catalogue: settings.catalogue.lists,
    listsOf: (schedule) => listsOf(around, schedule),
    isLimited: (list) => !isFree(rateOf(list, settings.config.limits)),
    async rooms() {
      const loads = loadsOf(await roundsOf(around), rateOfIn(settings), world.now());
      return roomsOf(loads, schedules, world.now());
    },
    followConfig: () => followConfig(db, settings, { ...world, err: (text) => log.info({}, text.trim()) }),
    onChanges(changes) {
      for (const { kind, target, list, after, at } of changes) log.info({ target, list, codes: after, at }, kind);
    },
    onList: createTroubles(log),
  };
}

/** Sentences about schedules that ask more than an operator allows; see overloads(). */
export async function overloadsOf(around: Around, now: Date): Promise<string[]> {
  return overloads(await roundsOf(around), rateOfIn(around.settings), now);
}

const rateOfIn =
  ({ config }: Settings): RateOf =>
  (list) =>
    rateOf(list, config.limits);

/** What the schedules ask; of follow-ups only which lists, for how much they ask is seen when they are due. */
async function roundsOf(around: Around): Promise<Round[]> {
  const { db, settings, schedules } = around;
  const tracked = trackedWith(await trackedTargets(db), configTargets(settings));
  return schedules.flatMap((schedule): Round[] => {
    const { does, tags: wanted } = schedule;
    if (does !== 'scan' && does !== 'follow-up') return [];
    const own = tracked.filter(({ tags }) => wanted.length === 0 || wanted.some((tag) => tags.includes(tag)));
    const targets = countKinds(does === 'scan' ? own.map(({ range }) => range) : []);
    return [{ schedule, lists: listsOf(around, schedule), targets }];
  });
}

/** Those the schedule names or the configuration; a follow-up that names none has those of all scans. */
function listsOf({ settings, schedules }: Pick<Around, 'settings' | 'schedules'>, schedule: Schedule): List[] {
  const scans = schedules.filter(({ does }) => does === 'scan');
  const of = schedule.does === 'follow-up' && schedule.lists === null && scans.length > 0 ? scans : [schedule];
  const lists = of.flatMap(({ lists }) => listsToAsk(settings, lists ?? undefined));
  return [...new Map(lists.map((list) => [list.id, list])).values()];
}
