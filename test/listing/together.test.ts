import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import type { Database } from '../../src/db/open.ts';
import type { ChangeRecord } from '../../src/listing/changes.ts';
import { listingHistory } from '../../src/listing/history.ts';
import { recordBatches } from '../../src/listing/record.ts';
import { finishScan, type Scan } from '../../src/listing/scans.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import type { Batch } from '../../src/scan/verdict.ts';
import { batchOf, type Found, fullScan, knownIn, list, minute, openWorld, range, recordBatch, short } from './world.ts';

const LISTS = [
  list('a', { accepts: ['ipv4', 'ipv6'] }),
  list('b', { accepts: ['ipv4', 'domain'] }),
  list('zen', { operator: 'of both', contains: ['sbl'] }),
  list('sbl', { operator: 'of both' }),
];
const TARGETS = ['192.0.2.0', '192.0.2.1', '192.0.2.2', '192.0.2.9', '2001:db8::1', 'a.example', 'b.example'];

async function openTracked(): Promise<Database> {
  const db = await openWorld();
  const ranges = TARGETS.map((target) => ({ range: range(target) }));
  await addTargets(db, ranges, minute(0));
  return db;
}

/** The changes of each transaction. */
async function recordTogether(db: Database, scan: Scan, batches: Batch[]): Promise<ChangeRecord[][]> {
  const changes: ChangeRecord[][] = [];
  for await (const some of recordBatches(db, scan, batches)) changes.push(some);
  return changes;
}

type Story = { after: number; found: Found[][] }[];

/** Scans in their order: minutes after the one before, and what each list finds of each target. */
const story: fc.Arbitrary<Story> = fc.array(
  fc.record({
    after: fc.constantFrom(2, 10, 700, 5000),
    found: fc.array(
      fc.array(
        fc.constantFrom<Found[]>('clean', 'clean', 'timeout', ['127.0.0.2'], ['127.0.0.3'], ['127.0.0.2', '127.0.0.3']),
        { minLength: TARGETS.length, maxLength: TARGETS.length },
      ),
      { minLength: LISTS.length, maxLength: LISTS.length },
    ),
  }),
  { minLength: 3, maxLength: 6 },
);

/** Tells the story in batches of so many targets, and gives back all that is then known. */
async function tell(
  db: Database,
  scans: Story,
  batchSize: number,
  record: (scan: Scan, batches: Batch[]) => Promise<unknown>,
): Promise<unknown> {
  let at = 10;
  for (const { after, found } of scans) {
    at += after;
    const scan = await fullScan(db, LISTS, at);
    const foundBy = found.map((each) =>
      Object.fromEntries(each.map((one, position) => [scan.targets.at(position).text, one])),
    );
    for (let posFrom = 0; posFrom < TARGETS.length; posFrom += batchSize) {
      const positions = { posFrom, posTo: Math.min(posFrom + batchSize, TARGETS.length) };
      await record(
        scan,
        LISTS.map(({ id }, place) => batchOf(scan, id, at, foundBy[place], positions)),
      );
    }
    await finishScan(db, scan, minute(at + 1));
    await scan.release();
  }
  return {
    ...(await knownIn(db)),
    coverage: [
      ...(await db.sql`
        select c.scan_id, c.list_id, c.list_version_id, c.pos_from, c.pos_to, c.kind, c.first_at, c.last_at, c.path,
          c.servers, c.proof, c.why, c.asked, c.listed, c.clean, c.unknown, c.controls,
          array(select concat_ws(' ', e.pos_from, e.pos_to, e.why, e.codes)
            from exception e where e.coverage_id = c.id order by e.pos_from) as exceptions
        from coverage c order by c.scan_id, c.list_id, c.pos_from`),
    ],
  };
}

test('a story recorded list by list and of all lists at once is the same history', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(story, fc.integer({ min: 1, max: TARGETS.length }), async (scans, batchSize) => {
      const [single, together] = [await openTracked(), await openTracked()];
      const one = await tell(single, scans, batchSize, async (scan, batches) => {
        for (const batch of batches) await recordBatch(single, scan, batch);
      });
      const all = await tell(together, scans, batchSize, (scan, batches) => recordTogether(together, scan, batches));
      expect(all).toEqual(one);
      for (const db of [single, together]) await db.close();
    }),
    { numRuns: 5, endOnFailure: true },
  );
});

const found = { '192.0.2.1': ['127.0.0.2'] };

test('batches of one operator are recorded one after the other: the second finds the incident of the first', async () => {
  const db = await openTracked();
  const scan = await fullScan(db, LISTS, 10);
  const batches = LISTS.map(({ id }) => batchOf(scan, id, 10, found));
  const changes = await recordTogether(db, scan, batches);
  await scan.release();
  expect(changes.map((some) => some.map(short))).toEqual([
    ['listed 192.0.2.1 a', 'listed 192.0.2.1 b', 'listed 192.0.2.1 zen'],
    ['listed 192.0.2.1 sbl'],
  ]);
  const incidentOf = new Map((await listingHistory(db, {})).map((one) => [one.list, one.incident]));
  expect(incidentOf.get('sbl')).toBe(incidentOf.get('zen'));
  expect(new Set(incidentOf.values()).size).toBe(3);
});

test('no more than sixteen batches share a transaction, and no more than a thousand results', async () => {
  const db = await openTracked();
  const many: List[] = Array.from({ length: 20 }, (_, at) => list(`list-${at}`));
  const scan = await fullScan(db, many, 10);
  const batches = many.map(({ id }) => batchOf(scan, id, 10, found));
  const changes = await recordTogether(db, scan, batches);
  expect(changes.map((some) => some.length)).toEqual([16, 4]);
  await scan.release();

  await addTargets(db, [{ range: range('198.18.0.0', '198.18.1.255') }], minute(20));
  const larger = await fullScan(db, many, 30);
  const listed = Object.fromEntries(
    Array.from({ length: 600 }, (_, at) => [`198.18.${at >> 8}.${at & 255}`, ['127.0.0.2']]),
  );
  const full = many.slice(0, 3).map(({ id }) => batchOf(larger, id, 30, { ...found, ...listed }));
  expect((await recordTogether(db, larger, full)).map((some) => some.length)).toEqual([512, 512, 512]);
  await larger.release();
});

test('a batch that cannot be stored takes with it what shares its transaction, and nothing is stored in part', async () => {
  const db = await openTracked();
  const scan = await fullScan(db, LISTS, 10);
  const [good, bad] = [batchOf(scan, 'a', 10, found), batchOf(scan, 'b', 10, found)];
  await expect(recordTogether(db, scan, [good, { ...bad, runs: [] }])).rejects.toThrow('b: a batch with');
  const [rows] = await db.sql`
    select (select count(*) from coverage)::int + (select count(*) from listing)::int
      + (select count(*) from incident)::int as n`;
  expect(rows).toEqual({ n: 0 });
  expect((await recordTogether(db, scan, [good, bad])).flat().map(short)).toEqual([
    'listed 192.0.2.1 a',
    'listed 192.0.2.1 b',
  ]);
  await scan.release();
});

test('processes that record the same operators in another order do not wait for each other for ever', async () => {
  const db = await openTracked();
  const scan = await fullScan(db, LISTS, 10);
  const batches = LISTS.slice(0, 3).map(({ id }) => batchOf(scan, id, 10, found));
  const recorders = Array.from({ length: 12 }, async (_, at) =>
    recordTogether(db, scan, at % 2 === 0 ? batches : batches.toReversed()),
  );
  const changes = (await Promise.all(recorders)).flat(2);
  await scan.release();
  expect(changes.map(short).sort()).toEqual(['listed 192.0.2.1 a', 'listed 192.0.2.1 b', 'listed 192.0.2.1 zen']);
});
