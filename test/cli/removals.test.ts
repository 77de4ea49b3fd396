import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { delistSchema } from '../../src/output/delisting-schema.ts';
import { changesSchema, historySchema } from '../../src/output/history-schema.ts';
import { outputSchema } from '../../src/output/schema.ts';
import { testDatabase } from '../database.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { command, type Ran, temporaryHome } from './world.ts';

const { home, remove } = temporaryHome();
let lab: LabServer;
let database: string;
/** What the lab lists now. */
const held = new Map<string, string[]>();
let now = new Date('2026-11-24T08:00:00Z');

beforeAll(async () => {
  lab = await startLab(({ name }) => {
    if (name.startsWith('2.0.0.127.')) return { a: ['127.0.0.2'], ttl: 1 };
    const codes = held.get(name);
    return codes === undefined ? { nxdomain: true, ttl: 1 } : { a: codes, txt: ['|trap| hit'], ttl: 1 };
  });
  const list = {
    ...{ id: 'spam', name: 'Spam List', zone: 'spam.test', accepts: ['ipv4'], servers: [lab.address] },
    ...{ control: { listed: '127.0.0.2', notListed: '127.0.0.1' }, delisting: { method: 'form', usualTime: 'PT12H' } },
    codes: {
      '127.0.0.2': { label: 'SPAM', meaning: 'traps', severity: 'high' },
      '127.0.0.4': { label: 'BOT', meaning: 'bots', severity: 'high' },
    },
  };
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists: [list] }));
  const config = { catalogue: 'lists.json', lists: 'spam', timeout: '2s', confirm: { delisted: 1 } };
  writeFileSync(path.join(home, 'config.json'), JSON.stringify(config));
  database = await testDatabase();
  await run('targets', 'add', '192.0.2.7', '192.0.2.8', '--allow-special');
  held.set('7.2.0.192.spam.test', ['127.0.0.2', '127.0.0.4']);
  held.set('8.2.0.192.spam.test', ['127.0.0.2']);
  await run('scan');
  later(1);
  await run('delist', 'requested', '192.0.2.7', 'spam', '--label', 'BOT');
  await run('delist', 'requested', '192.0.2.8', 'spam', '--note', '=ticket, 7');
});
afterAll(async () => {
  await lab.close();
  remove();
});

function later(hours: number): void {
  now = new Date(now.getTime() + hours * 3_600_000);
}

function run(...args: string[]): Promise<Ran> {
  const env = { HOME: home, DNSBLWATCH_CONFIG: path.join(home, 'config.json'), DNSBLWATCH_DATABASE: database };
  return command(args, { env, now: () => now });
}

test('a request within its usual time is shown in the history and is no line of a scan', async () => {
  later(2);
  expect((await run('scan')).out).not.toContain('overdue');
  const { out } = await run('history');
  expect(out).toContain(
    '192.0.2.8 on Spam List: removal requested 2026-11-24 09:00 UTC (=ticket, 7): still there after 2 h; it usually takes 12 h',
  );
  expect(out).toContain('192.0.2.7 on Spam List: removal of BOT requested');
});

test('past its usual time a scan that sees the listing says so in one line, and in JSON', async () => {
  later(20);
  const { out } = await run('scan');
  const overdue = out.split('\n').filter((line) => line.startsWith('overdue'));
  expect(overdue).toHaveLength(2);
  expect(overdue[1]).toMatch(
    /192\.0\.2\.8 on Spam List, removal requested 2026-11-24 09:00 UTC: still there after 22 h/,
  );
  expect((await run('scan', '--quiet')).out).toBe('');
  const document = JSON.parse((await run('scan', '--format', 'json')).out);
  expect(v.safeParse(outputSchema, document).issues).toBeUndefined();
  expect(document.requests).toMatchObject([
    { target: '192.0.2.7', label: 'BOT', outcome: { kind: 'overdue' } },
    { target: '192.0.2.8', label: null, note: '=ticket, 7', outcome: { kind: 'overdue' } },
  ]);
});

test('a scan that cannot see the listing does not say that it is still there', async () => {
  const keeps = held.get('8.2.0.192.spam.test') ?? [];
  held.set('8.2.0.192.spam.test', ['127.0.0.99']);
  const { out } = await run('scan', '192.0.2.8');
  expect(out).not.toContain('overdue');
  held.set('8.2.0.192.spam.test', keeps);
});

test('the JSON of history and delist is as its published schema says', async () => {
  const listings = JSON.parse((await run('history', '--format', 'json')).out);
  expect(v.safeParse(historySchema, listings).issues).toBeUndefined();
  expect(listings[0].removals).toMatchObject([{ label: 'BOT', outcome: { kind: 'overdue' } }]);
  const ways = JSON.parse((await run('delist', '192.0.2.8', '--no-audit', '--format', 'json')).out);
  expect(v.safeParse(delistSchema, ways).issues).toBeUndefined();
  expect(ways).toMatchObject([{ advice: { steps: [{ asked: { note: '=ticket, 7' } }] } }]);
});

test('the change that answers a request says how long it took, of a code as of the whole', async () => {
  later(1);
  held.set('7.2.0.192.spam.test', ['127.0.0.2']);
  held.delete('8.2.0.192.spam.test');
  const { out } = await run('scan');
  expect(out).toMatch(/^recoded .*no longer BOT.*, 23 h after the removal request of 2026-11-24 09:00 UTC$/m);
  expect(out).toMatch(/^delisted .*192\.0\.2\.8.*, 23 h after the removal request of 2026-11-24 09:00 UTC$/m);
  const changes = await run('history', '--changes');
  expect(changes.out).toMatch(/delisted .*23 h after the removal request/);
  const recorded = JSON.parse((await run('history', '--changes', '--format', 'json')).out);
  expect(v.safeParse(changesSchema, recorded).issues).toBeUndefined();
  const [, , , gone] = recorded;
  expect(gone).toMatchObject({ kind: 'delisted', removal: { note: '=ticket, 7', label: null } });
});

const rowsOf = (text: string): Record<string, string>[] => parse(text, { columns: true });

test('csv has removals, and with --evidence a line for each answer that a change rests on', async () => {
  const listings = rowsOf((await run('history', '--format', 'csv')).out);
  expect(listings.map(({ target, codes, labels }) => [target, codes, labels])).toEqual([
    ['192.0.2.7', '127.0.0.2', 'SPAM'],
    ['192.0.2.8', '127.0.0.2', 'SPAM'],
  ]);
  expect(listings[1]?.removals).toMatch(/\(=ticket, 7\): removed after 23 h$/);
  const changes = rowsOf((await run('history', '--changes', '--format', 'csv')).out);
  expect(Object.keys(changes[0] ?? {})).not.toContain('asked');
  const seen = rowsOf((await run('history', '--changes', '--evidence', '--format', 'csv')).out);
  expect(seen.at(0)).toMatchObject({
    ...{ kind: 'listed', target: '192.0.2.7', asked: '7.2.0.192.spam.test', rcode: 'NOERROR' },
    ...{ addresses: '127.0.0.2 127.0.0.4', txt: '|trap| hit', path: 'servers', added: 'SPAM; BOT' },
  });
  expect(seen.at(0)?.controls).toContain('listed 2.0.0.127.spam.test: 127.0.0.2');
});

test('csv of nothing is a header, of each form', async () => {
  for (const words of [[], ['--changes'], ['--changes', '--evidence'], ['192.0.2.8', '--at', '2020-01-01']]) {
    const { out } = await run('history', '--list', 'other', ...words, '--format', 'csv');
    expect(out).toMatch(/^(id|target),/);
  }
});

test('markdown for a ticket: tables, and the text of strangers stays text', async () => {
  const listings = await run('history', '--format', 'markdown');
  expect(listings.out).toMatch(/^\| target \| list \| since \| until \| codes \| {2}\|\n\| --- \|/);
  expect(listings.out).toMatch(/^- 192\.0\.2\.8 on Spam List: .*removed after 23 h$/m);
  const changes = await run('history', '--changes', '--evidence', '--format', 'markdown');
  expect(changes.out).toMatch(/^- 2026-11-24 08:00 UTC listed 192\.0\.2\.7 on Spam List: 127\.0\.0\.2 127\.0\.0\.4/m);
  expect(changes.out).toContain('  - TXT "\\|trap\\| hit"');
  const then = await run('history', '192.0.2.8', '--at', '2026-11-24T08:30Z', '--format', 'markdown');
  expect(then.out).toContain('| 192.0.2.8 | Spam List | listed | 127.0.0.2 since 2026-11-24 08:00 UTC');
});
