import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { allResults, countsOf, resultAt } from '../../src/scan/results.ts';
import { inputFor, run, short } from './rounds.ts';
import { createLab, labList, zone } from './zone.ts';

const lab = createLab();
let transport: Transport;

beforeEach(() => {
  transport = openTransport();
});
afterEach(async () => {
  transport.close();
  await lab.stop();
});

const LISTED = { '7.2.0.192': { a: ['127.0.0.2'] } };
const TEN = Array.from({ length: 10 }, (_, at) => `192.0.2.${at}`);

test('a batch holds a result of what is listed, and runs of what is clean', async () => {
  const server = await lab.start(zone('bl.test', LISTED));
  const { batches } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], TEN));
  expect(batches.map(({ results }) => results.map(({ position, target }) => [position, target]))).toEqual([
    [[7, '192.0.2.7']],
  ]);
  const clean = { kind: 'ipv4', verdict: { kind: 'clean' }, proven: true };
  expect(batches[0]?.runs).toEqual([
    { posFrom: 0, posTo: 7, ...clean },
    { posFrom: 8, posTo: 10, ...clean },
  ]);
  expect(batches.map(countsOf)).toEqual([{ asked: 10, listed: 1, clean: 9, unproven: 0, unknown: 0 }]);
});

test('a clean of a run is a whole result when it is asked for: who said so, when and for how long', async () => {
  const server = await lab.start(zone('bl.test', LISTED));
  const input = inputFor(transport, [labList({ id: 'bl' }, server)], TEN);
  const [list] = input.lists;
  const { batches } = await run(input);
  const [batch] = batches;
  if (batch === undefined || list === undefined) throw new Error('no batch');
  const result = resultAt(batch, list, input.targets, 8);
  expect(result).toMatchObject({ position: 8, target: '192.0.2.8', verdict: { kind: 'clean' }, proven: true, ttl: 60 });
  expect(result).toMatchObject({ server: server.address, asked: '8.2.0.192.bl.test', rcode: 'NXDOMAIN' });
  expect(result?.at.getTime()).toBeGreaterThanOrEqual(batch.firstAt.getTime());
  expect(result?.at.getTime()).toBeLessThanOrEqual(batch.lastAt.getTime());
  expect(resultAt(batch, list, input.targets, 7)).toBeNull();
  expect([...allResults(batch, list, input.targets)].map(({ target }) => target)).toEqual(TEN);
});

test('what a list does not hold breaks a run and is counted nowhere', async () => {
  const server = await lab.start(zone('bl.test'));
  const targets = ['192.0.2.1', 'example.net', '192.0.2.2'];
  const { batches, results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], targets));
  expect(batches[0]?.runs.map(({ posFrom, posTo }) => [posFrom, posTo])).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(results.map(({ target }) => target)).toEqual(['192.0.2.1', '192.0.2.2']);
});

test('a list that cannot be asked is one run, whatever the number of targets', async () => {
  const server = await lab.start(() => ({ refused: true }));
  const { batches, results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], TEN));
  expect(batches.map((batch) => [batch.results.length, batch.runs.length, batch.why])).toEqual([
    [0, 1, 'list-refused'],
  ]);
  expect(new Set(results.map(short))).toEqual(new Set(['unknown list-refused']));
});
