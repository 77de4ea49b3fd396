import type { Sql } from 'postgres';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openQueue, within } from '../../src/schedule/queue.ts';
import { readSchedules, type Schedule } from '../../src/schedule/schedules.ts';
import { claimTick, type HandOver, makeUp, type Tick } from '../../src/schedule/ticks.ts';
import { testDatabase } from '../database.ts';

let where: string;
let db: Database;
let sql: Sql;
beforeAll(async () => {
  where = await testDatabase();
  db = await openDatabase(where);
  sql = db.sql;
});
afterAll(() => db.close());
beforeEach(async () => void (await sql`truncate tick`));

const [scan, followUp, audit, digest] = readSchedules({}, 'UTC') as [Schedule, Schedule, Schedule, Schedule];
const at = (time: string): Date => new Date(`2026-11-24T${time}Z`);

function notebook(): { ticks: Tick[]; handOver: HandOver } {
  const ticks: Tick[] = [];
  return { ticks, handOver: async (tick) => void ticks.push(tick) };
}

test('of ten processes one claims a tick', async () => {
  const others = await Promise.all(Array.from({ length: 9 }, () => openDatabase(where)));
  const { ticks, handOver } = notebook();
  const won = await Promise.all(
    [db, ...others].map((one) => claimTick(one.sql, scan, at('06:17:00'), at('06:17:00'), handOver)),
  );
  expect(won.filter(Boolean)).toHaveLength(1);
  expect(ticks).toHaveLength(1);
  await Promise.all(others.map((one) => one.close()));
});

test('a scan starts later than it is due by the jitter at most, a digest on the dot', async () => {
  const { ticks, handOver } = notebook();
  await claimTick(sql, scan, at('06:17:00'), at('06:17:00'), handOver);
  await claimTick(sql, digest, at('07:00:00'), at('07:00:00'), handOver);
  const [ofScan, ofDigest] = ticks.map(({ wait }) => wait);
  expect(ofScan).toBeGreaterThanOrEqual(0);
  expect(ofScan).toBeLessThan(600_000);
  expect(ofDigest).toBe(0);
});

test('what was missed is made up for once, however often it was', async () => {
  const { ticks, handOver } = notebook();
  await claimTick(sql, scan, at('00:17:00'), at('00:17:00'), handOver);
  expect(await makeUp(sql, scan, at('05:00:00'), handOver)).toBeNull();
  expect(await makeUp(sql, scan, at('19:00:00'), handOver)).toEqual(at('18:17:00'));
  expect(await makeUp(sql, scan, at('19:00:01'), handOver)).toBeNull();
  expect(ticks.map(({ due }) => due)).toEqual([at('00:17:00'), at('18:17:00')]);
});

test('a new schedule scans or audits at once, and a new follow-up or digest waits for its hour', async () => {
  const { ticks, handOver } = notebook();
  expect(await makeUp(sql, scan, at('05:00:00'), handOver)).toEqual(at('00:17:00'));
  await makeUp(sql, followUp, at('08:00:00'), handOver);
  await makeUp(sql, audit, at('08:00:00'), handOver);
  await makeUp(sql, digest, at('08:00:00'), handOver);
  expect(ticks).toEqual([
    { schedule: 'scan', due: at('00:17:00'), wait: 0 },
    { schedule: 'audit', due: at('04:43:00'), wait: 0 },
  ]);
});

test('ticks claimed by a clock that was years ahead do not silence the right one', async () => {
  const { ticks, handOver } = notebook();
  await claimTick(sql, scan, new Date('2030-01-01T00:17:00Z'), new Date('2030-01-01T00:17:00Z'), handOver);
  expect(await claimTick(sql, scan, at('06:17:00'), at('06:17:00'), handOver)).toBe(true);
  expect(ticks).toHaveLength(2);
});

test('a tick whose work could not be handed over is not claimed', async () => {
  const broken: HandOver = async () => {
    throw new Error('no queue');
  };
  await expect(claimTick(sql, scan, at('06:17:00'), at('06:17:00'), broken)).rejects.toThrow('no queue');
  const { handOver } = notebook();
  expect(await claimTick(sql, scan, at('06:17:00'), at('06:17:00'), handOver)).toBe(true);
});

test('work is in the queue if, and only if, the tick was claimed', async () => {
  const queue = await openQueue(sql, (error) => {
    throw error;
  });
  await queue.createQueue('work');
  const hand: HandOver = async (tick, tx) => void (await queue.send('work', { due: tick.due }, within(tx)));
  await claimTick(sql, scan, at('06:17:00'), at('06:17:00'), hand);
  const broken: HandOver = async (tick, tx) => {
    await hand(tick, tx);
    throw new Error('killed');
  };
  await expect(claimTick(sql, scan, at('12:17:00'), at('12:17:00'), broken)).rejects.toThrow('killed');
  expect(await queue.fetch('work')).toMatchObject([{ data: { due: at('06:17:00').toISOString() } }]);
  expect(await queue.fetch('work')).toEqual([]);
  await queue.stop({ graceful: false });
});
