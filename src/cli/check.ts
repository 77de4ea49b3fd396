import type { List } from '../catalogue/list.ts';
import { systemServers } from '../dns/resolvers.ts';
import { openTransport } from '../dns/transport.ts';
import { UserError } from '../errors.ts';
import { type ExitStatus, exitStatus } from '../exit.ts';
import { ndjsonLine } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';
import { createTally, type Report, type ShownList, type ShownResult, shownList } from '../output/report.ts';
import { createPacing } from '../scan/pacing.ts';
import { runRound } from '../scan/round.ts';
import type { Target } from '../target.ts';
import { expandAll, givenTargets } from './given.ts';
import { stateLedger } from './ledger.ts';
import { type CommonOptions, formatOf, listsToAsk, type Settings, settingsOf } from './options.ts';
import { print } from './print.ts';
import type { World } from './world.ts';

export const FORMATS = ['table', 'json', 'ndjson', 'csv', 'markdown', 'nagios'] as const;

/** With more targets only what is not clean is printed. */
const ALL_PRINTED = 1000;
const BATCH = 5000;

export type CheckOptions = CommonOptions & { allowSpecial?: boolean };

/** Looks now; nothing is recorded but how often each operator was asked. */
export async function check(words: string[], options: CheckOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, FORMATS);
  const settings = await settingsOf(options, world);
  const lists = listsToAsk(settings, options.lists);
  const targets = expandAll(await givenTargets(words, world, options.allowSpecial === true));
  if (targets.length === 0) throw new UserError('no target given: expected addresses, prefixes or domains');
  const asked = lists.filter((list) => targets.some(({ kind }) => list.accepts.includes(kind)));
  if (asked.length === 0)
    throw new UserError(
      `none of the lists chosen holds ${[...new Set(targets.map(({ kind }) => kind))].join(' or ')} targets`,
    );
  return await ask({ settings, lists: asked, targets, format, world });
}

type Asked = {
  settings: Settings;
  lists: List[];
  targets: Target[];
  format: (typeof FORMATS)[number];
  world: World;
};

async function ask({ settings, lists, targets, format, world }: Asked): Promise<ExitStatus> {
  const startedAt = world.now();
  const byId = new Map(lists.map((list) => [list.id, list]));
  const tally = createTally();
  const results: ShownResult[] = [];
  const reports: ShownList[] = [];
  const lookups = lists.reduce(
    (sum, list) => sum + targets.filter(({ kind }) => list.accepts.includes(kind)).length,
    0,
  );
  const progress = createProgress(world.err, lookups, world.errIsTerminal && !settings.quiet);
  const ledger = stateLedger(settings.config.places.state);
  const transport = openTransport();
  try {
    const round = runRound({
      lists,
      zoneToAsk: settings.catalogue.zoneToAsk,
      targets: { size: targets.length, at: (position) => at(targets, position) },
      ask: transport.ask,
      resolver: settings.resolver,
      systemServers: systemServers(),
      timeout: settings.timeout,
      pacing: createPacing({ ledger, limits: settings.config.limits }),
      now: world.now,
      signal: world.signal,
      txt: () => true,
      seenControls: new Set(),
      batchSize: BATCH,
    });
    for await (const event of round) {
      if (event.type === 'list') {
        const report = shownList(event.report);
        reports.push(report);
        if (format === 'ndjson') world.out(ndjsonLine('list', report));
        continue;
      }
      const list = byId.get(event.batch.list);
      if (list === undefined) continue;
      for (const result of event.batch.results) {
        const shown = tally.add(list, result);
        if (targets.length > ALL_PRINTED && shown.verdict === 'clean') continue;
        if (settings.quiet && shown.verdict === 'clean') continue;
        if (format === 'ndjson') world.out(ndjsonLine('result', shown));
        else results.push(shown);
      }
      progress.done(event.batch.results.length);
    }
  } finally {
    progress.end();
    transport.close();
    ledger.close();
  }
  const order = new Map(targets.map(({ text }, position) => [text, position]));
  const rank = (result: ShownResult): number => order.get(result.target) ?? 0;
  const place = new Map(lists.map(({ id }, position) => [id, position]));
  results.sort((one, other) => rank(one) - rank(other) || (place.get(one.list) ?? 0) - (place.get(other.list) ?? 0));
  reports.sort((one, other) => (place.get(one.id) ?? 0) - (place.get(other.id) ?? 0));
  const report: Report = {
    startedAt,
    finishedAt: world.now(),
    results,
    lists: reports,
    summary: tally.summary(targets.length, lists.length),
  };
  const status = exitStatus(tally.worst(), tally.unknownShare());
  await print({ report, tally, lists, targets, format, status, paint: settings.paint, out: world.out });
  return status;
}

function at(targets: readonly Target[], position: number): Target {
  const target = targets[position];
  if (target === undefined) throw new RangeError(`no target at position ${position}`);
  return target;
}
