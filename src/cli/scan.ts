import type { List } from '../catalogue/list.ts';
import { withoutPassword } from '../db/failure.ts';
import type { Database } from '../db/open.ts';
import { UserError } from '../errors.ts';
import { type ExitStatus, exitStatus } from '../exit.ts';
import { followCatalogue } from '../listing/catalogue.ts';
import type { ChangeRecord } from '../listing/changes.ts';
import { recordedAfter } from '../listing/clock.ts';
import { ofTargets, openListings } from '../listing/listings.ts';
import { remember } from '../listing/memory.ts';
import { recordBatches } from '../listing/record.ts';
import { retain } from '../listing/retain.ts';
import {
  finishScan,
  RESUME_WITHIN,
  type Scan,
  type ScanOptions,
  startFullScan,
  startNamedScan,
} from '../listing/scans.ts';
import { trackedTargets } from '../listing/tracked.ts';
import { renderChange } from '../output/changes.ts';
import { renderOverdue } from '../output/delisting.ts';
import type { ShownChange } from '../output/history.ts';
import { ndjsonLine } from '../output/json.ts';
import type { Report } from '../output/report.ts';
import { count, type Recorded } from '../output/table.ts';
import { batchesIn, gatherRound, type Means } from '../scan/round.ts';
import { formatRange, type TargetRange } from '../target.ts';
import { overlaps, subtractRange } from '../targets/ranges.ts';
import { minute } from '../text/minute.ts';
import { holdYoungSpace } from '../young-space.ts';
import { type Pace, withAsking } from './asking.ts';
import { type Collector, createCollector, FORMATS, type Format, lookupsOf } from './collect.ts';
import { followConfig } from './configured.ts';
import { withDatabase } from './database.ts';
import { givenTargets } from './given.ts';
import { type CommonOptions, formatOf, listsToAsk, type Settings, settingsOf } from './options.ts';
import { sharedPace } from './pace.ts';
import { print } from './print.ts';
import { judgedRequests, type OpenRequest, withRequests } from './requests.ts';
import { say } from './say.ts';
import type { World } from './world.ts';

/**
 * Targets of a batch at most: half of what may lie between two rounds of controls. More would only be more to ask again
 * after a SIGKILL, and more memory; what is slow is closed earlier, by time.
 */
const BATCH = 5000;

export type ScanCommandOptions = CommonOptions & { tag?: string[]; all?: boolean; notify?: boolean };

/** One recorded scan of all that is tracked, or beside it of what is named. */
export async function scan(words: string[], options: ScanCommandOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, FORMATS);
  const settings = await settingsOf(options, world);
  const lists = listsToAsk(settings, options.lists);
  const named = await givenTargets(words, world, true);
  const notifying = options.notify === true ? await import('./notify.ts') : null;
  const setup = await notifying?.notifySetup(settings);
  return await withDatabase(settings.database, async (db) => {
    holdYoungSpace(); // before the open listings are read, which are many where the targets are
    const told = await tellClock(db, world);
    const closed = await followConfig(db, settings, world);
    const started = await start(db, named, { options, settings, lists, world });
    if (started === null) return 0;
    try {
      const first = named.length > 0 || options.tag !== undefined;
      const pace = sharedPace(db, { holder: `scan ${started.id}`, first });
      const all = options.all === true;
      const status = await ask(db, started, { settings, lists, format, all, closed, pace, world });
      if (!told) await tellClock(db, world);
      if (setup !== undefined) await notifying?.tell(db, setup, world, true);
      return status;
    } finally {
      await started.release();
    }
  });
}

/** What is recorded keeps its order; but times that are wrong are wrong in every report. */
async function tellClock(db: Database, world: World): Promise<boolean> {
  const now = world.now();
  const last = await recordedAfter(db, now);
  if (last === null) return false;
  world.err(
    `The clock has jumped back: it says ${now.toISOString()}, and ${last.toISOString()} is recorded already. ` +
      'Set it and let it be kept (timedatectl set-ntp true).\n',
  );
  return true;
}

type Around = { options: ScanCommandOptions; settings: Settings; lists: List[]; world: World };

/** null: a full scan runs already. */
async function start(
  db: Database,
  named: TargetRange[],
  { options, settings, lists, world }: Around,
): Promise<Scan | null> {
  const how: ScanOptions = { kind: 'manual', lists, policy: settings.config.confirm, now: world.now() };
  const where = withoutPassword(settings.database);
  if (named.length > 0 || options.tag !== undefined) {
    const tracked = await trackedTargets(db, options.tag === undefined ? {} : { tags: options.tag });
    const ranges = tracked.map(({ range }) => range);
    for (const range of named) mustBeTracked(range, ranges, where);
    const wanted = named.length > 0 ? named : ranges;
    if (wanted.length === 0) throw new UserError(`no target tagged ${options.tag?.join(' or ')} in ${where}`);
    return await startNamedScan(db, wanted, how);
  }
  const started = await startFullScan(db, how);
  if ('empty' in started) throw new UserError(`no targets in ${where}: dnsblwatch targets add ADDRESS …`);
  if ('running' in started) {
    const since = started.running === null ? '' : ` since ${minute(started.running)}`;
    world.err(`A full scan runs already${since}; it goes on, and nothing else was asked.\n`);
    return null;
  }
  if (started.resumed && !settings.quiet)
    world.err(`Goes on with the scan that was stopped, begun ${minute(started.startedAt)}.\n`);
  return started;
}

function mustBeTracked(range: TargetRange, tracked: readonly TargetRange[], where: string): void {
  let left = [range];
  for (const known of tracked)
    left = left.flatMap((part) => (overlaps(part, known) ? subtractRange(part, known) : [part]));
  const [missing] = left;
  if (missing === undefined) return;
  const text = formatRange(missing);
  throw new UserError(`${text} is not tracked in ${where}: dnsblwatch targets add ${text}, or use dnsblwatch check`);
}

type Asking = { settings: Settings; lists: List[]; format: Format; all: boolean; world: World };
type Begun = Asking & { /** Changes that came before the first question. */ closed: ChangeRecord[]; pace: Pace };

async function ask(
  db: Database,
  scan: Scan,
  { settings, lists, format, all, closed, pace, world }: Begun,
): Promise<ExitStatus> {
  const { targets } = scan;
  const covered = (list: List) => scan.covered.get(list.id) ?? [];
  const collector = createCollector({
    lists,
    targets,
    lookups: lookupsOf(lists, targets, covered),
    format,
    clean: all,
    progress: !settings.quiet,
    world,
  });
  const told = teller(db, collector, { format, settings, world });
  await told.tell(closed);
  await told.tell(await followCatalogue(db, settings.catalogue.lists, world.now()));
  const memory = await remember(db, lists, world.now());
  try {
    const record = async ({ signal: _signal, ...means }: Means): Promise<void> => {
      const what = { lists, targets, ...memory, covered, batchSize: BATCH, windDown: world.signal };
      for await (const events of gatherRound({ ...means, ...what })) {
        for await (const changes of recordBatches(db, scan, batchesIn(events))) await told.tell(changes);
        for (const event of events) await collector.add(event);
      }
    };
    const said = sayWhenStopped(collector, world);
    await withAsking(settings, world, record, pace).finally(said);
    if (world.signal.aborted) return stopped(scan, collector, told.count, world);
    await finishScan(db, scan, world.now());
    await retain(db, settings.config.retention, world.now(), world.signal);
  } finally {
    collector.pause();
  }
  const { tally } = collector;
  const status = exitStatus(tally.worst(), tally.unknownShare());
  const report = collector.report();
  const requests = stillThere(await judgedRequests(db, lists, world.now()), report);
  if (format === 'table' && settings.quiet) return status;
  if (format === 'table' && told.count === 0) world.out('No changes.\n');
  if (format === 'table') say(world, `${renderOverdue(requests, settings.catalogue.lists, settings.paint)}\n`);
  await print({
    report,
    tally,
    lists,
    targets,
    format,
    status,
    paint: settings.paint,
    recorded: { changes: told.changes, requests },
    listingsOf: (shown) => listingsOf(db, lists, shown),
    world,
  });
  return status;
}

/** Gives back what ends the watch. */
function sayWhenStopped(collector: Collector, { signal, err }: World): () => void {
  const say = (): void => {
    collector.pause();
    err('Stopping: what is asked already is finished and recorded. Interrupt again to stop at once.\n');
  };
  signal.addEventListener('abort', say);
  return () => signal.removeEventListener('abort', say);
}

/** Says what is recorded and how to go on, and ends as an interrupted command does. */
function stopped({ full, startedAt }: Scan, { tally, pause }: Collector, changes: number, world: World): never {
  pause();
  const { lookups } = tally.summary(0, 0);
  const recorded = `${count(lookups, 'lookup')} and ${count(changes, 'change')} are recorded.`;
  const until = new Date(startedAt.getTime() + RESUME_WITHIN);
  world.err(
    full
      ? `Stopped: ${recorded} The same command goes on from there until ${minute(until)}; later it begins anew.\n`
      : `Stopped: ${recorded} A scan of named targets begins anew.\n`,
  );
  throw world.signal.reason;
}

type Told = {
  tell(recorded: readonly ChangeRecord[]): Promise<void>;
  count: number;
  /** For the JSON document; what other formats say of them is said at once. */
  changes: ShownChange[];
};

/** Changes are told as soon as they are recorded: after a kill nobody is told twice, and nobody waits for the end. */
function teller(
  db: Database,
  collector: Collector,
  { format, settings, world }: Pick<Asking, 'format' | 'settings' | 'world'>,
): Told {
  const told: Told = {
    count: 0,
    changes: [],
    async tell(recorded) {
      if (recorded.length === 0) return;
      told.count += recorded.length;
      const shown = await withRequests(db, recorded);
      if (format === 'json') told.changes.push(...shown);
      if (format !== 'ndjson' && format !== 'table') return;
      collector.pause();
      if (format === 'ndjson') world.out(shown.map((change) => ndjsonLine('change', { ...change })).join(''));
      else say(world, shown.map((change) => renderChange(change, settings.catalogue.lists, settings.paint)).join(''));
    },
  };
  return told;
}

/** The requests about what this scan has seen on its list still. */
function stillThere(requests: readonly OpenRequest[], { results }: Report): OpenRequest[] {
  if (requests.length === 0) return [];
  const about = new Set(requests.map(({ list, target }) => `${list}|${target}`));
  const listed = new Set<string>();
  for (const { verdict, list, target } of results)
    if (verdict === 'listed' && about.has(`${list}|${target}`)) listed.add(`${list}|${target}`);
  return requests.filter(({ list, target }) => listed.has(`${list}|${target}`));
}

/** The open listings of these targets. */
async function listingsOf(db: Database, lists: readonly List[], targets: readonly string[]): Promise<Recorded> {
  const ids = lists.map(({ id }) => id);
  const open = await openListings(db.orm, ofTargets(targets, ids));
  const byPair = new Map(open.map((one) => [`${one.listId}|${one.target}`, one]));
  return (target, list) => byPair.get(`${list}|${target}`) ?? null;
}
