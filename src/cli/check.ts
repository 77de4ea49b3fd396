import { UserError } from '../errors.ts';
import { type ExitStatus, exitStatus } from '../exit.ts';
import { runRound } from '../scan/round.ts';
import type { Target } from '../target.ts';
import { withAsking } from './asking.ts';
import { createCollector, FORMATS, lookupsOf } from './collect.ts';
import { expandAll, givenTargets } from './given.ts';
import { type CommonOptions, formatOf, listsToAsk, settingsOf } from './options.ts';
import { print } from './print.ts';
import type { World } from './world.ts';

/** With more targets only what is not clean is printed. */
const ALL_PRINTED = 1000;
const BATCH = 5000;

export type CheckOptions = CommonOptions & { allowSpecial?: boolean };

/** Looks now; nothing is recorded but how often each operator was asked. */
export async function check(words: string[], options: CheckOptions, world: World): Promise<ExitStatus> {
  const format = formatOf(options.format, FORMATS);
  const settings = await settingsOf(options, world);
  const targets = expandAll(await givenTargets(words, world, options.allowSpecial === true));
  if (targets.length === 0) throw new UserError('no target given: expected addresses, prefixes or domains');
  const kinds = new Set(targets.map(({ kind }) => kind));
  const lists = listsToAsk(settings, options.lists).filter(({ accepts }) => accepts.some((kind) => kinds.has(kind)));
  if (lists.length === 0) throw new UserError(`none of the lists chosen holds ${[...kinds].join(' or ')} targets`);
  const source = { size: targets.length, at: (position: number) => at(targets, position) };
  const collector = createCollector({
    lists,
    targets: source,
    lookups: lookupsOf(lists, source),
    format,
    clean: targets.length <= ALL_PRINTED && !settings.quiet,
    progress: !settings.quiet,
    world,
  });
  try {
    await withAsking(settings, world, async (asking) => {
      const round = runRound({
        ...asking,
        lists,
        targets: source,
        txt: () => true,
        seenControls: new Set(),
        batchSize: BATCH,
      });
      for await (const event of round) collector.add(event);
    });
  } finally {
    collector.pause();
  }
  const { tally } = collector;
  const status = exitStatus(tally.worst(), tally.unknownShare());
  const shown = targets.map(({ text }) => text);
  await print({
    report: collector.report(),
    tally,
    lists,
    targets: shown,
    format,
    status,
    paint: settings.paint,
    out: world.out,
  });
  return status;
}

function at(targets: readonly Target[], position: number): Target {
  const target = targets[position];
  if (target === undefined) throw new RangeError(`no target at position ${position}`);
  return target;
}
