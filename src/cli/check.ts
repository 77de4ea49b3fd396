import { UserError } from '../errors.ts';
import { type ExitStatus, exitStatus } from '../exit.ts';
import { runRound } from '../scan/round.ts';
import { withAsking } from './asking.ts';
import { type Collector, createCollector, FORMATS, lookupsOf } from './collect.ts';
import { givenTargets, inGivenOrder } from './given.ts';
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
  const targets = inGivenOrder(await givenTargets(words, world, options.allowSpecial === true));
  if (targets.size === 0) throw new UserError('no target given: expected addresses, prefixes or domains');
  const kinds = new Set(targets.kinds(0, targets.size).map(({ kind }) => kind));
  const lists = listsToAsk(settings, options.lists).filter(({ accepts }) => accepts.some((kind) => kinds.has(kind)));
  if (lists.length === 0) throw new UserError(`none of the lists chosen holds ${[...kinds].join(' or ')} targets`);
  const lookups = lookupsOf(lists, targets);
  const collector = createCollector({
    lists,
    targets,
    lookups,
    format,
    clean: targets.size <= ALL_PRINTED && !settings.quiet,
    progress: !settings.quiet,
    world,
  });
  try {
    await withAsking(settings, world, async (asking) => {
      const round = runRound({
        ...asking,
        lists,
        targets,
        txt: () => true,
        seenControls: new Set(),
        batchSize: BATCH,
      });
      for await (const event of round) await collector.add(event);
    });
  } finally {
    collector.pause();
    if (world.signal.aborted) sayStopped(collector, lookups, world);
  }
  const { tally } = collector;
  const status = exitStatus(tally.worst(), tally.unknownShare());
  await print({
    report: collector.report(),
    tally,
    lists,
    targets,
    format,
    status,
    paint: settings.paint,
    world,
  });
  return status;
}

function sayStopped({ tally }: Collector, lookups: number, world: World): void {
  const { lookups: done } = tally.summary(0, 0);
  const share = `${done.toLocaleString('en')} of ${lookups.toLocaleString('en')} lookups`;
  world.err(
    `Stopped after ${share}. A check keeps nothing: targets add and scan would go on where they were stopped.\n`,
  );
}
