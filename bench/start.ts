import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ListDefinition } from '../src/catalogue/list.ts';

/**
 * What a person waits for: the whole process of `check` of one address on 60 lists on loopback, against the start of
 * bare Node. Medians in milliseconds, the two in turn.
 *
 *     node bench/start.ts [RUNS [PROGRAM]]       PROGRAM: src/main.ts, or main.js of the built or installed package
 */
const [runsGiven = '21', program = 'src/main.ts'] = process.argv.slice(2);
const runs = Number(runsGiven);
const LISTS = 60;

/** The servers run in a thread of their own, since this one waits for the processes that it starts. */
const servers = new Worker(new URL('./lists.ts', import.meta.url), { workerData: LISTS });
const definitions = await new Promise<ListDefinition[]>((ready, failed) => {
  servers.once('message', ready);
  servers.once('error', failed);
});
const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-bench-'));
const catalogue = join(folder, 'lists.json');
writeFileSync(catalogue, JSON.stringify({ lists: definitions }));

const check = [
  ...[resolve(program), 'check', '192.0.2.7', '--allow-special', '--catalogue', catalogue],
  ...['--lists', definitions.map(({ id }) => id).join(','), '--format', 'json'],
];

function milliseconds(words: string[]): number {
  const start = performance.now();
  const { status, stderr, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`exit ${status}: ${stderr || stdout}`);
  return took;
}

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

milliseconds(check); // fills the compile cache, as any earlier command has done on the user's machine
const bare: number[] = [];
const whole: number[] = [];
for (let run = 0; run < runs; run += 1) {
  bare.push(milliseconds(['-e', '0']));
  whole.push(milliseconds(check));
}
const [node, both] = [median(bare), median(whole)];
console.log(`bare Node ${process.versions.node}: ${node.toFixed(0)} ms`);
console.log(
  `check of 1 address on ${LISTS} lists (${program}): ${both.toFixed(0)} ms, ${(both / node).toFixed(2)} times`,
);

await servers.terminate();
rmSync(folder, { recursive: true, force: true });
