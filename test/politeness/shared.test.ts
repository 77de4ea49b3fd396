import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { List } from '../../src/catalogue/list.ts';
import { type Database, openDatabase } from '../../src/db/open.ts';
import { openLeases } from '../../src/politeness/leases.ts';
import { createSharedPacing, type SharedPacing } from '../../src/politeness/shared.ts';
import { fileLedger } from '../../src/scan/ledger.ts';
import type { Gate } from '../../src/scan/pacing.ts';
import { testDatabase } from '../database.ts';
import { labList } from '../scan/zone.ts';

let db: Database;
let folder: string;
let open: SharedPacing[] = [];
beforeAll(async () => {
  db = await openDatabase(await testDatabase());
});
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-shared-'));
});
afterEach(async () => {
  for (const pacing of open) await pacing.close();
  open = [];
  await db.sql`delete from lease`;
  await db.sql`delete from ledger`;
  rmSync(folder, { recursive: true });
});
afterAll(() => db.close());

const now = (): Date => new Date();

/** As another process would, with all its own but the database and the state folder. */
function pacing({ holder = 'scan 1', first = false, source = 'default' } = {}): SharedPacing {
  const leases = openLeases(db.sql, { source, holder, first });
  const made = createSharedPacing({ leases, beside: fileLedger(folder, 'abc'), limits: {}, now });
  open.push(made);
  return made;
}

async function close(made: SharedPacing): Promise<void> {
  await made.close();
  open = open.filter((one) => one !== made);
}

const paced = (limits: List['limits'], operator = 'one'): List =>
  labList({ id: 'bl', operator, servers: ['192.0.2.53:53'], limits: limits ?? 'none' });

async function takeAll(gate: Gate, count: number): Promise<string[]> {
  return await Promise.all(Array.from({ length: count }, () => gate.take('lookup')));
}

async function askedOf(operator: string): Promise<number> {
  const [row] = await db.sql<{ asked: number }[]>`
    select coalesce(sum(asked), 0)::float8 as asked from ledger where operator = ${operator}`;
  return row?.asked ?? 0;
}

test('the rate of an operator is one for all that ask on a database', async () => {
  const gates = [1, 2, 3].map((at) => pacing({ holder: `scan ${at}` }).gate(paced({ perSecond: 20 })));
  const started = performance.now();
  await Promise.all(gates.map((gate) => takeAll(gate, 20)));
  expect(performance.now() - started).toBeGreaterThan(1950);
});

test('machines with addresses of their own have the rate each', async () => {
  const gates = ['a', 'b', 'c'].map((source) => pacing({ source }).gate(paced({ perSecond: 20 })));
  const started = performance.now();
  await Promise.all(gates.map((gate) => takeAll(gate, 20)));
  expect(performance.now() - started).toBeLessThan(1500);
});

test('a day is shared: what one took the other has not', async () => {
  const list = paced({ perSecond: 1e6, perDay: 100 });
  const [one, two] = [pacing(), pacing({ holder: 'scan 2' })];
  const both = await Promise.all([takeAll(one.gate(list), 80), takeAll(two.gate(list), 80)]);
  expect(both.flat().filter((leave) => leave === 'go')).toHaveLength(100);
  expect(await two.gate(list).take('closing')).toBe('go');
  expect(await askedOf('one')).toBe(101);
});

test('what the day held 24 hours ago counts, what was before does not', async () => {
  const hour = (ago: number): Date => new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000);
  await db.sql`insert into ledger (operator, source, hour, asked)
    values ('one', 'default', ${hour(24)}, 5), ('one', 'default', ${hour(25)}, 1000), ('one', 'elsewhere', ${hour(0)}, 1000)`;
  const taken = await takeAll(pacing().gate(paced({ perSecond: 1e6, perDay: 8 })), 8);
  expect(taken.filter((leave) => leave === 'go')).toHaveLength(3);
});

test('what was asked without the database counts too, and what is asked with it is told', async () => {
  const without = fileLedger(folder);
  without.add('one', now(), 60);
  without.close();
  const taken = await takeAll(pacing().gate(paced({ perSecond: 1e6, perDay: 100 })), 100);
  expect(taken.filter((leave) => leave === 'go')).toHaveLength(40);
  await close(open[0] as SharedPacing);
  expect(await askedOf('one')).toBe(40);
});

test('more is counted than was used as long as it may be, and given back at the end', async () => {
  const mine = labList({ id: 'bl', operator: 'one', limits: { perDay: 10_000 }, servers: ['127.0.0.1:53'] });
  const one = pacing();
  await takeAll(one.gate(mine), 7);
  expect(await askedOf('one')).toBe(100);
  await close(one);
  expect(await askedOf('one')).toBe(7);
});

test('a packet that is sent once more counts, in the database and beside it', async () => {
  const one = pacing();
  const gate = one.gate(paced({ perSecond: 20 }));
  await gate.take('lookup');
  gate.resent();
  await gate.take('lookup');
  gate.resent();
  await close(one);
  expect(await askedOf('one')).toBe(4);
});

test('a lookup that is stopped while it waits gives its turn back', async () => {
  const one = pacing();
  const gate = one.gate(paced({ perSecond: 2 }));
  const stop = new AbortController();
  const waiting = Array.from({ length: 4 }, () => gate.take('lookup', stop.signal).catch(() => 'stopped'));
  expect(await waiting[1]).toBe('go');
  stop.abort();
  expect(await Promise.all(waiting)).toEqual(['go', 'go', 'stopped', 'stopped']);
  await close(one);
  expect(await askedOf('one')).toBe(2);
});

test('a list without limits asks nothing of the database', async () => {
  const gate = pacing().gate(labList({ id: 'bl', servers: ['127.0.0.1:53'] }));
  expect(gate.abreast).toBe(Number.POSITIVE_INFINITY);
  expect(await takeAll(gate, 1000)).toEqual(new Array(1000).fill('go'));
  const [row] = await db.sql`select 1 from lease union all select 1 from ledger`;
  expect(row).toBeUndefined();
});

test('a named scan goes first, the others get a quarter, and all of it again when it is done', async () => {
  const list = paced({ perSecond: 40 });
  const full = pacing();
  const named = pacing({ holder: 'scan 2', first: true });
  let ofFull = 0;
  const stop = new AbortController();
  const gate = full.gate(list);
  const goOn = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await gate.take('lookup', stop.signal);
      ofFull += 1;
    }
  };
  const asking = Array.from({ length: 20 }, () => goOn().catch(() => {}));
  await gate.take('lookup');
  await takeAll(named.gate(list), 60); // its share may begin only after the second that is given out already
  const before = ofFull;
  const started = performance.now();
  await takeAll(named.gate(list), 60);
  const seconds = (performance.now() - started) / 1000;
  expect(seconds).toBeLessThan(60 / 40 / 0.75 + 0.5);
  expect(ofFull - before).toBeLessThan(seconds * 10 + 3);
  expect(ofFull - before).toBeGreaterThan(seconds * 10 * 0.3); // a busy machine asks late
  await close(named);
  const then = ofFull;
  const free = performance.now();
  while (ofFull < then + 40) await gate.take('lookup');
  expect((performance.now() - free) / 1000).toBeLessThan(1.6);
  stop.abort();
  await Promise.all(asking);
});

test('a database that was away for a moment is asked again by the next lookup', async () => {
  const real = openLeases(db.sql, { source: 'default', holder: 'scan 1', first: false });
  let away = true;
  const ask: typeof real.ask = (requests) => (away ? Promise.reject(new Error('away')) : real.ask(requests));
  const made = createSharedPacing({ leases: { ...real, ask }, beside: fileLedger(folder, 'abc'), limits: {}, now });
  open.push(made);
  const gate = made.gate(paced({ perSecond: 5 }));
  await expect(gate.take('lookup')).rejects.toThrow('away');
  away = false;
  expect(await gate.take('lookup')).toBe('go');
});

test('without the database nobody is asked: what others cannot see is not sent', async () => {
  const other = await openDatabase(await testDatabase());
  const leases = openLeases(other.sql, { source: 'default', holder: 'scan 1', first: false });
  const made = createSharedPacing({ leases, beside: fileLedger(folder, 'abc'), limits: {}, now });
  const gate = made.gate(paced({ perSecond: 5 }));
  expect(await gate.take('lookup')).toBe('go');
  const waiting = Array.from({ length: 9 }, () => gate.take('lookup').then(String, () => 'failed'));
  await other.close();
  expect(await Promise.all(waiting)).toContain('failed');
  await expect(gate.take('lookup')).rejects.toThrow();
  await made.close();
});
