import { expect, test } from 'vitest';
import type { TargetKind } from '../../src/catalogue/list.ts';
import { openTransport } from '../../src/dns/transport.ts';
import { isSuspicious } from '../../src/scan/burst.ts';
import { inputFor, run, short } from './rounds.ts';
import { createLab, labList, zone } from './zone.ts';

const spread = (at: number): string => `192.${at % 10}.2.${at}`;

type Row = [rule: string, fresh: number, asked: number, suspicious: boolean, text?: (at: number) => string];
test.each<Row>([
  ['20 new of 20', 20, 20, true],
  ['19 are too few, even of 19', 19, 19, false],
  ['a quarter of the targets', 50, 200, true],
  ['less than a quarter', 49, 200, false, (at) => `192.${at % 10}.2.${at + 151}`],
  ['the first 100 of a batch are looked at by themselves', 25, 10_000, true],
  ['24 of the first 100 are less than a quarter', 24, 10_000, false],
  ['three unrelated /16s', 20, 20, true, (at) => `192.${at % 3}.2.${at}`],
  ['two /16s are related', 20, 20, false, (at) => `192.${at % 2}.2.${at}`],
  ['three unrelated /32s of IPv6', 20, 20, true, (at) => `2001:${at % 3}::${at}`],
  ['two /32s of IPv6 are related', 20, 20, false, (at) => `2001:${at % 2}:${at}::1`],
  ['domains', 20, 20, true, (at) => `shop${at}.example`],
])('a burst: %s', (_rule, fresh, asked, suspicious, text = spread) => {
  const kind: TargetKind = text(0).includes(':') ? 'ipv6' : text(0).endsWith('.example') ? 'domain' : 'ipv4';
  const places = Array.from({ length: fresh }, (_, at) => ({
    target: { kind, text: text(at) },
    // Those that are not to be taken for the first 100 are the last.
    place: text(0) === '192.0.2.151' ? asked - fresh + at : at,
  }));
  expect(isSuspicious({ kind, asked, fresh: places })).toBe(suspicious);
});

test.each([
  ['two of the eight that cannot be listed are no proof against a list', ['8.8.8.8', '1.1.1.1'], 'listed 127.0.0.2'],
  ['three of them are', ['8.8.8.8', '1.1.1.1', '9.9.9.9'], 'unknown list-quarantined'],
])('a burst: %s', async (_rule, known, said) => {
  const lab = createLab();
  const transport = openTransport();
  const texts = Array.from({ length: 20 }, (_, at) => spread(at));
  const held = [...texts, ...known].map((text) => [text.split('.').reverse().join('.'), { a: ['127.0.0.2'] }]);
  const server = await lab.start(zone('bl.test', Object.fromEntries(held)));
  const { results } = await run(inputFor(transport, [labList({ id: 'bl' }, server)], texts));
  transport.close();
  await lab.stop();
  expect(new Set(results.map(short))).toEqual(new Set([said]));
});
