import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  isLoopback,
  isPublicResolver,
  parseServer,
  publicResolverOf,
  systemServers,
  upstreamServers,
} from '../../src/dns/resolvers.ts';
import { UserError } from '../../src/errors.ts';

test.each([
  ['192.0.2.53', '192.0.2.53:53'],
  [' 192.0.2.53:5300 ', '192.0.2.53:5300'],
  ['2001:DB8:0::53', '[2001:db8::53]:53'],
  ['[2001:db8::53]', '[2001:db8::53]:53'],
  ['[2001:db8::53]:5300', '[2001:db8::53]:5300'],
  ['::1', '[::1]:53'],
  ['fe80::1%eth0', '[fe80::1%eth0]:53'],
  ['::ffff:192.0.2.53', '192.0.2.53:53'],
])('the server %s is %s', (text, server) => {
  expect(parseServer(text)).toBe(server);
});

test('the port not given is the default one', () => {
  expect(parseServer('127.0.0.1', 5353)).toBe('127.0.0.1:5353');
});

test.each([
  ...['', 'localhost', 'dns.example.org:53', '192.0.2', '192.0.2.256', '192.0.2.1.', '01.2.3.4', '192.0.2.1:0'],
  ...[
    '192.0.2.1:65536',
    '192.0.2.1:x',
    '[192.0.2.1]:53',
    '[2001:db8::53',
    '2001:db8::g',
    '::1%',
    ':53',
    'http://192.0.2.1',
  ],
])('"%s" is no server, and the message says what is', (text) => {
  expect(() => parseServer(text)).toThrow(UserError);
  expect(() => parseServer(text)).toThrow(`DNS server "${text}": expected an address with an optional port`);
});

test.each([
  ['8.8.8.8:53', 'Google'],
  ['[2001:4860:4860::8844]:53', 'Google'],
  ['1.1.1.1:53', 'Cloudflare'],
  ['9.9.9.9:53', 'Quad9'],
  ['45.90.28.17:53', 'NextDNS'],
  ['223.5.5.5:53', 'AliDNS'],
])('%s is a public resolver: %s', (server, operator) => {
  expect(publicResolverOf(server)).toBe(operator);
  expect(isPublicResolver(server)).toBe(true);
});

test.each(['127.0.0.1:53', '192.0.2.53:53', '[2001:db8::53]:53', '8.8.8.80:53'])(
  '%s is no public resolver',
  (server) => {
    expect(isPublicResolver(server)).toBe(false);
  },
);

test('every public resolver is listed in canonical form, or it would never match', () => {
  for (const server of ['[2606:1a40::]:53', '[2a07:a8c0::]:53', '[2402:4e00::]:53', '[2620:0:ccc::2]:53']) {
    expect(parseServer(server)).toBe(server);
    expect(isPublicResolver(server)).toBe(true);
  }
});

test('behind the stub of systemd are the servers of its own resolv.conf', () => {
  const folder = mkdtempSync(join(tmpdir(), 'resolvers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, '# made by systemd\nnameserver 192.0.2.1\nnameserver 2001:4860:4860::8888\nsearch example.org\n');
  expect(upstreamServers('127.0.0.53:53', file)).toEqual(['192.0.2.1:53', '[2001:4860:4860::8888]:53']);
  expect(upstreamServers('127.0.0.1:53', file)).toEqual(['127.0.0.1:53']);
  expect(upstreamServers('127.0.0.53:53', join(folder, 'absent'))).toEqual(['127.0.0.53:53']);
  expect(publicResolverOf('127.0.0.53:53', file)).toBe('Google');
});

test('the system has servers in canonical form', () => {
  for (const server of systemServers()) expect(parseServer(server)).toBe(server);
});

test.each([
  ['127.0.0.1:53', true],
  ['127.9.9.9:53', true],
  ['[::1]:53', true],
  ['192.0.2.1:53', false],
  ['[2001:db8::1]:53', false],
])('%s on loopback: %s', (server, expected) => {
  expect(isLoopback(server)).toBe(expected);
});
