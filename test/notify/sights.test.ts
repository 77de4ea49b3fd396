import { expect, test } from 'vitest';
import { finishScan, startNamedScan } from '../../src/listing/scans.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { readDigest } from '../../src/notify/digest/read.ts';
import { silentTogether } from '../../src/notify/sight.ts';
import { sightsOf } from '../../src/notify/sights.ts';
import { batchOf, hour, list, minute, openWorld, policy, range, recordBatch, scanAll } from '../listing/world.ts';

const lists = ['a', 'b', 'c'].map((id) => list(id));
const silent = Object.fromEntries(['a', 'b', 'c'].map((id) => [id, { '192.0.2.7': 'timeout' as const }]));

test('an outage after a follow-up of some lists is still one of all, and a follow-up is no scan of a digest', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.7') }], minute(0));
  await scanAll(db, lists, 1);
  const how = { kind: 'adaptive', schedule: 'follow-up', lists: lists.slice(0, 1), policy, now: minute(30) } as const;
  const followUp = await startNamedScan(db, [range('192.0.2.7')], how);
  await recordBatch(db, followUp, batchOf(followUp, 'a', 30));
  await finishScan(db, followUp, minute(31));
  await scanAll(db, lists, 60, silent);
  const sights = await sightsOf(db.orm, lists);
  expect(sights.map(({ toldAt }) => toldAt?.slice(11, 16))).toEqual(['00:30', '00:01', '00:01']);
  expect(silentTogether(sights)).toMatchObject({
    operators: 3,
    together: [{ list: 'a' }, { list: 'b' }, { list: 'c' }],
  });
  const digest = await readDigest(db, lists, { period: { from: minute(0), to: minute(2 * hour) }, tags: null });
  expect(digest).toMatchObject({ scans: { finished: 2 }, outage: 3 });
});
