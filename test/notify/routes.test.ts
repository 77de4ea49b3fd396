import { expect, test } from 'vitest';
import { isFor, type Route, tagsFor } from '../../src/notify/routes.ts';

const routes: Route[] = [
  { to: ['ops'], tags: null, impact: 'medium', severity: 'low' },
  { to: ['acme', 'ops'], tags: ['acme', 'acme-bulk'], impact: 'low', severity: 'high' },
];

test.each([
  ['everything of the least impact goes by a route without tags', 'ops', ['other'], 'medium', 'low', true],
  ['below the least impact nothing goes', 'ops', ['other'], 'low', 'high', false],
  ['but what another route lets through does', 'ops', ['acme'], 'low', 'high', true],
  ['a client gets its own', 'acme', ['acme-bulk', 'x'], 'low', 'high', true],
  ['and nothing of others', 'acme', ['other'], 'high', 'high', false],
  ['nor what is below the least severity', 'acme', ['acme'], 'high', 'medium', false],
  ['what is about a list or ourselves goes to whom all targets belong', 'ops', null, 'high', 'high', true],
  ['and not to a client', 'acme', null, 'high', 'high', false],
  ['a channel without a route gets nothing', 'spare', ['acme'], 'high', 'high', false],
] as const)('%s', (_rule, channel, tags, impact, severity, expected) => {
  expect(isFor(channel, routes, { tags, impact, severity })).toBe(expected);
});

test('a channel is about the tags of its routes, or about everything', () => {
  expect(tagsFor('ops', routes)).toBeNull();
  expect(tagsFor('acme', routes)).toEqual(['acme', 'acme-bulk']);
});
