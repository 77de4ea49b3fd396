import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import { memoryLedger } from '../../src/scan/ledger.ts';
import { createPacing } from '../../src/scan/pacing.ts';
import { runRound } from '../../src/scan/round.ts';
import type { Reply } from '../lab/reply.ts';
import { gather, inputFor, run, short } from './rounds.ts';
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

describe('what an answer means', () => {
  const rows: { rule: string; entry: Reply; says: string; addresses?: string[]; reason?: string | null }[] = [
    { rule: 'NXDOMAIN is absence', entry: { nxdomain: true }, says: 'clean' },
    { rule: 'NOERROR without records is absence', entry: { nodata: true }, says: 'clean' },
    { rule: 'a recognised code is a listing', entry: { a: ['127.0.0.2'] }, says: 'listed 127.0.0.2' },
    { rule: 'a CNAME is followed', entry: { cname: 'x.test', a: ['127.0.0.2'] }, says: 'listed 127.0.0.2' },
    {
      rule: 'all A records count, sorted',
      entry: { a: ['127.0.0.10', '127.0.0.2'] },
      says: 'listed 127.0.0.2 127.0.0.10',
      addresses: ['127.0.0.2', '127.0.0.10'],
    },
    { rule: 'a record outside 127/8 spoils the answer', entry: { a: ['192.0.2.1'] }, says: 'unknown bad-answer' },
    {
      rule: 'one record outside 127/8 spoils the listing beside it',
      entry: { a: ['127.0.0.2', '192.0.2.1'] },
      says: 'unknown bad-answer',
    },
    { rule: 'a refusal is no listing', entry: { a: ['127.0.0.9'] }, says: 'unknown refused-by-list' },
    {
      rule: 'a refusal beside a listing is no listing',
      entry: { a: ['127.0.0.2', '127.0.0.9'] },
      says: 'unknown refused-by-list',
    },
    { rule: 'a code nobody knows is no listing', entry: { a: ['127.0.0.77'] }, says: 'unknown unrecognised-code' },
    { rule: 'silence is not clean', entry: { silence: true }, says: 'unknown timeout' },
    { rule: 'SERVFAIL is not clean', entry: { servfail: true }, says: 'unknown servfail' },
    { rule: 'REFUSED is not clean', entry: { refused: true }, says: 'unknown refused' },
    { rule: 'NOTIMP is not clean', entry: { rcode: 4 }, says: 'unknown malformed' },
    {
      rule: 'a referral is not clean',
      entry: { referral: { zone: 'bl.test', servers: { 'ns.bl.test': ['127.0.0.1'] } } },
      says: 'unknown malformed',
    },
    {
      rule: 'the text is shown, without what could move a cursor',
      entry: { a: ['127.0.0.2'], txt: ['see\u001b[2J \u202ehttps://bl.test/7'] },
      says: 'listed 127.0.0.2',
      reason: 'see [2J https://bl.test/7',
    },
    {
      rule: 'a text of any length is cut',
      entry: { a: ['127.0.0.2'], txt: [Array.from({ length: 4 }, () => 'x'.repeat(200))] },
      says: 'listed 127.0.0.2',
      reason: 'x'.repeat(500),
    },
  ];
  test.each(rows)('$rule', async ({ entry, says, addresses, reason }) => {
    const server = await lab.start(zone('bl.test', { '7.2.0.192': entry }));
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7'], { timeout: 300 });
    const { results } = await run(input);
    expect(results.map(short)).toEqual([says]);
    if (addresses !== undefined) expect(results[0]?.addresses).toEqual(addresses);
    if (reason !== undefined) expect(results[0]?.reason).toBe(reason);
  });

  test('the text is asked for only after a listing, and only where it is wanted', async () => {
    const entry = { a: ['127.0.0.2'], txt: ['why'] };
    const server = await lab.start(zone('bl.test', { '7.2.0.192': entry }));
    const list = labList({ id: 'bl' }, server);
    const { results } = await run(inputFor(transport, [list], ['192.0.2.7', '192.0.2.8'], { txt: () => false }));
    expect(results.map(({ reason }) => reason)).toEqual([null, null]);
    expect(server.questions.filter(({ type }) => type === 'TXT')).toEqual([]);
    await run(inputFor(transport, [list], ['192.0.2.7', '192.0.2.8']));
    expect(server.questions.filter(({ type }) => type === 'TXT').map(({ name }) => name)).toEqual([
      '7.2.0.192.bl.test',
    ]);
  });

  test('a text that cannot be had leaves the listing as it is', async () => {
    const held = zone('bl.test', { '7.2.0.192': { a: ['127.0.0.2'] } });
    const server = await lab.start((question) => (question.type === 'TXT' ? { servfail: true } : held(question)));
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7']));
    expect(results.map(short)).toEqual(['listed 127.0.0.2']);
    expect(results[0]?.reason).toBeNull();
  });

  test('a target of the wrong kind is never sent, and gets no result', async () => {
    const server = await lab.start(zone('bl.test'));
    const list = labList({ id: 'bl', accepts: ['ipv4'] }, server);
    const { results } = await run(inputFor(transport, [list], ['192.0.2.7', '2001:db8::7', 'example.net']));
    expect(results.map(({ target }) => target)).toEqual(['192.0.2.7']);
    expect(server.questions.every(({ name }) => name.split('.').length === 6)).toBe(true);
    const none = await run(inputFor(transport, [list], ['example.net']));
    expect(none).toEqual({ results: [], batches: [], reports: [] });
  });

  test('an IPv6 target is 32 nibbles, with controls of its kind', async () => {
    const control = { ipv6: { listed: '::ffff:7f00:2', notListed: '::ffff:7f00:1' } };
    const nibbles = `2.0.0.0.0.0.f.7.f.f.f.f${'.0'.repeat(20)}`;
    const server = await lab.start(zone('bl.test', { [nibbles]: { a: ['127.0.0.2'] } }));
    const list = labList({ id: 'bl', accepts: ['ipv4', 'ipv6'], control }, server);
    const { results } = await run(inputFor(transport, [list], ['2001:db8::7']));
    expect(results.map(short)).toEqual(['clean']);
    expect(server.questions.map(({ name }) => name.split('.').length)).toEqual(server.questions.map(() => 34));
  });

  test('a domain list that holds both names is clean only when both are absent', async () => {
    const server = await lab.start(zone('bl.test', { 'example.net': { a: ['127.0.0.2'] } }));
    const control = { domain: { listed: 'test', notListed: 'invalid' } };
    const list = labList({ id: 'bl', accepts: ['domain'], asks: 'both', control }, server);
    const { results } = await run(inputFor(transport, [list], ['mail.example.net', 'mail.example.org']));
    expect(results.map(short)).toEqual(['listed 127.0.0.2', 'clean']);
    expect(results[0]?.asked).toBe('example.net.bl.test');
  });
});

describe('order and concurrency', () => {
  test('opening controls, then targets, then the closing control', async () => {
    const server = await lab.start(zone('bl.test'));
    await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7']));
    const names = server.questions.map(({ name }) => name.replace(/\.bl\.test$/, ''));
    expect(names.slice(0, 3)).toEqual(expect.arrayContaining(['1.0.0.127', '2.0.0.127']));
    expect(names.slice(0, 3).some((name) => /\.(18|19)\.198$/.test(name))).toBe(true);
    expect(names.slice(3)).toEqual(['7.2.0.192', '2.0.0.127']);
  });

  test('a batch with listings closes with a fresh random control', async () => {
    const server = await lab.start(zone('bl.test', { '7.2.0.192': { a: ['127.0.0.2'] } }));
    await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7'], { txt: () => false }));
    const random = server.questions.map(({ name }) => name).filter((name) => /\.(18|19)\.198\./.test(name));
    expect(new Set(random).size).toBe(2);
    expect(server.questions.at(-1)?.name).toBe(random[1]);
  });

  test('questions go out plain: no recursion wanted of a name server, no EDNS', async () => {
    const server = await lab.start(zone('bl.test'));
    await run(inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7']));
    expect(server.questions.map(({ recursionDesired, additionals }) => [recursionDesired, additionals])).toEqual(
      server.questions.map(() => [false, 0]),
    );
  });

  test('20 targets of a list are in flight at once, and never more', async () => {
    const held = zone('bl.test');
    let flying = 0;
    let most = 0;
    const server = await lab.start(held);
    const ask: Transport['ask'] = async (...question) => {
      flying += 1;
      most = Math.max(most, flying);
      const answer = await transport.ask(...question);
      flying -= 1;
      return answer;
    };
    const texts = Array.from({ length: 100 }, (_, at) => `192.0.2.${at}`);
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts, { ask }));
    expect(results).toHaveLength(100);
    expect(most).toBe(20);
  });

  test('results of a batch are in the order of the targets, and batches meet', async () => {
    const server = await lab.start(zone('bl.test'));
    const texts = Array.from({ length: 50 }, (_, at) => `192.0.2.${at}`);
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], texts, { batchSize: 20 });
    const { batches, results } = await run(input);
    expect(batches.map(({ posFrom, posTo }) => [posFrom, posTo])).toEqual([
      [0, 20],
      [20, 40],
      [40, 50],
    ]);
    expect(results.map(({ target }) => target)).toEqual(texts);
  });

  test('no more than 10 minutes lie between two rounds of controls', async () => {
    const server = await lab.start(zone('bl.test'));
    const texts = Array.from({ length: 100 }, (_, at) => `192.0.2.${at}`);
    let seconds = 0;
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], texts, {
      ask: (...question) => {
        seconds += 12;
        return transport.ask(...question);
      },
      now: () => new Date(seconds * 1000),
    });
    const { batches, results } = await run(input);
    expect(results).toHaveLength(100);
    // Twenty are on their way when the time is over: 4 minutes of this clock.
    expect(batches.map(({ posFrom, posTo }) => posTo - posFrom).every((size) => size <= 60)).toBe(true);
    expect(server.questions.filter(({ name }) => name === '2.0.0.127.bl.test')).toHaveLength(2 * batches.length);
  });

  test('positions covered before are not asked again', async () => {
    const server = await lab.start(zone('bl.test'));
    const texts = Array.from({ length: 10 }, (_, at) => `192.0.2.${at}`);
    const covered = (): [number, number][] => [
      [0, 3],
      [5, 9],
    ];
    const { batches } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts, { covered }));
    expect(batches.map(({ posFrom, posTo }) => [posFrom, posTo])).toEqual([
      [3, 5],
      [9, 10],
    ]);
  });

  test('60 lists with 3 dead finish within one deadline of the time without', async () => {
    const server = await lab.start((question) => zone(question.name.split('.').slice(-2).join('.'))(question));
    const dead = await lab.start(() => ({ silence: true }));
    const live = Array.from({ length: 57 }, (_, at) => labList({ id: `l${at}` }, server));
    const timed = async (lists: typeof live): Promise<number> => {
      const started = performance.now();
      const { results } = await run(inputFor(transport, lists, ['192.0.2.7'], { timeout: 1000 }));
      expect(results.filter((result) => short(result) === 'clean')).toHaveLength(57);
      expect(results).toHaveLength(lists.length);
      return performance.now() - started;
    };
    await timed(live);
    const without = await timed(live);
    const withDead = await timed([...Array.from({ length: 3 }, (_, at) => labList({ id: `d${at}` }, dead)), ...live]);
    expect(withDead - without).toBeLessThan(1000);
  });

  test('lists are asked side by side: a silent one does not hold up the batches of another', async () => {
    const live = await lab.start(zone('live.test'));
    const dead = await lab.start(() => ({ silence: true }));
    const lists = [labList({ id: 'dead' }, dead), labList({ id: 'live' }, live)];
    const events = runRound(inputFor(transport, lists, ['192.0.2.7'], { timeout: 400 }));
    const order: string[] = [];
    for await (const event of events)
      if (event.type === 'list') order.push(`${event.report.id} ${event.report.health}`);
    expect(order).toEqual(['live healthy', 'dead unreachable']);
  });

  test('leaving the loop stops what is under way', async () => {
    const server = await lab.start(zone('bl.test'));
    const texts = Array.from({ length: 200 }, (_, at) => `192.0.2.${at}`);
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], texts, { batchSize: 10 });
    for await (const event of runRound(input)) {
      expect(event.type).toBe('batch');
      break;
    }
    // What is on its way arrives before what is sent after it.
    const last = { deadline: 500, recursionDesired: false };
    await transport.ask(server.address, { name: 'x.bl.test', type: 'A' }, last);
    const asked = server.questions.length;
    await transport.ask(server.address, { name: 'y.bl.test', type: 'A' }, last);
    expect(server.questions.length).toBe(asked + 1);
    expect(asked).toBeLessThan(100);
  });

  test('an aborted round throws', async () => {
    const server = await lab.start(() => ({ silence: true }));
    const stop = new AbortController();
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7'], { signal: stop.signal });
    const round = gather(input);
    await server.nextQuestion();
    stop.abort();
    await expect(round).rejects.toThrow(/abort/i);
  });
});

describe('politeness', () => {
  test('a retired list never gets a packet', async () => {
    const server = await lab.start(zone('bl.test'));
    const list = labList({ id: 'bl', status: { retired: { why: 'shut down in 2020' } } }, server);
    const { results, reports } = await run(inputFor(transport, [list], ['192.0.2.7']));
    expect(results.map(short)).toEqual(['unknown list-retired']);
    expect(reports).toMatchObject([{ health: 'retired', detail: 'shut down in 2020', asked: 0, unknown: 1 }]);
    expect(server.questions).toEqual([]);
  });

  test('an account key is in no result, control or report', async () => {
    const server = await lab.start(zone('secret.bl.test', { '7.2.0.192': { a: ['127.0.0.2'] } }));
    const list = labList({ id: 'bl', zone: '{key}.bl.test' }, server);
    const round = await run(inputFor(transport, [list], ['192.0.2.7', '192.0.2.8']));
    expect(round.results.map(short)).toEqual(['listed 127.0.0.2', 'clean']);
    expect(round.results[0]?.asked).toBe('7.2.0.192.{key}.bl.test');
    expect(JSON.stringify(round)).not.toContain('secret');
  });

  test('an operator whose controls say over-limit is not asked again, for none of its lists', async () => {
    const refusing = await lab.start(() => ({ a: ['127.0.0.9'] }));
    const good = await lab.start(async (question) => {
      await refused;
      return zone('good.test')(question);
    });
    const refused = refusing.nextQuestion();
    const lists = [
      labList({ id: 'over', operator: 'one' }, refusing),
      labList({ id: 'good', operator: 'one' }, good),
      labList({ id: 'good2', zone: 'good.test', operator: 'two' }, good),
    ];
    const texts = Array.from({ length: 30 }, (_, at) => `192.0.2.${at}`);
    const { reports } = await run(inputFor(transport, lists, texts, { batchSize: 10 }));
    const health = Object.fromEntries(reports.map((report) => [report.id, report.health]));
    expect(health).toEqual({ over: 'refused', good: 'refused', good2: 'healthy' });
    expect(refusing.questions).toHaveLength(3);
  });

  test('an operator whose closing control is refused is not asked again', async () => {
    const held = zone('bl.test');
    const server = await lab.start((question) =>
      question.name === '2.0.0.127.bl.test' && question.count > 1 ? { refused: true } : held(question),
    );
    const texts = Array.from({ length: 30 }, (_, at) => `192.0.2.${at}`);
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], texts, { batchSize: 10 });
    const { results } = await run(input);
    expect(new Set(results.map(short))).toEqual(new Set(['unknown list-refused']));
    expect(server.questions).toHaveLength(3 + 10 + 1);
  });

  test('an operator that refused is asked its controls first in the next scan, and no target until they are answered', async () => {
    const server = await lab.start(() => ({ refused: true }));
    const input = inputFor(transport, [labList({ id: 'bl' }, server)], ['192.0.2.7']);
    for (let scan = 1; scan <= 2; scan += 1) {
      expect((await run(input)).results.map(short)).toEqual(['unknown list-refused']);
      expect(server.questions).toHaveLength(3 * scan);
    }
    expect(server.questions.map(({ name }) => name)).not.toContain('7.2.0.192.bl.test');
    server.answerWith(zone('bl.test'));
    expect((await run(input)).results.map(short)).toEqual(['clean']);
  });

  test('one refused lookup between good controls is that lookup only', async () => {
    const server = await lab.start(zone('bl.test', { '7.2.0.192': { refused: true } }));
    const texts = Array.from({ length: 40 }, (_, at) => `192.0.2.${at}`);
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts));
    expect(results.filter((result) => short(result) === 'clean')).toHaveLength(39);
    expect(results.map(short)[7]).toBe('unknown refused');
  });

  test('ten refused lookups end the operator although its controls are answered', async () => {
    const held = zone('bl.test');
    const server = await lab.start((question) =>
      /\.2\.0\.192\./.test(question.name) ? { refused: true } : held(question),
    );
    const texts = Array.from({ length: 200 }, (_, at) => `192.0.2.${at}`);
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts));
    expect(results).toHaveLength(200);
    expect(server.questions.filter(({ name }) => /\.2\.0\.192\./.test(name)).length).toBeLessThanOrEqual(30);
    expect(short(results.at(-1) ?? (results[0] as never))).toBe('unknown list-refused');
  });

  test('a list that falls silent is given up after ten lookups', async () => {
    const held = zone('bl.test');
    let asked = 0;
    const server = await lab.start((question) => {
      asked += 1;
      return asked > 30 ? { silence: true } : held(question);
    });
    const texts = Array.from({ length: 2000 }, (_, at) => `192.0.${at >> 8}.${at & 255}`);
    const started = performance.now();
    const { results, reports } = await run(
      inputFor(transport, [labList({ id: 'bl' }, server)], texts, { timeout: 200 }),
    );
    expect(results).toHaveLength(2000);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(new Set(results.map(short))).toEqual(new Set(['unknown timeout', 'unknown list-unreachable']));
    expect(reports).toMatchObject([{ health: 'unreachable' }]);
  });

  test('a list that fell silent is tried again by its controls, and asked on if they are answered', async () => {
    const held = zone('bl.test');
    let silent = false;
    let asked = 0;
    const server = await lab.start((question) => {
      asked += 1;
      if (asked === 30) silent = true;
      if (question.name === '1.0.0.127.bl.test' && question.count === 2) silent = false;
      return silent ? { silence: true } : held(question);
    });
    const texts = Array.from({ length: 200 }, (_, at) => `192.0.2.${at}`);
    const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts, { timeout: 600 }));
    const unknown = results.map(short).filter((said) => said !== 'clean');
    expect(unknown.length).toBeGreaterThanOrEqual(10);
    expect(unknown.length).toBeLessThan(100);
    expect(results.slice(100).map(short)).toEqual(Array(100).fill('clean'));
  });

  test('controls, texts and retries count as every lookup', async () => {
    const held = zone('bl.test', { '7.2.0.192': { a: ['127.0.0.2'], txt: ['why'] } });
    const server = await lab.start((question) =>
      question.name === '8.2.0.192.bl.test' && question.count === 1 ? { silence: true } : held(question),
    );
    const ledger = memoryLedger(Number.POSITIVE_INFINITY);
    const list = labList({ id: 'bl', limits: { perSecond: 10_000, perDay: 1000 } }, server);
    const pacing = createPacing({ ledger });
    const { results } = await run(inputFor(transport, [list], ['192.0.2.7', '192.0.2.8'], { pacing, timeout: 3000 }));
    expect(results.map(short)).toEqual(['listed 127.0.0.2', 'clean']);
    // Three controls, two targets, one of them twice, a text, and the controls at the end.
    expect(server.questions.length).toBeGreaterThanOrEqual(9);
    expect(ledger.used('bl', new Date())).toBe(server.questions.length);
  });

  test('when the day is used up the rest says budget', async () => {
    const server = await lab.start(zone('bl.test'));
    const list = labList({ id: 'bl', limits: { perSecond: 10_000, perDay: 10 } }, server);
    const pacing = createPacing({ ledger: memoryLedger(Number.POSITIVE_INFINITY) });
    const texts = Array.from({ length: 30 }, (_, at) => `192.0.2.${at}`);
    const { results } = await run(inputFor(transport, [list], texts, { pacing }));
    expect(results.map(short)).toEqual([...Array(7).fill('clean'), ...Array(23).fill('unknown budget')]);
    expect(server.questions).toHaveLength(11);
  });

  test('three operators that worked and fail together are our own outage', async () => {
    const dead = await lab.start(() => ({ silence: true }));
    const lists = ['a', 'b', 'c'].map((id) => labList({ id }, dead));
    const options = { timeout: 200, workedBefore: new Set(['a', 'b', 'c', 'd']) };
    const { results } = await run(inputFor(transport, lists, ['192.0.2.7'], options));
    expect(results.map(short)).toEqual(Array(3).fill('unknown network'));
    const first = await run(inputFor(transport, lists, ['192.0.2.7'], { timeout: 200 }));
    expect(first.results.map(short)).toEqual(Array(3).fill('unknown list-unreachable'));
  });

  test('in our own outage a verdict between good controls still counts', async () => {
    const dead = await lab.start(() => ({ silence: true }));
    const live = await lab.start(zone('d.test', { '7.2.0.192': { a: ['127.0.0.2'] } }));
    const lists = [...['a', 'b', 'c'].map((id) => labList({ id }, dead)), labList({ id: 'd' }, live)];
    const options = { timeout: 200, workedBefore: new Set(['a', 'b', 'c', 'd']) };
    const { results } = await run(inputFor(transport, lists, ['192.0.2.7', '192.0.2.8'], options));
    const of = (id: string): string[] => results.filter(({ list }) => list === id).map(short);
    expect(of('a')).toEqual(Array(2).fill('unknown network'));
    expect(of('d')).toEqual(['listed 127.0.0.2', 'clean']);
  });
});
