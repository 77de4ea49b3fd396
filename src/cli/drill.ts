import type { List } from '../catalogue/list.ts';
import { FAILED } from '../exit.ts';
import { finishScan, startNamedScan } from '../listing/scans.ts';
import { seeingOf, sightOf } from '../listing/sight.ts';
import { step } from '../listing/state.ts';
import { type Drilled, drillMessage } from '../notify/drill.ts';
import { deliver, enqueue } from '../notify/outbox.ts';
import { readerOf } from '../notify/reader.ts';
import { count } from '../output/table.ts';
import { whyInWords } from '../output/why.ts';
import { runRound } from '../scan/round.ts';
import type { Batch, Result } from '../scan/verdict.ts';
import { parseTarget } from '../target.ts';
import { withAsking } from './asking.ts';
import { withDatabase } from './database.ts';
import { notifySetup } from './notify.ts';
import { type CommonOptions, listsToAsk, settingsOf } from './options.ts';
import type { World } from './world.ts';

/** What every list of addresses holds, for such tests (RFC 5782 section 5). */
const TEST_ENTRY = '127.0.0.2';

/**
 * The whole chain with what is listed for certain: question, verdict, change, outbox, channels. The scan is recorded as a
 * drill; no listing is, so neither history nor digest knows of it.
 */
export async function drill(options: CommonOptions, world: World): Promise<number> {
  const settings = await settingsOf(options, world);
  const setup = await notifySetup(settings);
  const lists = listsToAsk(settings, options.lists).filter(
    ({ accepts, polarity }) => accepts.includes('ipv4') && polarity === 'block',
  );
  return await withDatabase(settings.database, async (db) => {
    const range = parseTarget(TEST_ENTRY, { allowSpecial: true });
    const policy = { ...settings.config.confirm, listed: 1 };
    const scan = await startNamedScan(db, [range], { kind: 'drill', lists, policy, now: world.now() });
    const drilled: Drilled[] = [];
    try {
      await withAsking(settings, world, async (means) => {
        const round = runRound({
          ...means,
          lists,
          targets: scan.targets,
          ...NO_MEMORY,
          covered: () => [],
          batchSize: 1,
        });
        for await (const event of round) {
          if (event.type !== 'batch') continue;
          const list = lists.find(({ id }) => id === event.batch.list);
          for (const result of event.batch.results)
            if (list !== undefined) drilled.push(judged(list, result, event.batch, scan.id, policy));
        }
      });
    } finally {
      await finishScan(db, scan, world.now());
    }
    const now = world.now();
    for (const { id, language, timeZone } of setup.channels)
      await enqueue(db.orm, id, drillMessage(drilled, readerOf(language, timeZone)), now);
    const deliveries = await deliver(db, setup.channels, now, world.signal);
    const listed = drilled.filter(({ kind }) => kind === 'listed').length;
    world.out(`${TEST_ENTRY} is on ${listed} of ${count(lists.length, 'list')}.\n`);
    for (const { channel, state, said } of deliveries)
      world.out(`${channel}: ${state}${said === null ? '' : `, ${said}`}\n`);
    return listed > 0 && deliveries.every(({ state }) => state === 'sent') ? 0 : FAILED;
  });
}

/** A drill remembers nothing and is no burst. */
const NO_MEMORY = {
  seenControls: new Set<string>(),
  workedBefore: new Set<string>(),
  known: () => true,
  txt: () => true,
};

/** Taken through the rules of a listing as any other result, but kept nowhere. */
function judged(list: List, result: Result, batch: Batch, scan: number, policy: Parameters<typeof step>[4]): Drilled {
  const { change } = step(null, null, sightOf(list, result), seeingOf(result, batch, scan), policy);
  const { verdict } = result;
  const codes = change?.kind === 'listed' ? change.codes.map(({ code, label }) => `${code} ${label}`) : [];
  if (verdict.kind === 'unknown')
    return { listName: list.name, kind: 'unknown', says: whyInWords(verdict.why), why: verdict.why };
  return { listName: list.name, kind: change === null ? 'absent' : 'listed', says: codes.join(', '), why: null };
}
