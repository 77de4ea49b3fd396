import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { median } from './cost.ts';
import { FIRST, isInstalled, LISTS, nameOf, type Running, startOdd, startRbldnsd, startResponder } from './lab.ts';

/**
 * Our engine beside others, on loopback, whole processes in turn. Needs cc and rbldnsd; of massdns and dnsperf what is on
 * PATH takes part.
 *
 *     node bench/engine.ts [TARGETS [ROUNDS]]           lookups a second and CPU of 60 lists, as ratios to massdns
 *                                                       (5000 targets, 3 rounds: about two minutes; node:dns and dns2
 *                                                       take part in the first round only and are asked for a tenth)
 *     node bench/engine.ts silent|loss|slow [TARGETS]   3 of 60 lists silent; 30 % of packets lost each way; one list
 *                                                       that answers after a second: beside the same without
 */
const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-engine-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
/** In the project, so that the packages of what is left outside are found. */
const ours = new URL('../node_modules/.cache/bench-ours.mjs', import.meta.url).pathname;
await build({
  ...{ entryPoints: [new URL('ours.ts', import.meta.url).pathname], outfile: ours, logLevel: 'error' },
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node22.19', external: ['koffi'] },
});

/** One target in so many is for the peers that would take most of the time, and in the first round only. */
const PART = 10;

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
  stats?: { sent: number; batched: number; retransmitted: number; overflowed: number };
  ended?: number[];
  unhealthy?: string[];
};

const told = ({ out }: Run): Told => JSON.parse(out.trim().split('\n').at(-1) ?? '{}');
const oursAt = (targets: number, servers: string[], timeout = 5000): Promise<Run> =>
  run([process.execPath, ours, String(targets), String(timeout), ...servers]);

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

type Client = { name: string; words: string[]; targets: number };

async function clientsOf(server: Running, targets: number): Promise<Client[]> {
  const { names, questions } = await writeNames(targets);
  const resolvers = join(folder, 'resolvers');
  writeFileSync(resolvers, `${server.address}\n`);
  const [host = '', port = ''] = server.address.split(':');
  const peer = new URL('peer.ts', import.meta.url).pathname;
  const part = Math.ceil(targets / PART);
  const engine = [String(targets), '5000', server.address];
  const massdns = ['massdns', '-q', '-r', resolvers, '--norecurse', '-s', '100', '-o', 'S', '-w', join(folder, 'out')];
  const dnsperf = ['dnsperf', '-s', host, '-p', port, '-d', questions, '-q', '100', '-n', '1'];
  const clients = [
    { name: 'ours', words: [process.execPath, ours, ...engine], targets },
    { name: 'massdns', words: [...massdns, '--root', names], targets },
    { name: 'massdns, two processes', words: [...massdns, '--processes', '2', '--root', names], targets },
    { name: 'dnsperf', words: dnsperf, targets },
    { name: 'ours, one datagram a call', words: [process.execPath, ours, '--single', ...engine], targets },
    { name: 'node:dns', words: [process.execPath, peer, 'node:dns', server.address, String(part)], targets: part },
    { name: 'dns2', words: [process.execPath, peer, 'dns2', server.address, String(part)], targets: part },
  ];
  return clients.filter(({ words: [program = ''] }) => isInstalled(program));
}

async function compare(what: string, server: Running, targets: number, rounds: number): Promise<void> {
  const clients = await clientsOf(server, targets);
  const runs = new Map<Client, Run[]>(clients.map((client) => [client, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const [client, all] of runs) if (round === 0 || client.targets === targets) all.push(await run(client.words));

  const load = loadavg().map((one) => one.toFixed(1));
  console.log(`${what}: ${targets * LISTS} lookups, ${rounds} rounds, load ${load.join(' ')}`);
  const base = clients.find(({ name }) => name === 'massdns') ?? clients[0];
  const perLookup = (client: Client | undefined, amount: (one: Run) => number): number[] =>
    client === undefined ? [] : (runs.get(client) ?? []).map((one) => amount(one) / client.targets / LISTS);
  for (const client of clients) {
    const ratios = (amount: (one: Run) => number): number[] => {
      const others = perLookup(base, amount);
      return perLookup(client, amount).map((one, at) => one / (others[at] ?? Number.NaN));
    };
    const rates = ratios((one) => one.seconds).map((ratio) => 1 / ratio);
    const rate = 1 / median(perLookup(client, (one) => one.seconds));
    const cpu = median(perLookup(client, (one) => one.cpu)) * 1e6;
    console.log(
      [
        client.name.padEnd(25),
        `${Math.round(rate)}/s`.padStart(9),
        `${median(rates).toFixed(2)} times ${base?.name} (${Math.min(...rates).toFixed(2)}-${Math.max(...rates).toFixed(2)})`,
        `CPU ${cpu.toFixed(1)} us a lookup, ${median(ratios((one) => one.cpu)).toFixed(2)} times`,
        ...(client.words[0] === process.execPath ? [worstOf((runs.get(client) ?? []).map(told))] : []),
      ].join('  '),
    );
  }
}

function worstOf(all: readonly Told[]): string {
  const worst = (count: (one: Told) => number): number => Math.max(...all.map(count));
  const found = `missed ${worst(({ missed }) => missed)}, invented ${worst(({ invented }) => invented)}, unknown ${worst(({ unknown }) => unknown)}`;
  if (all[0]?.stats === undefined) return found;
  return [
    found,
    `asked again ${worst(({ stats }) => stats?.retransmitted ?? 0)}`,
    `dropped by our kernel ${worst(({ stats }) => stats?.overflowed ?? 0)}`,
    `${all[0].stats.batched > 0 ? 'many datagrams' : 'one datagram'} a call`,
    `${worst(({ megabytes = 0 }) => megabytes)} MB`,
  ].join(', ');
}

function show(what: string, one: Run, base: Run): void {
  const { missed, invented, unknown, unhealthy = [], ended = [] } = told(one);
  const others = (ended.at(-4) ?? 0) / 1000;
  console.log(
    `${what}: ${one.seconds.toFixed(1)} s, ${(one.seconds / base.seconds).toFixed(2)} times; all but three lists after ` +
      `${others.toFixed(1)} s; missed ${missed}, invented ${invented}, unknown ${unknown}; ${unhealthy.join(', ') || 'all healthy'}`,
  );
}

const [mode = '5000', count = '3'] = process.argv.slice(2);
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
