import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Database, openDatabase } from '../src/db/open.ts';
import { addressText } from '../src/target.ts';
import { type Cost, costOf, cpuOfTree, median } from './cost.ts';
import { definitionsOf, FIRST, LISTS, listedPairs, startOdd, startResponder } from './lab.ts';

/**
 * What whole commands cost, with 60 lists of which each holds one target in a hundred. They are the built package's.
 *
 *     node bench/pipeline.ts [TARGETS …] [--rounds N]
 *                                                   a first scan, and a second one in which one pair in ten thousand has
 *                                                   changed (by default of 1000, 10000 and 100000 targets); of several
 *                                                   rounds the medians as well
 *     node bench/pipeline.ts check [TARGETS]        `check - --format ndjson`, the addresses from standard input
 *     node bench/pipeline.ts silent|slow [TARGETS]  a scan while three lists never answer, or one does after a second,
 *                                                   beside one while all is well
 *
 * Scans are recorded in a new embedded database each, or in the one at DATABASE_URL, whose tables are emptied. Beside
 * each first scan is the engine alone (bench/ours.ts), and which part of its rate the scans reach.
 */
execFileSync(process.execPath, [new URL('../tools/build.ts', import.meta.url).pathname]);
const main = new URL('../dist/main.js', import.meta.url).pathname;
const engine = new URL('ours.ts', import.meta.url).pathname;
const home = mkdtempSync(join(tmpdir(), 'dnsblwatch-pipeline-'));
chmodSync(home, 0o711); // started by root, the database runs under another account
process.once('exit', () => rmSync(home, { recursive: true, force: true }));
const server = await startResponder();

/** The words that choose the lists at these servers. */
function listsAt(servers: readonly string[]): string[] {
  const catalogue = join(home, 'lists.json');
  const definitions = definitionsOf(servers);
  writeFileSync(catalogue, JSON.stringify({ lists: definitions }));
  return ['--catalogue', catalogue, '--lists', definitions.map(({ id }) => id).join(',')];
}

const addressAt = (place: number): string => addressText('ipv4', BigInt(FIRST + place));
const rangeOf = (size: number): string => `${addressAt(0)}-${addressAt(size - 1)}`;

function say(what: string, { seconds, cpu, megabytes, stall, turn }: Cost, ...more: string[]): void {
  const figures = [
    `${seconds.toFixed(1).padStart(6)} s`,
    `${cpu.toFixed(1).padStart(6)} s CPU`,
    `${megabytes.toFixed(0).padStart(4)} MB`,
    `stall ${stall.toFixed(0).padStart(3)} ms (CPU ${turn.toFixed(0)})`,
  ];
  console.log([what.padEnd(27), ...figures, ...more].join('  '));
}

const perSecond = (lookups: number, { seconds }: Cost): string => `${Math.round(lookups / seconds)} lookups/s`;

/** A database to record in; open, so that its server stays between two scans. */
type Desk = { db: Database; env: Record<string, string>; serverCpu(): number };

let desks = 0;

async function openDesk(): Promise<Desk> {
  desks += 1;
  const own = process.env.DATABASE_URL;
  const database = own ?? join(home, `database-${desks}`);
  const db = await openDatabase(database);
  await db.sql`truncate target_range, target_set, scan, list_version, incident cascade`;
  const pid =
    own === undefined ? Number(readFileSync(join(database, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]) : 0;
  return { db, env: { HOME: home, DNSBLWATCH_DATABASE: database }, serverCpu: () => cpuOfTree(pid) };
}

async function track({ env }: Desk, size: number): Promise<void> {
  await costOf([main, 'targets', 'add', rangeOf(size)], { env });
}

async function scan({ env, serverCpu }: Desk, lists: string[]): Promise<Cost & { database: string }> {
  const before = serverCpu();
  const cost = await costOf([main, 'scan', ...lists, '--format', 'nagios'], { env });
  return { ...cost, database: `PostgreSQL ${(serverCpu() - before).toFixed(1)} s CPU` };
}

const TABLES = ['listing', 'change', 'evidence', 'incident', 'pending', 'coverage', 'exception', 'target_set_part'];

async function sayRows({ db }: Desk): Promise<void> {
  const counts = [];
  for (const table of TABLES) {
    const [row] = await db.sql`select count(*)::int as n from ${db.sql(table)}`;
    counts.push(`${table} ${row?.n}`);
  }
  console.log(`    rows: ${counts.join(', ')}`);
}

async function curve(sizes: readonly number[], rounds: number): Promise<void> {
  const lists = listsAt([server.address]);
  for (const size of sizes) {
    const shares: Shares[] = [];
    for (let round = 0; round < rounds; round += 1) shares.push(await curveAt(size, lists));
    const of = (scan: keyof Shares): string => {
      const all = shares.map((share) => share[scan]);
      return `${median(all).toFixed(2)} (${Math.min(...all).toFixed(2)}-${Math.max(...all).toFixed(2)})`;
    };
    if (rounds > 1) console.log(`${size} targets, of the engine: first scan ${of('first')}, second ${of('second')}`);
  }
}

/** Which part of the engine's rate the two scans reach. */
type Shares = { first: number; second: number };

async function curveAt(size: number, lists: string[]): Promise<Shares> {
  const lookups = size * LISTS;
  const desk = await openDesk();
  const alone = await costOf([engine, String(size), '5000', server.address]);
  const shareOf = ({ seconds, cpu }: Cost): string =>
    `${(alone.seconds / seconds).toFixed(2)} of the engine (by CPU ${(alone.cpu / cpu).toFixed(2)})`;
  say(`${size} targets, engine`, alone, perSecond(lookups, alone));
  await track(desk, size);
  const first = await scan(desk, lists);
  say(`${size} targets, first scan`, first, first.database, perSecond(lookups, first), shareOf(first));
  await sayRows(desk);
  process.kill(server.pid, 'SIGUSR1');
  const second = await scan(desk, lists);
  process.kill(server.pid, 'SIGUSR1'); // as before again
  say(`${size} targets, second scan`, second, second.database, perSecond(lookups, second), shareOf(second));
  await sayRows(desk);
  await desk.db.close();
  return { first: alone.seconds / first.seconds, second: alone.seconds / second.seconds };
}

async function checkAll(size: number): Promise<void> {
  const input = Array.from({ length: size }, (_, place) => `${addressAt(place)}\n`).join('');
  const words = ['check', '-', ...listsAt([server.address]), '--format', 'ndjson'];
  const cost = await costOf([main, ...words], { env: { HOME: home }, input, read: 'last line' });
  const { listed, unknown } = JSON.parse(cost.out);
  const found = `listed ${listed} of ${listedPairs(size)}, unknown ${unknown}`;
  say(`${size} targets, check -`, cost, perSecond(size * LISTS, cost), found);
}

/** The same scan, all well and not. */
async function compare(mode: 'silent' | 'slow', size: number): Promise<void> {
  const odd = mode === 'silent' ? 3 : 1;
  const other = await startOdd(mode === 'slow');
  let base = 0;
  for (const servers of [
    [server.address],
    Array.from({ length: LISTS }, (_, at) => (at < odd ? other : server.address)),
  ]) {
    const desk = await openDesk();
    await track(desk, size);
    const cost = await scan(desk, listsAt(servers));
    base ||= cost.seconds;
    const [others] = await desk.db.sql<{ seconds: number }[]>`
      select extract(epoch from max(c.last_at) - min(s.started_at))::float as seconds
      from coverage c join scan s on s.id = c.scan_id
      where c.list_id <> all(${Array.from({ length: odd }, (_, at) => `bl${at}`)})`;
    const what =
      servers.length === 1 ? 'all well' : mode === 'silent' ? `${odd} lists silent` : 'a list answers after 1 s';
    const times = `${(cost.seconds / base).toFixed(2)} times`;
    say(
      `${size} targets, ${what}`,
      cost,
      times,
      `the others after ${others?.seconds.toFixed(1)} s`,
      cost.out.trim().slice(-90),
    );
    await desk.db.close();
  }
}

console.log(
  `load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '1' } },
});
const [mode = '', size] = positionals;
if (mode === 'check') await checkAll(Number(size ?? 100_000));
else if (mode === 'silent' || mode === 'slow') await compare(mode, Number(size ?? 10_000));
else await curve(positionals.length > 0 ? positionals.map(Number) : [1000, 10_000, 100_000], Number(values.rounds));
server.stop();
process.exit(0);
