import { addressNumber } from '../address.ts';
import type { List } from '../catalogue/list.ts';
import type { NeighbourLook, Said } from '../posture/neighbours.ts';
import { allResults } from '../scan/results.ts';
import type { Means } from '../scan/round.ts';
import { runRound } from '../scan/round.ts';
import type { Result } from '../scan/verdict.ts';
import { prefixOf, type TargetRange } from '../target.ts';
import { targetsIn } from '../targets/positions.ts';
import type { Settings } from './options.ts';

const BATCH = 300;

/** Gives `use` what lists are asked with. */
export type WithMeans = <T>(use: (means: Means) => Promise<T>) => Promise<T>;

/** Asks UCEPROTECT, within its limits and between its controls, what it counts of an address's neighbours. */
export function neighbourAsking(
  sweep: boolean,
  settings: Settings,
  withMeans: WithMeans,
): (address: string) => Promise<NeighbourLook> {
  const listOf = (id: string): List | undefined => {
    const list = settings.catalogue.find(id);
    return list === undefined || !settings.catalogue.usable(list) ? undefined : list;
  };
  const ask = async (ids: string[], range: TargetRange): Promise<Result[]> => {
    const lists = ids.map(listOf).filter((list) => list !== undefined);
    const targets = targetsIn([range]);
    const results: Result[] = [];
    await withMeans(async (means) => {
      const round = runRound({ ...means, lists, targets, txt: () => true, seenControls: new Set(), batchSize: BATCH });
      for await (const event of round) {
        if (event.type !== 'batch') continue;
        const list = lists.find(({ id }) => id === event.batch.list);
        if (list !== undefined) results.push(...allResults(event.batch, list, targets));
      }
    });
    return results;
  };
  return async (address) => {
    const own = prefixOf(address, 32);
    const around = prefixOf(address, 24);
    if (own === null || around === null || addressNumber(address) === null)
      throw new Error(`no IPv4 address: ${address}`);
    const [membership, level1] = await Promise.all([
      ask(['uceprotect-2', 'uceprotect-3'], own),
      sweep ? ask(['uceprotect-1'], around) : null,
    ]);
    const count = (kind: Result['verdict']['kind']): number =>
      (level1 ?? []).filter(({ verdict }) => verdict.kind === kind).length;
    return {
      net: saidOf(membership.find(({ list }) => list === 'uceprotect-2')),
      asn: saidOf(membership.find(({ list }) => list === 'uceprotect-3')),
      sweep: level1 === null ? null : { listed: count('listed'), unknown: count('unknown'), asked: level1.length },
    };
  };
}

function saidOf(result: Result | undefined): Said {
  if (result === undefined) return { kind: 'unknown', why: 'the list was not asked' };
  const { verdict, proven, reason } = result;
  if (verdict.kind === 'listed') return { kind: 'listed', reason };
  return verdict.kind === 'clean'
    ? { kind: 'clean', proven }
    : { kind: 'unknown', why: `the list could not be asked (${verdict.why})` };
}
