import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCatalogue } from '../../src/catalogue/load.ts';
import { type SimulatedLists, startSimulatedLists } from '../../src/demo/lists.ts';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { inputFor, type Round, run, short } from '../scan/rounds.ts';

const MAIL = '192.0.2.25';

describe('simulated lists, asked by the real round', () => {
  let lists: SimulatedLists;
  let transport: Transport;
  beforeAll(async () => {
    lists = await startSimulatedLists();
    transport = openTransport();
  });
  afterAll(async () => {
    transport.close();
    await lists.close();
  });

  async function scan(...targets: string[]): Promise<Round> {
    const catalogue = buildCatalogue(lists.definitions, {});
    const asked = lists.definitions.flatMap(({ id }) => catalogue.find(id) ?? []);
    return await run(inputFor(transport, asked, targets, { timeout: 300 }));
  }
  const on = (round: Round, list: string): string[] =>
    round.results.filter((result) => result.list === list).map(short);
  const health = (round: Round, list: string): string | undefined =>
    round.reports.find(({ id }) => id === list)?.health;

  test('without entries everything is clean; only the list without a control cannot prove it', async () => {
    const round = await scan(MAIL, 'shop.example');
    expect(round.results.filter((result) => short(result) !== 'clean').map(({ list }) => list)).toEqual(['fogbank']);
    expect(on(round, 'fogbank')).toEqual(['clean?']);
  });

  test('an entry is listed with its code and text, another code replaces it, and it can be taken out', async () => {
    lists.put('harbour', MAIL, '127.0.0.2', 'record 4711');
    const listed = await scan(MAIL);
    expect(on(listed, 'harbour')).toEqual(['listed 127.0.0.2']);
    expect(listed.results.find(({ list }) => list === 'harbour')?.reason).toBe('record 4711');
    lists.put('harbour', MAIL, '127.0.0.4', 'record 4711');
    expect(on(await scan(MAIL), 'harbour')).toEqual(['listed 127.0.0.4']);
    lists.remove('harbour', MAIL);
    expect(on(await scan(MAIL), 'harbour')).toEqual(['clean']);
  });

  test('a silent list is unreachable, one that holds every name a wildcard, and both recover', async () => {
    lists.mood('driftnet', 'silent');
    lists.mood('reef', 'wildcard');
    const round = await scan(MAIL);
    expect([health(round, 'driftnet'), health(round, 'reef')]).toEqual(['unreachable', 'wildcard']);
    expect([on(round, 'driftnet'), on(round, 'reef')]).toEqual([
      ['unknown list-unreachable'],
      ['unknown list-wildcard'],
    ]);
    lists.mood('driftnet', 'keeping');
    lists.mood('reef', 'keeping');
    const after = await scan(MAIL);
    expect([on(after, 'driftnet'), on(after, 'reef')]).toEqual([['clean'], ['clean']]);
  });
});
