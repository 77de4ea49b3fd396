import { parseArgs } from 'node:util';
import { resolveList } from '../src/catalogue/resolve.ts';
import { openTransport } from '../src/dns/transport.ts';
import { memoryLedger } from '../src/scan/ledger.ts';
import { createPacing } from '../src/scan/pacing.ts';
import { countsOf } from '../src/scan/results.ts';
import { runRound } from '../src/scan/round.ts';
import { targetsIn } from '../src/targets/positions.ts';
import { definitionsOf, FIRST, isListed } from './lab.ts';

/**
 * Our engine, as a process of its own: `node bench/ours.ts [--single] TARGETS TIMEOUT SERVER…`, with --single one
 * datagram a system call. Prints one line of JSON: what it counted, what it missed (clean, though listed) and what it
 * invented, the slowest list, and its largest memory.
 */
const { values, positionals } = parseArgs({ allowPositionals: true, options: { single: { type: 'boolean' } } });
const [targets = 0, timeout = 5000] = positionals.slice(0, 2).map(Number);
const lists = definitionsOf(positionals.slice(2)).map(resolveList);
const transport = openTransport(values.single ? { batchedFrom: Number.POSITIVE_INFINITY } : {});
const [lo, hi] = [BigInt(FIRST), BigInt(FIRST + targets - 1)];
const source = targetsIn([{ kind: 'ipv4', lo, hi, domain: null }]);
const sum = { asked: 0, listed: 0, clean: 0, unproven: 0, unknown: 0, missed: 0, invented: 0 };
const unhealthy: string[] = [];
const started = performance.now();
const events = runRound({
  lists,
  zoneToAsk: ({ zone }) => zone,
  targets: source,
  ask: transport.ask,
  askMany: transport.askMany,
  resolver: 'auto',
  systemServers: () => [],
  timeout,
  pacing: createPacing({ ledger: memoryLedger(), limits: 'none' }),
  now: () => new Date(),
  txt: () => false,
  known: () => true,
  seenControls: new Set(),
  batchSize: 2000,
});
const ended: Record<string, number> = {};
for await (const event of events) {
  if (event.type === 'list') {
    ended[event.report.id] = Math.round(performance.now() - started);
    if (event.report.health !== 'healthy') unhealthy.push(`${event.report.id} ${event.report.health}`);
    continue;
  }
  const { batch } = event;
  const list = Number(batch.list.slice(2));
  for (const [key, count] of Object.entries(countsOf(batch))) sum[key as keyof typeof sum] += count;
  for (const { verdict, position } of batch.results)
    if (verdict.kind === 'listed' && !isListed(FIRST + position, list)) sum.invented += 1;
  for (const run of batch.runs)
    if (run.verdict.kind === 'clean')
      for (let position = run.posFrom; position < run.posTo; position += 1)
        if (isListed(FIRST + position, list)) sum.missed += 1;
}
transport.close();
const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    ...sum,
    milliseconds: Math.round(performance.now() - started),
    cpu: (user + system) / 1000,
    megabytes,
    unhealthy,
    ended: Object.values(ended).sort((one, other) => one - other),
    stats: transport.stats,
  }),
);
