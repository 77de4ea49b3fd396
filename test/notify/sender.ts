import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '../../src/db/open.ts';
import { collect } from '../../src/notify/collect.ts';
import { deliver } from '../../src/notify/outbox.ts';
import { channelOf, setupOf } from './setup.ts';

/** Collects and delivers until it is killed; a line for each round. */
const [where = '', url = '', time = ''] = process.argv.slice(2);
const db = await openDatabase(where, { migrations: null });
const hook = channelOf('hook', { type: 'webhook', url, secret: null });
for (;;) {
  const now = new Date(time);
  await collect(db, setupOf([], [hook]), now);
  await deliver(db, [hook], now);
  process.stdout.write('.\n');
  await pause(20);
}
