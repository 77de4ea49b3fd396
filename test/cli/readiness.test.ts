import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { delistSchema } from '../../src/output/delisting-schema.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { type Zone, zoneHandler } from '../posture/zone.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
const ADDRESS = '8.8.4.4';
/** PTR in order; nothing that answers as postmaster. */
const ZONE: Zone = {
  '4.4.8.8.in-addr.arpa': { PTR: 'mail.example.org' },
  'mail.example.org': { A: ADDRESS },
  'example.org': { MX: '10 mail.example.org', TXT: `v=spf1 ip4:${ADDRESS} -all` },
};
let lab: LabServer;
let database: string;

beforeAll(async () => {
  const zone = zoneHandler(ZONE);
  lab = await startLab((question) => {
    const { name } = question;
    if (!name.endsWith('.pbl.spamhaus.org') && !name.endsWith('.dnsbl.spfbl.net')) return zone(question);
    if (name.startsWith('4.4.8.8.')) return { a: [name.endsWith('.pbl.spamhaus.org') ? '127.0.0.11' : '127.0.0.2'] };
    return name.startsWith('2.0.0.127.') ? { a: ['127.0.0.2'] } : { nxdomain: true };
  });
  const servers = [lab.address];
  const lists = ['spamhaus-pbl', 'spfbl-dnsbl'].map((id) => ({ id, servers, limits: 'none' }));
  const base = {
    'spamhaus-pbl': ['pbl.spamhaus.org', ['ipv4']],
    'spfbl-dnsbl': ['dnsbl.spfbl.net', ['ipv4']],
  } as const;
  const control = { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } };
  const whole = lists.map((list) => {
    const [zoneName, accepts] = base[list.id as keyof typeof base];
    return { ...list, zone: zoneName, accepts, control };
  });
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: whole }));
  writeFileSync(
    path.join(home, 'config.json'),
    JSON.stringify({ catalogue: 'lists.json', lists: ['spamhaus-pbl', 'spfbl-dnsbl'], timeout: '2s' }),
  );
  database = await testDatabase();
});
afterAll(async () => {
  await lab.close();
  remove();
});

function run(...args: string[]): Promise<Ran> {
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database };
  return command([...args, '--resolver', lab.address], { env });
}

test('delist audits what was never audited, and says who will let the address out and who will not', async () => {
  await run('targets', 'add', ADDRESS);
  expect((await run('scan')).status).toBe(2);
  const { out } = await run('delist', ADDRESS, '--no-connect', '--format', 'json');
  expect(v.safeParse(delistSchema, JSON.parse(out)).issues).toBeUndefined();
  const ways = JSON.parse(out) as {
    advice: { list: string };
    readiness: { verdict: string; says: string; unknowns: { requirement: string; todo: string }[] }[];
  }[];
  const of = (list: string) => ways.find(({ advice }) => advice.list === list)?.readiness[0];
  expect(of('spamhaus-pbl')).toMatchObject({
    verdict: 'ready',
    says: expect.stringMatching(/will let you out: its reverse name is mail\.example\.org/),
  });
  expect(of('spfbl-dnsbl')).toMatchObject({ verdict: 'unknown' });
  expect(of('spfbl-dnsbl')?.unknowns.map(({ requirement, todo }) => [requirement, todo])).toEqual([
    ['ptr.own_domain', `dnsblwatch audit ${ADDRESS} YOUR-DOMAIN`],
    ['postmaster.answers', `dnsblwatch audit YOUR-DOMAIN ${ADDRESS}`],
  ]);
});

test('the table shows each demand, and the request says what is in order', async () => {
  const { out } = await run('delist', ADDRESS, 'spamhaus-pbl', '--no-connect');
  expect(out).toMatch(/Verdict: +.*PBL.* will let you out/);
  expect(out).toMatch(/Right: +the address has a reverse name \(PTR\), and that name leads back to the address: /);
  expect(out).toContain('| In order on our side:');
});

test('audit records what is tracked, and says what changed', async () => {
  const first = await run('audit', 'example.org', ADDRESS, '--no-connect', '--format', 'json');
  expect(first.err).toBe('');
  lab.answerWith(zoneHandler({ ...ZONE, '4.4.8.8.in-addr.arpa': {} }));
  const { err } = await run('audit', 'example.org', ADDRESS, '--no-connect', '--format', 'json');
  expect(err).toContain(`changed: ptr.exists ${ADDRESS}: pass → fail (there is no reverse name)`);
  const history = await run('audit', ADDRESS, '--history');
  expect(history.out).toMatch(/UTC {2}ptr\.exists 8\.8\.4\.4: pass → fail {2}there is no reverse name/);
});

test('what lists say of the neighbourhood: membership, and a sweep of the /24 where it is asked for', async () => {
  const level1 = new Set(['9', '17', '200']);
  const zone = zoneHandler(ZONE);
  lab.answerWith((question) => {
    const [host = '', ...rest] = question.name.split('.');
    if (!question.name.includes('uceprotect')) return zone(question);
    if (question.name.startsWith('2.0.0.127.')) return { a: ['127.0.0.2'] };
    if (rest.slice(0, 3).join('.') !== '4.8.8') return { nxdomain: true };
    if (question.name.endsWith('dnsbl-2.uceprotect.net'))
      return { a: ['127.0.0.2'], txt: ['Net 8.8.4.0/24 is listed'] };
    return question.name.endsWith('dnsbl-1.uceprotect.net') && level1.has(host)
      ? { a: ['127.0.0.2'] }
      : { nxdomain: true };
  });
  const lists = ['1', '2', '3'].map((level) => ({
    ...{
      id: `uceprotect-${level}`,
      zone: `dnsbl-${level}.uceprotect.net`,
      accepts: ['ipv4'],
      servers: [lab.address],
      limits: 'none',
    },
    control: { ipv4: { listed: '127.0.0.2', notListed: '127.0.0.1' } },
  }));
  writeFileSync(path.join(home, 'uceprotect.json'), JSON.stringify({ lists }));
  const { out } = await run(
    'audit',
    ADDRESS,
    '--neighbourhood',
    '--no-connect',
    '--no-record',
    '--format',
    'json',
    '--catalogue',
    path.join(home, 'uceprotect.json'),
  );
  const findings = JSON.parse(out).findings as { check: string; outcome: string; why: string; evidence: string[] }[];
  const of = (check: string) => findings.find((one) => one.check === check);
  expect(of('neigh.net')).toMatchObject({
    outcome: 'fail',
    evidence: ['Net 8.8.4.0/24 is listed'],
    why: expect.stringContaining('3 of 256 addresses of its /24 are on level 1'),
  });
  expect(of('neigh.asn')?.outcome).toBe('pass');
});
