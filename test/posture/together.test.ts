import { expect, test } from 'vitest';
import { auditsTogether, type MailDomain } from '../../src/posture/together.ts';

const domain = (name: string, receives: string[], sends: string[] = [], party = ''): MailDomain => ({
  domain: name,
  party,
  receives: receives.map((text) => ({ host: `mx.${name}`, kind: 'ipv4', text })),
  sends,
  selectors: [],
});
const short = (domains: MailDomain[], addresses: string[]) =>
  auditsTogether(domains, { tracked: addresses, due: addresses.map((text) => ({ text, party: '' })) }).map(
    ({ subject, records, beside }) => ({
      of: [...subject.domains, ...subject.addresses.map(({ text, mx }) => (mx === null ? text : `${text} (MX)`))],
      records,
      beside,
    }),
  );

test('domains that share a server are audited together, and it once', () =>
  expect(
    short(
      [
        domain('b.example', ['192.0.2.1'], ['192.0.2.2']),
        domain('c.example', ['198.51.100.1']),
        domain('a.example', ['198.51.100.9'], ['192.0.2.2']),
      ],
      ['192.0.2.2', '192.0.2.7'],
    ),
  ).toEqual([
    { of: ['c.example', '198.51.100.1 (MX)'], records: ['c.example'], beside: [] },
    {
      of: ['a.example', 'b.example', '192.0.2.2', '198.51.100.9 (MX)', '192.0.2.1 (MX)'],
      records: ['a.example', 'b.example', '192.0.2.2'],
      beside: [],
    },
    { of: ['192.0.2.7'], records: ['192.0.2.7'], beside: [] },
  ]));

test('what two domains have in common through a third belongs together', () =>
  expect(
    short(
      [
        domain('a.example', ['192.0.2.1']),
        domain('b.example', ['192.0.2.2']),
        domain('c.example', ['192.0.2.1', '192.0.2.2']),
      ],
      [],
    ),
  ).toHaveLength(1));

test('of very many domains on one server it is recorded by the first audit alone', () => {
  const many = Array.from({ length: 45 }, (_, at) => domain(`d${at + 10}.example`, ['192.0.2.1']));
  const audits = short(many, ['192.0.2.1']);
  expect(audits.map(({ records }) => records.length)).toEqual([21, 20, 5]);
  expect(audits.map(({ beside }) => beside)).toEqual([[], ['192.0.2.1'], ['192.0.2.1']]);
});

test('domains of different parties are never audited together: findings name the domains beside', () => {
  const [one, other] = short(
    [domain('a.example', ['192.0.2.1'], [], 'a'), domain('b.example', ['192.0.2.1'], [], 'b')],
    ['192.0.2.1'],
  );
  expect([one?.records, other?.records]).toEqual([['a.example', '192.0.2.1'], ['b.example']]);
  expect(other?.beside).toEqual(['192.0.2.1']);
});
