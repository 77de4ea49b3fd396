import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withDebian } from '../db/debian.ts';
import { type DebianServer, startDebianServer } from '../db/debian-server.ts';
import type { Reply } from '../lab/reply.ts';
import { type LabServer, startLab } from '../lab/server.ts';
import { command } from './world.ts';

/** Thirty addresses in as many networks, so that a list which holds them all at once is a burst. */
const TARGETS = Array.from({ length: 30 }, (_, at) => `192.${10 + at}.6.77`);
const [A, B, C] = TARGETS as [string, string, string];
const DOMAIN = 'example.org';
const LISTS = ['alpha', 'beta', 'crowd', 'mute', 'domains'] as const;

/** What the lists hold in one scan: `list target` → codes; `all`: everybody. `mute` may say nothing at all. */
type Moment = { holds?: Record<string, string[]>; crowd?: 'all'; mute?: 'silent'; before?: string[] };

/** Scan after scan; between them commands. */
const STORY: Moment[] = [
  { holds: { [`mute ${C}`]: ['127.0.0.2'] } },
  {
    holds: {
      [`alpha ${A}`]: ['127.0.0.2'],
      [`beta ${B}`]: ['127.0.0.3'],
      [`mute ${C}`]: ['127.0.0.2'],
      [`domains ${DOMAIN}`]: ['127.0.1.2'],
    },
  },
  // Recoded, a burst, and a list that falls silent.
  {
    holds: {
      [`alpha ${A}`]: ['127.0.0.2', '127.0.0.3'],
      [`beta ${B}`]: ['127.0.0.3'],
      [`domains ${DOMAIN}`]: ['127.0.1.2'],
    },
    crowd: 'all',
    mute: 'silent',
  },
  // Clean once: not yet believed. Then twice.
  { holds: { [`beta ${B}`]: ['127.0.0.3'] }, before: ['delist', 'requested', B, 'beta', '--note', 'form sent'] },
  { holds: { [`beta ${B}`]: ['127.0.0.3'] } },
  // A relapse; and an address that is no longer ours.
  { holds: { [`alpha ${A}`]: ['127.0.0.2'], [`beta ${B}`]: ['127.0.0.3'] }, before: ['targets', 'remove', B] },
];

let moment: Moment = {};
let lab: LabServer;
let folder: string;

function answer(name: string, type: string): Reply {
  const [zone, ...labels] = name.split('.').slice(0, -1).reverse();
  const target = zone === 'domains' ? labels.reverse().join('.') : labels.join('.');
  if (zone === 'mute' && moment.mute === 'silent') return { silence: true };
  const control = target === '127.0.0.2' || target === 'test';
  // The whole world, but for what the controls ask.
  const everybody = zone === 'crowd' && moment.crowd === 'all' && !/^(127\.|198\.1[89]\.)/.test(target);
  const codes = control || everybody ? ['127.0.0.2'] : moment.holds?.[`${zone} ${target}`];
  if (codes === undefined) return { nxdomain: true };
  return type === 'TXT' ? { txt: [`${target} was seen`] } : { a: codes };
}

beforeAll(async () => {
  lab = await startLab(({ name, type }) => answer(name, type));
  folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-two-'));
  chmodSync(folder, 0o755);
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Tells the story to a new database, by its commands: all that it prints, without times and ids. */
async function told(database: string): Promise<Record<string, unknown>> {
  const definitions = LISTS.map((id) => ({
    id,
    zone: `${id}.test`,
    servers: [lab.address],
    ...(id === 'domains'
      ? { accepts: ['domain' as const], control: { listed: 'test', notListed: 'invalid' } }
      : { accepts: ['ipv4' as const], control: { listed: '127.0.0.2', notListed: '127.0.0.1' } }),
    codes: Object.fromEntries(
      ['127.0.0.2', '127.0.0.3', '127.0.1.2'].map((code, at) => [code, { label: `L${at}`, severity: 'high' as const }]),
    ),
  }));
  const config = path.join(folder, 'config.json');
  writeFileSync(path.join(folder, 'lists.json'), JSON.stringify({ lists: definitions }));
  writeFileSync(
    config,
    JSON.stringify({
      database,
      catalogue: 'lists.json',
      lists: LISTS,
      timeout: '4s',
      confirm: { listed: 1, delisted: 2, spacing: '0s' },
    }),
  );
  const run = async (...words: string[]): Promise<unknown> => {
    const { out, err } = await command([...words, '--format', 'json', '--config', config], { env: { HOME: folder } });
    return plain(/^[[{]/.test(out) ? JSON.parse(out) : `${out}${err}`);
  };
  moment = {};
  await run('targets', 'add', ...TARGETS, DOMAIN);
  const scans: unknown[] = [];
  for (const now of STORY) {
    moment = now;
    if (now.before !== undefined) await run(...now.before);
    scans.push(await run('scan'));
  }
  return {
    scans,
    changes: await run('history', '--changes', '--evidence'),
    listings: await run('history'),
    tracked: await run('targets', 'list'),
  };
}

/** Without what differs from run to run: times, ids, random controls, and the order of what came at the same time. */
function plain(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const each = value.map((one) => plain(one));
    return each.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if ((key === 'id' || key === 'incident' || /_id$|Id$/.test(key)) && /^\d+$/.test(String(value))) return 'id';
  if (key === 'after' && typeof value === 'number') return 'time';
  if (typeof value === 'string') return value.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');
  if (value === null || typeof value !== 'object') return value;
  const fields = 'role' in value && value.role === 'random' ? { ...value, name: 'random' } : value;
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, plain(one, name)]));
}

type Change = { kind: string; target: string; list: string };

describe.runIf(withDebian.run)(withDebian.named('the same scans'), { timeout: 300_000 }, () => {
  let server: DebianServer;
  beforeAll(async () => {
    server = await startDebianServer();
    await server.sql`create database watched`;
  });
  afterAll(() => server?.stop());

  test("give the same history on the private server and on Debian's PostgreSQL", async () => {
    const here = await told(path.join(folder, 'data'));
    const there = await told(server.addressOf('watched'));
    expect(there).toEqual(here);

    const said = (here.changes as Change[]).map(({ kind, target, list }) => `${kind} ${target} ${list}`);
    expect(said.sort()).toEqual(
      [
        `listed ${C} mute`,
        `listed ${A} alpha`,
        `listed ${B} beta`,
        `listed ${DOMAIN} domains`,
        `recoded ${A} alpha`,
        `delisted ${A} alpha`,
        `delisted ${C} mute`,
        `delisted ${DOMAIN} domains`,
        `listed ${A} alpha`,
        `closed ${B} beta`,
      ].sort(),
    );
    const health = (here.scans as { lists: { id: string; health: string }[] }[]).map(({ lists }) =>
      Object.fromEntries(lists.map(({ id, health }) => [id, health])),
    );
    expect(health[2]).toMatchObject({ alpha: 'healthy', crowd: 'quarantined', mute: 'unreachable' });
  });
});
