import type { List } from '../../src/catalogue/list.ts';
import type { Transport } from '../../src/dns/transport.ts';
import { memoryLedger } from '../../src/scan/ledger.ts';
import { createPacing } from '../../src/scan/pacing.ts';
import { allResults } from '../../src/scan/results.ts';
import { type RoundEvent, type RoundInput, runRound } from '../../src/scan/round.ts';
import type { Batch, ListReport, Result } from '../../src/scan/verdict.ts';
import { rangeOf } from '../../src/target.ts';
import { targetsIn } from '../../src/targets/positions.ts';

export type Round = { results: Result[]; batches: Batch[]; reports: ListReport[] };

export function inputFor(
  transport: Transport,
  lists: List[],
  texts: readonly string[],
  options: Partial<RoundInput> = {},
): RoundInput {
  return {
    lists,
    zoneToAsk: (list) => list.zone.replace('{key}', 'secret'),
    targets: targetsIn(texts.map(rangeOf)),
    ask: transport.ask,
    ...(options.ask === undefined ? { askMany: transport.askMany } : {}),
    resolver: 'auto',
    systemServers: () => [],
    timeout: 1000,
    pacing: createPacing({ ledger: memoryLedger(), limits: 'none' }),
    now: () => new Date(),
    txt: () => true,
    seenControls: new Set(),
    batchSize: 1000,
    findNameServers: async () => [],
    ...options,
  };
}

export async function gather(input: RoundInput, events: AsyncIterable<RoundEvent> = runRound(input)): Promise<Round> {
  const round: Round = { results: [], batches: [], reports: [] };
  const byId = new Map(input.lists.map((list) => [list.id, list]));
  for await (const event of events) {
    if (event.type === 'list') round.reports.push(event.report);
    else {
      const list = byId.get(event.batch.list);
      if (list === undefined) throw new Error(`a batch of ${event.batch.list}, which was not asked`);
      round.batches.push(event.batch);
      round.results.push(...allResults(event.batch, list, input.targets));
    }
  }
  return round;
}

export const run = (input: RoundInput): Promise<Round> => gather(input);

/** `listed 127.0.0.2`, `clean`, `clean?` for an unproven one, `unknown timeout`. */
export function short({ verdict, proven }: Result): string {
  if (verdict.kind === 'listed') return `listed ${verdict.codes.join(' ')}${proven ? '' : '?'}`;
  if (verdict.kind === 'clean') return proven ? 'clean' : 'clean?';
  return `unknown ${verdict.why}`;
}
