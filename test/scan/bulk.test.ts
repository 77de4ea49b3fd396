import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { runRound } from '../../src/scan/round.ts';
import { queryName } from '../../src/target.ts';
import type { Reply } from '../lab/reply.ts';
import type { LabHandler } from '../lab/server.ts';
import { inputFor, run, short } from './rounds.ts';
import { createLab, labList, zone } from './zone.ts';

const lab = createLab();
let transport: Transport;

afterEach(async () => {
  transport.close();
  await lab.stop();
});

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `20.0.${at >> 8}.${at & 255}`);
const reversed = (text: string): string => text.split('.').reverse().join('.');

/** Every tenth of these is listed. */
function someListed(name: string, targets: readonly string[]): LabHandler {
  const listed = targets.filter((_, at) => at % 10 === 0);
  return zone(name, Object.fromEntries(listed.map((text): [string, Reply] => [reversed(text), { a: ['127.0.0.2'] }])));
}

/** Loses packets each way, by a sequence that is the same in every run. */
function lossy(handler: LabHandler, share: number): LabHandler {
  let state = 1;
  const isLost = (): boolean => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 < share;
  };
  return (question) => (isLost() || isLost() ? { silence: true } : handler(question));
}

describe.each([
  ['datagrams one by one', Number.POSITIVE_INFINITY],
  ['many datagrams at once', 0],
])('a list without limits is asked in bulk, %s', (_, batchedFrom) => {
  beforeEach(() => {
    transport = openTransport({ batchedFrom });
  });

  test('and every listing is found, with what is listed and what is not in the order of the targets', async () => {
    const targets = texts(3000);
    const server = await lab.start(someListed('bl.test', targets));
    const { results } = await run(
      inputFor(transport, [labList({ id: 'bl' }, server)], targets, { txt: () => false, known: () => true }),
    );
    expect(results.map(({ target }) => target)).toEqual(targets);
    expect(results.map(short)).toEqual(targets.map((_, at) => (at % 10 === 0 ? 'listed 127.0.0.2' : 'clean')));
  });

  test('IPv6 addresses too, by their nibbles', async () => {
    const targets = Array.from({ length: 40 }, (_, at) => `2001:db8:0:1::${(0xabc0 + at).toString(16)}`);
    const held = someListed('bl.test', []);
    const asked: string[] = [];
    const control = '2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0';
    const listed = queryName({ kind: 'ipv6', text: '2001:db8:0:1::abc5' }, 'bl.test');
    const server = await lab.start((question) => {
      asked.push(question.name);
      return question.name === listed || question.name === `${control}.bl.test` ? { a: ['127.0.0.2'] } : held(question);
    });
    const list = labList(
      {
        id: 'bl',
        accepts: ['ipv4', 'ipv6'],
        control: { ipv6: { listed: '::ffff:7f00:2', notListed: '::ffff:7f00:1' } },
      },
      server,
    );
    const { results } = await run(inputFor(transport, [list], targets, { txt: () => false, known: () => true }));
    expect(results.map(short)).toEqual(targets.map((_, at) => (at === 5 ? 'listed 127.0.0.2' : 'clean')));
    for (const text of targets) expect(asked).toContain(queryName({ kind: 'ipv6', text }, 'bl.test'));
    expect(transport.stats.batched > 0).toBe(batchedFrom === 0);
  });

  test('the text of each listing comes with it, by another server where one is silent about it', async () => {
    const targets = texts(200);
    const listed = targets.filter((_, at) => at % 10 === 0);
    const entries = listed.map((text): [string, Reply] => [reversed(text), { a: ['127.0.0.2'], txt: [`why ${text}`] }]);
    const held = zone('bl.test', Object.fromEntries(entries));
    const [mute, telling] = [
      await lab.start((question) => (question.type === 'TXT' ? { silence: true } : held(question))),
      await lab.start(held),
    ];
    const list = labList({ id: 'bl', servers: [mute.address, telling.address] });
    const { results } = await run(inputFor(transport, [list], targets, { timeout: 600 }));
    expect(results.map(({ reason }) => reason)).toEqual(
      targets.map((text) => (listed.includes(text) ? `why ${text}` : null)),
    );
    expect(results.map(short)).toEqual(targets.map((_, at) => (at % 10 === 0 ? 'listed 127.0.0.2' : 'clean')));
  });

  test('a text that nobody gives leaves the listing as it is', async () => {
    const held = zone('bl.test', { [reversed('20.0.0.1')]: { a: ['127.0.0.2'] } });
    const server = await lab.start((question) => (question.type === 'TXT' ? { silence: true } : held(question)));
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts(8), { timeout: 300 }));
    expect(results.map((result) => [short(result), result.reason, result.reasonAt])[1]).toEqual([
      'listed 127.0.0.2',
      null,
      null,
    ]);
  });

  test('30 % of packets lost each way: no listing is clean, next to none unknown, no list given up', async () => {
    const targets = texts(300);
    const lists = await Promise.all(
      ['a', 'b', 'c'].map(async (id) =>
        labList({ id }, await lab.start(lossy(someListed(`${id}.test`, targets), 0.3))),
      ),
    );
    const { results, reports } = await run(
      inputFor(transport, lists, targets, { timeout: 5000, txt: () => false, known: () => true, batchSize: 150 }),
    );
    expect(reports.map(({ health }) => health)).toEqual(['healthy', 'healthy', 'healthy']);
    const said = new Map<string, number>();
    for (const result of results) {
      const listed = targets.indexOf(result.target) % 10 === 0;
      const what = `${listed ? 'on it' : 'not on it'}: ${short(result).split(' ')[0]}`;
      said.set(what, (said.get(what) ?? 0) + 1);
    }
    expect([...said.keys()].filter((what) => what === 'on it: clean' || what === 'not on it: listed')).toEqual([]);
    const unknown = results.filter(({ verdict }) => verdict.kind === 'unknown');
    expect(unknown.length).toBeLessThan(results.length / 100);
  });

  test('a silent list on the server of others does not hold them up', async () => {
    const targets = texts(2000);
    const held = zone('live.test');
    let asked = 0;
    const server = await lab.start((question) => {
      if (question.name.endsWith('.live.test')) return held(question);
      asked += 1;
      return asked > 10 ? { silence: true } : zone('dead.test')(question);
    });
    const lists = [labList({ id: 'dead' }, server), labList({ id: 'live' }, server)];
    const ended: string[] = [];
    for await (const event of runRound(inputFor(transport, lists, targets, { timeout: 1000 })))
      if (event.type === 'list') ended.push(event.report.id);
    expect(ended).toEqual(['live', 'dead']);
  });

  test('a list that never answers is waited for one deadline, however many batches there are', async () => {
    const server = await lab.start(() => ({ silence: true }));
    const started = performance.now();
    const { results } = await run(
      inputFor(transport, [labList({ id: 'dead' }, server)], texts(50), { timeout: 8000, batchSize: 10 }),
    );
    expect(performance.now() - started).toBeLessThan(8000);
    expect(new Set(results.map(short))).toEqual(new Set(['unknown list-unreachable']));
  });

  test('a list that answers late is waited for, and not asked again all the time', async () => {
    const targets = texts(60);
    const held = zone('slow.test');
    const server = await lab.start(async (question) => ({ ...(await held(question)), delay: 400 }));
    const { results } = await run(inputFor(transport, [labList({ id: 'slow' }, server)], targets, { timeout: 4000 }));
    expect(new Set(results.map(short))).toEqual(new Set(['clean']));
    expect(server.questions.length).toBeLessThan(3 * targets.length);
  });

  test('what is not of a common kind is read as always: aliases, failures, truncation', async () => {
    const entries: Record<string, Reply> = {
      [reversed('20.0.0.1')]: { cname: 'x.test', a: ['127.0.0.2'] },
      [reversed('20.0.0.2')]: { refused: true },
      [reversed('20.0.0.3')]: { a: ['127.0.0.2'], truncated: true },
      [reversed('20.0.0.4')]: { garbled: true },
      [reversed('20.0.0.5')]: { a: ['192.0.2.1'] },
      [reversed('20.0.0.6')]: { nodata: true },
    };
    const server = await lab.start(zone('bl.test', entries));
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts(8)));
    expect(results.map(short)).toEqual([
      'clean',
      'listed 127.0.0.2',
      'unknown refused',
      'listed 127.0.0.2',
      'unknown malformed',
      'unknown bad-answer',
      'clean',
      'clean',
    ]);
  });

  test('another message with the right id is dropped and the true reply still counts', async () => {
    const entry: Reply = { a: ['127.0.0.2'], before: [{ nxdomain: true, wrongQuestion: true }] };
    const server = await lab.start(zone('bl.test', { [reversed('20.0.0.1')]: entry }));
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts(2)));
    expect(results.map(short)).toEqual(['clean', 'listed 127.0.0.2']);
    expect(transport.stats.forged).toBe(1);
  });
});
