import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openDatabase } from '../src/db/open.ts';
import { addressText } from '../src/target.ts';
import { definitionsOf, FIRST, LISTS, startResponder } from './lab.ts';

/**
 * What recorded scans cost: the whole process of `scan`, for growing numbers of targets on 60 lists of which each holds
 * one target in a hundred; then a second scan in which one pair in ten thousand has changed. Each on a new database: an
 * embedded one, or one at DATABASE_URL, whose tables are emptied. `scan` is the built package's.
 *
 *     node bench/pipeline.ts [TARGETS …]       by default 1000 10000 100000
 *
 * Beside each first scan, the engine alone (bench/ours.ts), and which part of its rate the scan reaches. Memory is the
 * largest of the process, `stall` the longest time that its event loop held anybody up.
 */
execFileSync(process.execPath, [new URL('../tools/build.ts', import.meta.url).pathname]);
const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1000, 10_000, 100_000];
const main = new URL('../dist/main.js', import.meta.url).pathname;
const engine = new URL('ours.ts', import.meta.url).pathname;

type Cost = { seconds: number; cpu: number; megabytes: number; stall: number; out: string };

/** Told on file descriptor 3 by the process itself as it ends. */
const TELL = `
  import { writeSync } from 'node:fs';
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const { maxRSS } = process.resourceUsage();
    writeSync(3, JSON.stringify({ cpu: (user + system) / 1e6, megabytes: maxRSS / 1024, stall: delay.max / 1e6 }));
  });`;

async function costOf(words: string[], database: string, home: string): Promise<Cost> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`, ...words], {
    env: { PATH: process.env.PATH ?? '', HOME: home, DNSBLWATCH_DATABASE: database },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const [, , , resources] = child.stdio;
  if (!(resources instanceof Readable)) throw new Error('no pipe');
  const [told, out] = await Promise.all([text(resources), text(child.stdout as Readable)]);
  return { ...JSON.parse(told), seconds: (performance.now() - began) / 1000, out };
}

const TABLES = ['listing', 'change', 'evidence', 'incident', 'pending', 'coverage', 'exception', 'target_set_part'];

async function rowsOf(database: string): Promise<string> {
  const db = await openDatabase(database);
  try {
    const counts = [];
    for (const table of TABLES) {
      const [row] = await db.sql`select count(*)::int as n from ${db.sql(table)}`;
      counts.push(`${table} ${row?.n}`);
    }
    return counts.join(', ');
  } finally {
    await db.close();
  }
}

async function emptied(database: string): Promise<void> {
  const db = await openDatabase(database);
  await db.sql`truncate target_range, target_set, scan, list_version, incident cascade`;
  await db.close();
}

const server = await startResponder();
const home = mkdtempSync(join(tmpdir(), 'dnsblwatch-pipeline-'));
chmodSync(home, 0o711); // started by root, the database runs under another account
const catalogue = join(home, 'lists.json');
const definitions = definitionsOf([server.address]);
writeFileSync(catalogue, JSON.stringify({ lists: definitions }));
const lists = ['--catalogue', catalogue, '--lists', definitions.map(({ id }) => id).join(',')];

const say = (what: string, { seconds, cpu, megabytes, stall }: Cost, more: string): void =>
  console.log(
    `${what.padEnd(24)} ${seconds.toFixed(1).padStart(7)} s ${cpu.toFixed(1).padStart(7)} s CPU ` +
      `${megabytes.toFixed(0).padStart(5)} MB ${stall.toFixed(0).padStart(4)} ms stall  ${more}`,
  );

for (const size of sizes) {
  const database = process.env.DATABASE_URL ?? join(home, `data-${size}`);
  await emptied(database);
  const last = addressText('ipv4', BigInt(FIRST + size - 1));
  const range = `${addressText('ipv4', BigInt(FIRST))}-${last}`;
  const lookups = size * LISTS;
  const alone = await costOf([engine, String(size), '5000', server.address], database, home);
  const rate = (cost: Cost): string => `${Math.round(lookups / cost.seconds)} lookups/s`;
  say(`${size} targets, engine`, alone, rate(alone));

  await costOf([main, 'targets', 'add', range], database, home);
  const first = await costOf([main, 'scan', ...lists], database, home);
  const share = (alone.seconds / first.seconds).toFixed(2);
  say(`${size} targets, first scan`, first, `${rate(first)}, ${share} of the engine`);
  console.log(`  ${await rowsOf(database)}`);

  process.kill(server.pid, 'SIGUSR1');
  const second = await costOf([main, 'scan', ...lists], database, home);
  say(`${size} targets, second scan`, second, rate(second));
  console.log(`  ${await rowsOf(database)}`);
}

server.stop();
rmSync(home, { recursive: true, force: true });
