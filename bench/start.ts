import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { definitionsOf, LISTS, startResponder } from './lab.ts';

/**
 * What a person waits for: the whole process of `check` of one address on 60 lists, each with a server of its own that is
 * not the limit (bench/responder.c), against the start of bare Node and, where it is installed (Debian:
 * monitoring-plugins-contrib and the Perl modules it recommends), check_rbl with 60 workers. All in turn; milliseconds.
 *
 *     node bench/start.ts [RUNS [MAIN]]       MAIN: main.js of an installed package; default: dist/main.js
 */
const [runsGiven = '15', packed = 'dist/main.js'] = process.argv.slice(2);
const TARGET = '192.0.2.7';

process.setMaxListeners(2 * LISTS); // each responder ends with this process
const servers = await Promise.all(Array.from({ length: LISTS }, () => startResponder()));
const definitions = definitionsOf(servers.map(({ address }) => address));
const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-bench-'));
const catalogue = join(folder, 'lists.json');
writeFileSync(catalogue, JSON.stringify({ lists: definitions }));

type Program = { name: string; command: string; args: string[]; env?: Record<string, string>; took: number[] };

function checkBy(name: string, main: string): Program {
  const lists = definitions.map(({ id }) => id).join(',');
  const options = ['--allow-special', '--catalogue', catalogue, '--lists', lists, '--format', 'json'];
  return { name, command: process.execPath, args: [resolve(main), 'check', TARGET, ...options], took: [] };
}

function peers(): Program[] {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/lib/nagios/plugins'];
  const command = places.map((place) => join(place, 'check_rbl')).find(existsSync);
  if (command === undefined) console.error('check_rbl is not installed: no peer to compare with');
  const zones = definitions.flatMap(({ zone }) => ['-s', zone ?? '']);
  const args = ['-H', TARGET, '--workers', String(LISTS), ...zones];
  // Net::DNS asks whom these name in place of /etc/resolv.conf.
  const env = { RES_NAMESERVERS: '127.0.0.1', RES_OPTIONS: `port:${servers[0]?.address.split(':')[1]}` };
  return command === undefined ? [] : [{ name: 'check_rbl', command, args, env, took: [] }];
}

function run({ name, command, args, env, took }: Program): void {
  const start = performance.now();
  const { status, stderr, stdout, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  took.push(performance.now() - start);
  if (status !== 0) throw error ?? new Error(`${name}: exit ${status}: ${stderr || stdout}`);
}

const quantile = (values: number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) * part)] ?? Number.NaN;

const bare: Program = {
  name: `bare Node ${process.versions.node}`,
  command: process.execPath,
  args: ['-e', '0'],
  took: [],
};
const programs = [bare, checkBy(packed, packed), checkBy('src/main.js', 'src/main.js'), ...peers()];

for (const program of programs) run(program); // fills the compile cache, as any earlier command has done
for (const { took } of programs) took.length = 0;
for (let turn = 0; turn < Number(runsGiven); turn += 1) for (const program of programs) run(program);

console.log(`check of 1 address on ${LISTS} lists, ${runsGiven} runs in turn, load ${loadavg()[0]?.toFixed(1)}`);
for (const { name, took } of programs) {
  const [low, median, high] = [0.25, 0.5, 0.75].map((part) => quantile(took, part).toFixed(0));
  const times = quantile(took, 0.5) / quantile(bare.took, 0.5);
  console.log(`${times.toFixed(2).padStart(6)} times  ${median} ms (quartiles ${low} to ${high})  ${name}`);
}

for (const server of servers) server.stop();
rmSync(folder, { recursive: true, force: true });
