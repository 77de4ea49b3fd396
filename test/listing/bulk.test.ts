import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Database } from '../../src/db/open.ts';
import { changeHistory, listingHistory } from '../../src/listing/history.ts';
import { finishScan } from '../../src/listing/scans.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import {
  batchOf,
  type Found,
  fullScan,
  knownIn,
  list,
  minute,
  openWorld,
  range,
  recordBatch,
  scanAll,
} from './world.ts';

const a = list('a');

test('ten thousand new listings in one batch are ten thousand changes, each with its own evidence', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('198.18.0.0', '198.18.39.15') }], minute(0));
  const scan = await fullScan(db, [a], 10);
  const targets = Array.from({ length: 10_000 }, (_, at) => scan.targets.at(at).text);
  const found = Object.fromEntries(targets.map((target) => [target, ['127.0.0.2']]));
  const changes = await recordBatch(db, scan, batchOf(scan, 'a', 10, found));
  await scan.release();

  expect(changes.map(({ target }) => target)).toEqual(targets);
  const stored = await changeHistory(db, { evidence: true });
  expect(stored).toEqual(JSON.parse(JSON.stringify(changes)));
  expect(stored.every(({ id, kind }, at) => kind === 'listed' && id > (stored[at - 1]?.id ?? 0))).toBe(true);
  for (const { target, evidence } of stored) {
    expect(evidence).toHaveLength(1);
    expect(evidence[0]).toMatchObject({ asked: `${target}.a.example`, txt: `see https://a.example/${target}` });
    expect(evidence[0]?.controls).toHaveLength(1);
  }
  const [rows] = await db.sql`
    select (select count(*) from listing where until is null)::int as open, (select count(*) from evidence)::int as evidence,
      (select count(*) from incident)::int as incidents, (select count(*) from coverage)::int as coverage`;
  expect(rows).toEqual({ open: 10_000, evidence: 10_000, incidents: 40, coverage: 1 });
});

test('texts of strangers are kept as they are', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.3') }], minute(0));
  const scan = await fullScan(db, [a], 10);
  const batch = batchOf(scan, 'a', 10, { '192.0.2.1': ['127.0.0.2'], '192.0.2.2': ['127.0.0.3'] });
  const text = `a "quoted" \\ back\\slash, {brace} 'apostrophe' ünïcode 🙂 null NULL`;
  for (const result of batch.results) if (result.reason !== null) result.reason = text;
  await recordBatch(db, scan, batch);
  await scan.release();
  expect((await listingHistory(db, {})).map(({ reason }) => reason)).toEqual([text, text]);
  expect((await changeHistory(db, { evidence: true })).map(({ evidence }) => evidence[0]?.txt)).toEqual([text, text]);
});

const size = 8;
const found: fc.Arbitrary<Found> = fc.constantFrom<Found[]>(
  'clean',
  'clean',
  'timeout',
  ['127.0.0.2'],
  ['127.0.0.3'],
  ['127.0.0.2', '127.0.0.3'],
);
/** Scans in their order: minutes after the one before, what is found of each target, and whether cleans are proven. */
const story = fc.array(
  fc.record({
    clean: fc.constantFrom<Found[]>('clean', 'clean', 'unproven'),
    after: fc.constantFrom(2, 10, 700, 5000),
    found: fc.array(found, { minLength: size, maxLength: size }),
  }),
  { minLength: 4, maxLength: 10 },
);
type Story = { clean: Found; after: number; found: Found[] }[];

/** Records the story in batches of so many targets, and gives back all that is then known. */
async function tell(db: Database, scans: Story, batchSize: number): Promise<unknown> {
  let at = 10;
  for (const { clean, after, found: each } of scans) {
    at += after;
    const scan = await fullScan(db, [a], at);
    const byTarget = Object.fromEntries(
      each.map((one, at) => [scan.targets.at(at).text, one === 'clean' ? clean : one]),
    );
    for (let posFrom = 0; posFrom < size; posFrom += batchSize)
      await recordBatch(
        db,
        scan,
        batchOf(scan, 'a', at, byTarget, { posFrom, posTo: Math.min(posFrom + batchSize, size) }),
      );
    await finishScan(db, scan, minute(at + 1));
    await scan.release();
  }
  return await knownIn(db);
}

test('a story recorded target by target and in bulk is the same history', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.integer({ min: 2, max: size }), async (scans, batchSize) => {
      const worlds = [await openWorld(), await openWorld()] as const;
      for (const db of worlds) await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.7') }], minute(0));
      const [one, bulk] = [await tell(worlds[0], scans, 1), await tell(worlds[1], scans, batchSize)];
      expect(bulk).toEqual(one);
      for (const db of worlds) await db.close();
    }),
    { numRuns: 4, endOnFailure: true },
  );
});

test('what another scan opened meanwhile counts, though this one began without it', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.0', '192.0.2.7') }], minute(0));
  const begun = await fullScan(db, [a], 10);
  await begun.release();
  await scanAll(db, [a], 20, { a: { '192.0.2.3': ['127.0.0.2'] } });
  await recordBatch(db, begun, batchOf(begun, 'a', 30));
  expect(await scanAll(db, [a], 40)).toMatchObject([{ kind: 'delisted', target: '192.0.2.3' }]);
});
