import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runningServer } from '../src/db/embedded/postmaster.ts';
import { type Database, openDatabase } from '../src/db/open.ts';
import { changeHistory } from '../src/listing/history.ts';
import { sendDue } from '../src/schedule/jobs.ts';
import { openQueue, type Queue } from '../src/schedule/queue.ts';
import { claimTick } from '../src/schedule/ticks.ts';
import { median } from './cost.ts';
import { NETWORK, startDesk, startLists } from './soak-lists.ts';

/**
 * A day of `serve`, in minutes: two of them and two workers, one embedded database, five lists on which listings come
 * and go, a webhook that is told.
 *
 *     node bench/soak.ts [SCANS]      48 by default: 24 hours with a scan every 30 minutes
 *
 * Everything is real, processes and kills too, but for the time between two scans, which is skipped: the processes' clock
 * jumps to the next scan (bench/soak-process.ts), and the tick is claimed here, as each of them would do. Meanwhile, in
 * mid-scan, workers and a `serve` are killed, and the database's server; a list fails for some scans, and the webhook.
 * At the end what was told must be what happened, each once; and memory, files and connections as they were.
 */
const SCANS = Number(process.argv[2] ?? 48);
const EVERY = 30 * 60_000;
/** Scans in which nothing happens any more, at the end: a delisting takes two, the last message a window. */
const QUIET = 5;
const PATIENCE = 120_000;

const home = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-soak-'));
chmodSync(home, 0o755);
const folder = path.join(home, 'db');
const clock = path.join(home, 'clock');
const log = path.join(home, 'log');
const began = performance.now();

const lists = await startLists();
const desk = await startDesk();
writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: lists.definitions }));
writeFileSync(
  path.join(home, 'config.json'),
  JSON.stringify({
    ...{ catalogue: 'lists.json', lists: lists.definitions.map(({ id }) => id).join(), timeout: '2s' },
    targets: [{ target: NETWORK, allowSpecial: true }],
    schedules: { scan: { cron: '*/30 * * * *', timeZone: 'UTC', jitter: '0s' } },
    serve: { listen: 'off' },
    channels: { desk: { type: 'webhook', url: desk.url, gets: ['alerts'] } },
  }),
);

let ahead = EVERY - (Date.now() % EVERY);
const now = (): Date => new Date(Date.now() + ahead);
function setClock(): void {
  writeFileSync(`${clock}.new`, String(ahead));
  renameSync(`${clock}.new`, clock);
}
setClock();

function start(role: 'serve' | 'worker'): ChildProcess {
  const words = [fileURLToPath(new URL('soak-process.ts', import.meta.url)), role, '--log', 'json'];
  const child = spawn(process.execPath, words, {
    env: {
      ...{ PATH: process.env.PATH, HOME: home, SOAK_CLOCK: clock, DNSBLWATCH_DATABASE: folder },
      ...{ DNSBLWATCH_STATE: path.join(home, 'state'), DNSBLWATCH_CONFIG: path.join(home, 'config.json') },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.on('data', (text: Buffer) => appendFileSync(log, text));
  return child;
}

/** Of one process: megabytes in memory, and files and sockets that are open. */
function sizeOf({ pid }: ChildProcess): { megabytes: number; files: number } {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return { megabytes: Math.round(Number(kilobytes) / 1024), files: readdirSync(`/proc/${pid}/fd`).length };
}

type Means = { db: Database; queue: Queue };
let means: Means | null = null;

async function openMeans(): Promise<Means> {
  const gone = new AbortController();
  const db = await openDatabase(folder, { onLost: () => gone.abort() });
  gone.signal.addEventListener('abort', leave);
  return { db, queue: await openQueue(db.sql, () => {}, gone.signal) };
}

/** Lets go of the database. */
function leave(): void {
  const left = means;
  means = null;
  void left?.queue.stop({ graceful: false }).finally(() => left.db.close());
}

/** With the database, which may be killed meanwhile: then again. */
async function ask<T>(act: (means: Means) => Promise<T>): Promise<T> {
  for (const until = performance.now() + PATIENCE; ; ) {
    try {
      means ??= await openMeans();
      return await act(means);
    } catch (error) {
      appendFileSync(log, `bench: ${error}\n`);
      leave();
      if (performance.now() > until) throw error;
      await pause(500);
    }
  }
}
// postgres.js throws where nobody can catch it when a connection is cut while it writes (src/db/lost-connection.ts).
process.on('uncaughtException', (error) => {
  if (!(error instanceof TypeError)) throw error;
  leave();
});

async function finishedScans(): Promise<number> {
  return await ask(async ({ db }) => {
    const [row] = await db.sql<{ n: number }[]>`
      select count(*)::int as n from scan where schedule = 'scan' and state = 'finished'`;
    return row?.n ?? 0;
  });
}

/** Jumps to the next time that a scan is due, claims it, and waits until it is through. `meanwhile`: in mid-scan. */
async function scan(meanwhile: () => Promise<void>): Promise<number> {
  ahead += EVERY - (now().getTime() % EVERY) + 1000;
  setClock();
  const before = await finishedScans();
  const due = new Date(now().getTime() - (now().getTime() % EVERY));
  const asked = lists.lab.questions.length;
  const from = performance.now();
  await ask(({ db, queue }) =>
    claimTick(db.sql, { name: 'scan', jitter: 0 }, due, now(), (tick, tx) => sendDue(queue, tick, tx)),
  );
  while (lists.lab.questions.length < asked + 200) await Promise.race([lists.lab.nextQuestion(), pause(1000)]);
  await meanwhile();
  while ((await finishedScans()) === before) {
    if (performance.now() - from > PATIENCE)
      throw new Error(`the scan of ${due.toISOString()} does not end; see ${log}`);
    await pause(250);
  }
  lists.lab.questions.length = 0;
  return performance.now() - from;
}

const [steady, ...others] = [start('serve'), start('serve'), start('worker'), start('worker')];
if (steady === undefined) throw new Error('nothing was started');
const killed = { serve: 0, worker: 0, database: 0 };

async function kill(at: number): Promise<void> {
  const child = others[at];
  if (child === undefined) return;
  const role = at === 0 ? 'serve' : 'worker';
  child.kill('SIGKILL');
  await once(child, 'exit');
  killed[role] += 1;
  others[at] = start(role);
}

/** What is done to whom in mid-scan; every scan has its own. */
async function harm(number: number): Promise<void> {
  if (number % 12 === 5) await kill(1 + Math.floor(Math.random() * 2));
  if (number % 12 === 8) await Promise.all([kill(1), kill(2)]);
  if (number % 24 === 11) await kill(0);
  if (number % 24 === 15) {
    killed.database += 1;
    process.kill(runningServer(folder)?.pid ?? 0, 'SIGKILL');
  }
}

const happened: string[] = [];
const took: number[] = [];
const sizes: { megabytes: number; files: number; connections: number }[] = [];

async function measure(): Promise<void> {
  const connections = await ask(async ({ db }) => {
    const [row] = await db.sql<{ n: number }[]>`
      select count(*)::int as n from pg_stat_activity where backend_type = 'client backend'`;
    return row?.n ?? 0;
  });
  sizes.push({ ...sizeOf(steady as ChildProcess), connections });
}

try {
  // The first finds nothing: what is there before anybody looked is told in another way.
  await scan(async () => {});
  for (let number = 1; number <= SCANS; number += 1) {
    if (number % 16 === 3) lists.fail('abcde'[number % 5] ?? 'a', number % 32 === 3 ? 'silence' : 'servfail');
    if (number % 16 === 6) lists.fail(null);
    desk.refuse(number % 20 >= 9 && number % 20 < 12);
    happened.push(...lists.turn(number));
    took.push(await scan(() => harm(number)));
    await measure();
    if (number % 8 === 0) {
      const { megabytes, files, connections } = sizes.at(-1) ?? { megabytes: 0, files: 0, connections: 0 };
      const seconds = Math.round((performance.now() - began) / 1000);
      console.log(`scan ${number}, ${seconds} s: ${megabytes} MB, ${files} files, ${connections} connections`);
    }
  }
  lists.fail(null);
  desk.refuse(false);
  happened.push(...lists.clear());
  for (let number = 0; number < QUIET; number += 1) await scan(async () => {});
  await report();
} finally {
  await ask(async ({ db, queue }) => {
    await queue.stop({ graceful: false });
    await db.close();
  });
  const ends = [steady, ...others].map(async (child) => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [status] = await ended;
    if (status !== 0) process.exitCode = 1;
    return status;
  });
  console.log(
    `ended with ${(await Promise.all(ends)).join(', ')}; server ${runningServer(folder) === null ? 'stopped' : 'LEFT'}`,
  );
  desk.close();
  await lists.lab.close();
  if (process.exitCode === undefined) rmSync(home, { recursive: true, force: true });
  else console.log(`see ${log}`);
}

/** What is in one but not in the other, or more often. */
function missing(from: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return from.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

async function report(): Promise<void> {
  const changes = await ask(({ db }) => changeHistory(db, {}));
  const recorded = changes.map(({ target, list, kind }) => `${target} ${list} ${kind}`);
  const told = desk.told.map(({ what }) => what);
  const part = (from: number, to: number) => sizes.slice(Math.floor(sizes.length * from), Math.ceil(sizes.length * to));
  const early = part(0.2, 0.4);
  const late = part(0.8, 1);
  const [first, last] = [early, late].map((some) => ({
    megabytes: median(some.map(({ megabytes }) => megabytes)),
    files: median(some.map(({ files }) => files)),
    connections: median(some.map(({ connections }) => connections)),
  }));
  const wrong = {
    'not recorded': missing(happened, recorded),
    'recorded, did not happen': missing(recorded, happened),
    'not told': missing(happened, told),
    'told, did not happen or twice': missing(told, happened),
  };
  console.log(`
${SCANS} scans of ${(SCANS * EVERY) / 3_600_000} simulated hours in ${Math.round((performance.now() - began) / 1000)} s (load ${loadavg()[0]?.toFixed(1)})
a scan took ${(median(took) / 1000).toFixed(1)} s, the longest ${(Math.max(...took) / 1000).toFixed(1)} s
killed: ${killed.worker} workers, ${killed.serve} serve, the database ${killed.database} times
happened ${happened.length}, recorded ${recorded.length}, told ${told.length} in ${new Set(desk.told.map(({ message }) => message)).size} messages
early and late: ${first?.megabytes} and ${last?.megabytes} MB, ${first?.files} and ${last?.files} files, ${first?.connections} and ${last?.connections} connections`);
  for (const [what, some] of Object.entries(wrong)) {
    if (some.length === 0) continue;
    process.exitCode = 1;
    console.log(`${what}: ${some.length}: ${some.slice(0, 10).join('; ')}`);
  }
}
