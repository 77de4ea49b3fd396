import type { List } from '../../src/catalogue/list.ts';
import type { Transport } from '../../src/dns/transport.ts';
import { memoryLedger } from '../../src/scan/ledger.ts';
import { createPacing } from '../../src/scan/pacing.ts';
import { type RoundEvent, type RoundInput, runRound } from '../../src/scan/round.ts';
import type { Batch, ListReport, Result } from '../../src/scan/verdict.ts';
import type { Target } from '../../src/target.ts';

export type Round = { results: Result[]; batches: Batch[]; reports: ListReport[] };

function targetsOf(texts: readonly string[]): RoundInput['targets'] {
  const targets = texts.map((text): Target => ({ kind: kindOfText(text), text }));
  return {
    size: targets.length,
    at(position) {
      const target = targets[position];
      if (target === undefined) throw new Error(`no target at ${position}`);
      return target;
    },
  };
}

function kindOfText(text: string): Target['kind'] {
  if (text.includes(':')) return 'ipv6';
  return /[a-z]/.test(text) ? 'domain' : 'ipv4';
}

export function inputFor(
  transport: Transport,
  lists: List[],
  texts: readonly string[],
  options: Partial<RoundInput> = {},
): RoundInput {
  return {
    lists,
    zoneToAsk: (list) => list.zone.replace('{key}', 'secret'),
    targets: targetsOf(texts),
    ask: transport.ask,
    resolver: 'auto',
    systemServers: [],
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

export async function gather(events: AsyncIterable<RoundEvent>): Promise<Round> {
  const round: Round = { results: [], batches: [], reports: [] };
  for await (const event of events) {
    if (event.type === 'list') round.reports.push(event.report);
    else {
      round.batches.push(event.batch);
      round.results.push(...event.batch.results);
    }
  }
  return round;
}

export const run = (input: RoundInput): Promise<Round> => gather(runRound(input));

/** `listed 127.0.0.2`, `clean`, `clean?` for an unproven one, `unknown timeout`. */
export function short({ verdict, proven }: Result): string {
  if (verdict.kind === 'listed') return `listed ${verdict.codes.join(' ')}${proven ? '' : '?'}`;
  if (verdict.kind === 'clean') return proven ? 'clean' : 'clean?';
  return `unknown ${verdict.why}`;
}
