import { expect, test } from 'vitest';
import { listingHistory } from '../../src/listing/history.ts';
import { requestRemoval, withdrawRemoval } from '../../src/listing/removals.ts';
import { addTargets } from '../../src/listing/tracked.ts';
import { list, minute, openWorld, range, scanAll } from './world.ts';

const a = list('a');
const of = { target: '192.0.2.5', list: 'a' };

test('a request is kept with its listing through later scans; asking twice is refused until it is withdrawn', async () => {
  const db = await openWorld();
  await addTargets(db, [{ range: range('192.0.2.5') }], minute(0));
  await expect(requestRemoval(db, of, minute(1))).rejects.toThrow('192.0.2.5 on a: no open listing is recorded');
  await scanAll(db, [a], 10, { a: { '192.0.2.5': ['127.0.0.2'] } });
  await expect(requestRemoval(db, { ...of, label: 'BOT' }, minute(11))).rejects.toThrow('expected one of SPAM');
  await expect(withdrawRemoval(db, of, minute(11))).rejects.toThrow('no removal is requested');
  await requestRemoval(db, { ...of, note: 'form, ticket 7' }, minute(20));
  await expect(requestRemoval(db, of, minute(21))).rejects.toThrow('asking twice can delay it');
  await withdrawRemoval(db, of, minute(30));
  await requestRemoval(db, { ...of, label: 'SPAM' }, minute(40));
  for (const at of [60, 70]) await scanAll(db, [a], at);
  expect(await listingHistory(db, {})).toMatchObject([
    {
      endedBy: 'delisted',
      removals: [
        {
          requestedAt: minute(20).toISOString(),
          withdrawnAt: minute(30).toISOString(),
          note: 'form, ticket 7',
          label: null,
        },
        { requestedAt: minute(40).toISOString(), withdrawnAt: null, note: null, label: 'SPAM' },
      ],
    },
  ]);
});
