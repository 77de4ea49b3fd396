import { afterEach, expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import type { Database } from '../../src/db/open.ts';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import type { ChangeRecord } from '../../src/listing/changes.ts';
import { listingHistory } from '../../src/listing/history.ts';
import { finishScan, startNamedScan } from '../../src/listing/scans.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { runRound } from '../../src/scan/round.ts';
import type { LabHandler, LabServer } from '../lab/server.ts';
import { gather, inputFor, type Round, short } from '../scan/rounds.ts';
import { createLab, labList, zone } from '../scan/zone.ts';
import { minute, openWorld, range, recordBatch, short as shortChange } from './world.ts';

const lab = createLab();
let transport: Transport;

afterEach(async () => {
  transport.close();
  await lab.stop();
});

const TARGETS = 500;
const LISTED = '20.0.1.200';
const lists = ['bad', 'good', 'other'];

/** Answers as many questions as it is told, after that none. */
function answering(handler: LabHandler): { handler: LabHandler; answers: { left: number } } {
  const answers = { left: Number.POSITIVE_INFINITY };
  return {
    answers,
    handler(question) {
      answers.left -= 1;
      return answers.left < 0 ? { silence: true } : handler(question);
    },
  };
}

/** A recorded scan in batches of 100 targets, in which no delisting waits for a second one. */
async function scanned(db: Database, of: List[], at: number): Promise<Round & { changes: ChangeRecord[] }> {
  const policy = { listed: 1, delisted: 1, spacing: 0 };
  const scan = await startNamedScan(db, [range('20.0.0.0', '20.0.1.243')], {
    kind: 'manual',
    lists: of,
    policy,
    now: minute(at),
  });
  const changes: ChangeRecord[] = [];
  const { targets } = scan;
  const round = inputFor(transport, of, [], { targets, timeout: 400, batchSize: 100, now: () => minute(at) });
  async function* recorded() {
    for await (const event of runRound(round)) {
      if (event.type === 'batch') changes.push(...(await recordBatch(db, scan, event.batch)));
      yield event;
    }
  }
  const seen = await gather(round, recorded());
  await finishScan(db, scan, minute(at + 1));
  return { ...seen, changes };
}

const of = ({ results }: Round, list: string): string[] => results.filter((one) => one.list === list).map(short);

test('a list that falls silent is given up: unknown, never clean, nothing delisted; all others are answered', {
  timeout: 120_000,
}, async () => {
  transport = openTransport();
  const db = await openWorld();
  await addTargets(db, [{ range: range('20.0.0.0', '20.0.1.243') }], minute(0));
  const listed = { '200.1.0.20': { a: ['127.0.0.2'] } };
  const bad = answering(zone('bad.test', listed));
  const servers: LabServer[] = [await lab.start(bad.handler)];
  for (const id of lists.slice(1)) servers.push(await lab.start(zone(`${id}.test`, listed)));
  const all = lists.map((id, place) => labList({ id }, servers[place]));

  const first = await scanned(db, all, 10);
  expect(first.changes.map(shortChange).sort()).toEqual(lists.map((id) => `listed ${LISTED} ${id}`));

  // In the middle of its targets, which are asked in their order: what is listed comes after it.
  bad.answers.left = 250;
  const middle = await scanned(db, all, 20);
  const said = of(middle, 'bad');
  expect(said).toHaveLength(TARGETS);
  const answered = said.filter((one) => one === 'clean').length;
  expect(answered).toBeGreaterThan(100);
  expect(answered).toBeLessThan(250);
  expect(said.slice(250).every((one) => one.startsWith('unknown '))).toBe(true);
  const asked = servers[0]?.questions.length ?? 0;

  bad.answers.left = 0;
  const silent = await scanned(db, all, 30);
  expect(new Set(of(silent, 'bad'))).toEqual(new Set(['unknown list-unreachable']));
  expect(silent.reports.find(({ id }) => id === 'bad')).toMatchObject({ health: 'unreachable', unknown: TARGETS });
  // Nothing but its controls, a few times each.
  expect((servers[0]?.questions.length ?? 0) - asked).toBeLessThan(50);

  for (const round of [middle, silent]) {
    expect(round.changes).toEqual([]);
    for (const id of ['good', 'other']) {
      const others = of(round, id);
      expect(others).toHaveLength(TARGETS);
      expect(others.filter((one) => one === 'clean')).toHaveLength(TARGETS - 1);
    }
  }
  const open = await listingHistory(db, { open: true });
  expect(open.map(({ target, list }) => `${target} ${list}`).sort()).toEqual(lists.map((id) => `${LISTED} ${id}`));
});
