import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { FIRST, isInstalled, LISTS, nameOf, type Running, startOdd, startRbldnsd, startResponder } from './lab.ts';

/**
 * Our engine beside others, on loopback, whole processes in turn. Needs cc and rbldnsd; of massdns and dnsperf what is on
 * PATH takes part.
 *
 *     node bench/engine.ts [TARGETS [ROUNDS]]           lookups a second and CPU of 60 lists, as ratios to massdns
 *                                                       (1000 targets, 3 rounds: about a minute; node:dns and dns2 take
 *                                                       part in the first round only, being so much slower)
 *     node bench/engine.ts silent|loss|slow [TARGETS]   3 of 60 lists silent; 30 % of packets lost each way; one list
 *                                                       that answers after a second: beside the same without
 */
const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-engine-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
/** In the project, so that the packages of what is left outside are found. */
const ours = new URL('../node_modules/.cache/bench-ours.mjs', import.meta.url).pathname;
await build({
  ...{ entryPoints: [new URL('ours.ts', import.meta.url).pathname], outfile: ours, logLevel: 'error' },
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node22.19' },
});

/** Peers that would take most of the time. */
const SLOW: ReadonlySet<string> = new Set(['node:dns', 'dns2']);

type Run = { seconds: number; cpu: number; out: string };

/** The whole process, its start included. */
async function run(words: string[]): Promise<Run> {
  const child = spawn('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [seconds = 0, user = 0, system = 0] = (err.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { seconds, cpu: user + system, out };
}

type Told = {
  missed: number;
  invented: number;
  unknown: number;
  megabytes?: number;
  ended?: number[];
  unhealthy?: string[];
};

const told = ({ out }: Run): Told => JSON.parse(out.trim().split('\n').at(-1) ?? '{}');
const oursAt = (targets: number, servers: string[], timeout = 5000): Promise<Run> =>
  run([process.execPath, ours, String(targets), String(timeout), ...servers]);
const median = (values: number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;

async function writeNames(targets: number): Promise<{ names: string; questions: string }> {
  const [names, questions] = [join(folder, 'names'), join(folder, 'questions')];
  const [one, other] = [createWriteStream(names), createWriteStream(questions)];
  for (let target = FIRST; target < FIRST + targets; target += 1) {
    const all = Array.from({ length: LISTS }, (_, list) => nameOf(target, list));
    one.write(`${all.join('\n')}\n`);
    other.write(`${all.map((name) => `${name} A`).join('\n')}\n`);
  }
  one.end();
  other.end();
  await Promise.all([once(one, 'close'), once(other, 'close')]);
  return { names, questions };
}

async function compare(what: string, server: Running, targets: number, rounds: number): Promise<void> {
  const { names, questions } = await writeNames(targets);
  const resolvers = join(folder, 'resolvers');
  writeFileSync(resolvers, `${server.address}\n`);
  const [host = '', port = ''] = server.address.split(':');
  const out = join(folder, 'out');
  const peer = new URL('peer.ts', import.meta.url).pathname;
  const clients: [string, string[]][] = [
    ['ours', [process.execPath, ours, String(targets), '5000', server.address]],
    ...(isInstalled('massdns')
      ? [
          [
            'massdns',
            ['massdns', '-q', '-r', resolvers, '--norecurse', '-s', '100', '-o', 'S', '-w', out, '--root', names],
          ] as [string, string[]],
        ]
      : []),
    ...(isInstalled('dnsperf')
      ? [
          ['dnsperf', ['dnsperf', '-s', host, '-p', port, '-d', questions, '-q', '100', '-n', '1']] as [
            string,
            string[],
          ],
        ]
      : []),
    ['node:dns', [process.execPath, peer, 'node:dns', server.address, String(targets)]],
    ['dns2', [process.execPath, peer, 'dns2', server.address, String(targets)]],
  ];
  const runs = new Map<string, Run[]>(clients.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, words] of clients) if (round === 0 || !SLOW.has(name)) runs.get(name)?.push(await run(words));

  const lookups = targets * LISTS;
  const base = runs.get('massdns') ?? runs.get('ours') ?? [];
  console.log(
    `${what}: ${lookups} lookups, ${rounds} rounds, load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(' ')}`,
  );
  for (const [name, all] of runs) {
    const ratios = all.map(({ seconds }, at) => (base[at]?.seconds ?? Number.NaN) / seconds);
    const cpu = all.map((one, at) => one.cpu / (base[at]?.cpu ?? Number.NaN));
    const tells = name === 'massdns' || name === 'dnsperf' ? [] : all.map(told);
    const worst = (key: 'missed' | 'invented' | 'unknown'): number => Math.max(...tells.map((one) => one[key]));
    console.log(
      [
        name.padEnd(9),
        `${Math.round(lookups / median(all.map(({ seconds }) => seconds)))}/s`.padStart(9),
        `${median(ratios).toFixed(2)} times massdns (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`,
        `CPU ${((median(all.map((one) => one.cpu)) / lookups) * 1e6).toFixed(1)} us a lookup, ${median(cpu).toFixed(2)} times`,
        ...(tells.length === 0
          ? []
          : [`missed ${worst('missed')}, invented ${worst('invented')}, unknown ${worst('unknown')}`]),
        ...(tells[0]?.megabytes === undefined
          ? []
          : [`${Math.max(...tells.map(({ megabytes = 0 }) => megabytes))} MB`]),
      ].join('  '),
    );
  }
}

function show(what: string, one: Run, base: Run): void {
  const { missed, invented, unknown, unhealthy = [], ended = [] } = told(one);
  const others = (ended.at(-4) ?? 0) / 1000;
  console.log(
    `${what}: ${one.seconds.toFixed(1)} s, ${(one.seconds / base.seconds).toFixed(2)} times; all but three lists after ` +
      `${others.toFixed(1)} s; missed ${missed}, invented ${invented}, unknown ${unknown}; ${unhealthy.join(', ') || 'all healthy'}`,
  );
}

const [mode = '1000', count = '3'] = process.argv.slice(2);
if (/^\d+$/.test(mode)) {
  const rbldnsd = await startRbldnsd(Number(mode));
  await compare('rbldnsd', rbldnsd, Number(mode), Number(count));
  rbldnsd.stop();
  const responder = await startResponder();
  await compare('fast responder', responder, Number(mode), Number(count));
  responder.stop();
} else {
  const targets = Number(process.argv[3] ?? (mode === 'loss' ? 1000 : 10_000));
  const good = await startResponder();
  const base = await oursAt(targets, [good.address]);
  show('all well', base, base);
  if (mode === 'loss') show('30 % lost each way', await oursAt(targets, [(await startResponder(30)).address]), base);
  else {
    const odd = mode === 'silent' ? 3 : 1;
    const server = await startOdd(mode === 'slow');
    const servers = Array.from({ length: LISTS }, (_, list) => (list < odd ? server : good.address));
    show(mode === 'silent' ? '3 lists silent' : 'a list answers after 1 s', await oursAt(targets, servers), base);
  }
}
process.exit(0);
