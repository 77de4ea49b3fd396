import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
/** The only place it may use, so that what it leaves behind can be told from others' files. */
const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-test-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function demo(): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, 'demo'], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      TMPDIR: folder,
      DNSBLWATCH_STATE: folder,
      DATABASE_URL: 'postgres://not.to.be.asked/',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran = { status: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ran.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ran.err += chunk.toString();
  });
  [ran.status] = await once(child, 'close');
  return ran;
}

test('the demo goes from clean to listed, recoded and delisted, and leaves nothing behind', {
  timeout: 90_000,
}, async () => {
  const { out, err, status } = await demo();
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const story = [
    '192.0.2.25 is on no list. Proven clean on 5, clean but unproven on 1.',
    'listed    192.0.2.25 on Driftnet Spam Traps: 127.0.0.2 (TRAP)',
    '$ dnsblwatch delist 192.0.2.25 driftnet',
    'recoded   192.0.2.25 on Harbour Composite: 127.0.0.2 became 127.0.0.4',
    '2 could not be asked: ',
    'not seen there since the request, but not proven gone either',
    'delisted  192.0.2.25 on Driftnet Spam Traps: was 127.0.0.2, 14 h after the removal request',
    'removed after 14 h',
    'DNS lists: 1 new, 1 changed, 1 gone',
    'dnsblwatch doctor',
  ];
  const places = story.map((line) => [line, out.indexOf(line)] as const);
  for (const [line, place] of places) expect(place, `${line}\n${out}`).toBeGreaterThanOrEqual(0);
  expect(places.toSorted(([, one], [, other]) => one - other)).toEqual(places);
  expect(readdirSync(folder).filter((name) => name.startsWith('dnsblwatch-demo-'))).toEqual([]);
});
