import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openTransport, type Transport } from '../../src/dns/transport.ts';
import {
  lookUpReverseName,
  type ReverseName,
  reverseNameFinding,
  sendingAddress,
} from '../../src/doctor/reverse-name.ts';
import type { Reply } from '../lab/reply.ts';
import { createLab } from '../scan/zone.ts';

const lab = createLab();
let transport: Transport;

beforeAll(() => {
  transport = openTransport();
});
afterAll(() => transport.close());
afterEach(() => lab.stop());

const V4 = '8.7.6.5.in-addr.arpa';
const V6 = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.4.6.0.6.2.ip6.arpa';

async function lookUp(address: string | null, records: Record<string, Reply>): Promise<ReverseName> {
  const dead = await lab.start(() => ({ servfail: true }));
  const server = await lab.start((q) => ({ ra: true, ...(records[`${q.type} ${q.name}`] ?? { nxdomain: true }) }));
  return await lookUpReverseName(address, [dead.address, server.address], { ask: transport.ask, timeout: 300 });
}

test.each<[rule: string, address: string | null, records: Record<string, Reply>, ReverseName]>([
  [
    'a name that leads back is good',
    '5.6.7.8',
    { [`PTR ${V4}`]: { ptr: ['mail.example.org'] }, 'A mail.example.org': { a: ['5.6.7.8'] } },
    { kind: 'good', address: '5.6.7.8', name: 'mail.example.org' },
  ],
  [
    'of several names one has to lead back',
    '5.6.7.8',
    {
      [`PTR ${V4}`]: { ptr: ['a.example.org', 'b.example.org'] },
      'A a.example.org': { a: ['9.9.9.1'] },
      'A b.example.org': { a: ['9.9.9.1', '5.6.7.8'] },
    },
    { kind: 'good', address: '5.6.7.8', name: 'b.example.org' },
  ],
  [
    'an IPv6 address is asked by its nibbles and leads back by AAAA in any spelling',
    '2606:4700::1',
    { [`PTR ${V6}`]: { ptr: ['mail.example.org'] }, 'AAAA mail.example.org': { aaaa: ['2606:4700:0:0::1'] } },
    { kind: 'good', address: '2606:4700::1', name: 'mail.example.org' },
  ],
  [
    'a name that leads elsewhere is astray',
    '5.6.7.8',
    { [`PTR ${V4}`]: { ptr: ['mail.example.org'] }, 'A mail.example.org': { a: ['9.9.9.1'] } },
    { kind: 'astray', address: '5.6.7.8', name: 'mail.example.org' },
  ],
  ['NXDOMAIN is none', '5.6.7.8', {}, { kind: 'none', address: '5.6.7.8' }],
  ['a private address is not looked up', '192.168.1.2', {}, { kind: 'private', address: '192.168.1.2' }],
  ['no way out', null, {}, { kind: 'unknown', detail: 'this machine has no way out' }],
])('%s', async (_rule, address, records, expected) => {
  expect(await lookUp(address, records)).toEqual(expected);
});

test('a resolver that fails makes the reverse name unknown, never none', async () => {
  const dead = await lab.start(() => ({ servfail: true }));
  const reverse = await lookUpReverseName('5.6.7.8', [dead.address], { ask: transport.ask, timeout: 300 });
  expect(reverse.kind).toBe('unknown');
  expect(reverseNameFinding(reverse).state).toBe('note');
});

test('the address that packets leave from is read without sending any', async () => {
  const server = await lab.start();
  expect(await sendingAddress(server.address)).toBe('127.0.0.1');
  expect(server.questions).toEqual([]);
});
