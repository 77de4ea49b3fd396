import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildCatalogue, loadCatalogueFile } from '../src/catalogue/load.ts';
import { openDatabase } from '../src/db/open.ts';
import { digestDoc } from '../src/notify/digest/doc.ts';
import { readDigest } from '../src/notify/digest/read.ts';
import { readerOf } from '../src/notify/reader.ts';
import { writeHtml } from '../src/notify/render/html.ts';
import { MARKDOWN, TEXT, writeMarkup } from '../src/notify/render/markup.ts';
import { startLab } from '../test/lab/server.ts';

/**
 * What a digest costs with so many new listings, which a scan has found on ten lists: to read it from the database, to
 * write it as text, HTML and Markdown, and the whole command, started anew. Milliseconds, the best of three.
 *
 *     node bench/digest.ts [LISTINGS …]       by default 0, 1, 50 and 5000
 */
const given = process.argv.slice(2).map(Number);
const run = promisify(execFile);
const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
const LISTS = 10;
const FIRST = 11 * 2 ** 24;

const home = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-digest-'));
chmodSync(home, 0o755);
let listings = 0;
const lab = await startLab(({ name }) => {
  const [d = 0, c = 0, b = 0, a = 0, list = 0] = name.split('.').map(Number);
  const place = ((a * 256 + b) * 256 + c) * 256 + d - FIRST;
  const listed = a === 127 ? d === 2 : place >= 0 && place < listings && place % LISTS === list;
  return listed ? { a: ['127.0.0.2'], txt: ['seen sending spam'] } : { nxdomain: true };
});
const catalogue = path.join(home, 'lists.json');
const definitions = Array.from({ length: LISTS }, (_, at) => ({
  ...{ id: `list-${at}`, zone: `${at}.example`, accepts: ['ipv4'], servers: [lab.address] },
  ...{ control: { listed: '127.0.0.2', notListed: '127.0.0.1' }, limits: 'none' },
}));
writeFileSync(catalogue, JSON.stringify({ lists: definitions }));

const addressAt = (place: number): string =>
  [24, 16, 8, 0].map((bits) => Math.floor((FIRST + place) / 2 ** bits) % 256).join('.');

async function measure(number: number): Promise<void> {
  listings = number;
  const folder = path.join(home, `db-${number}`);
  const env = { PATH: process.env.PATH, HOME: home, DNSBLWATCH_STATE: home, DNSBLWATCH_DATABASE: folder };
  const options = { env, maxBuffer: 2 ** 28 };
  const db = await openDatabase(folder);
  await run(process.execPath, [main, 'targets', 'add', `${addressAt(0)}-${addressAt(number + 99)}`], options);
  const chosen = ['--catalogue', catalogue, '--lists', definitions.map(({ id }) => id).join()];
  // It ends with 2 where it finds listings.
  await run(process.execPath, [main, 'scan', ...chosen], options).catch((error: { code?: number }) => {
    if (error.code !== 2) throw error;
  });
  const { lists } = buildCatalogue(await loadCatalogueFile(catalogue), {});
  const to = new Date();
  const read = () => readDigest(db, lists, { period: { from: new Date(to.getTime() - 86_400_000), to }, tags: null });
  const digest = await read();
  const reader = readerOf('en', 'Europe/Berlin');
  const html = writeHtml(digestDoc(digest, reader));
  const figures = {
    read: await best(read),
    text: await best(() => writeMarkup(digestDoc(digest, reader), TEXT)),
    html: await best(() => writeHtml(digestDoc(digest, reader))),
    markdown: await best(() => writeMarkup(digestDoc(digest, reader), MARKDOWN)),
    command: await best(() => run(process.execPath, [main, 'digest', '--format', 'html', ...chosen], options)),
  };
  await db.close();
  const shown = Object.entries(figures).map(([name, ms]) => `${name} ${Math.round(ms)}`);
  console.log(
    `${number} listings: ${digest.listed.length} in it, ${shown.join(', ')}; html ${Math.ceil(html.length / 1024)} KB`,
  );
}

async function best(act: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < 3; at += 1) {
    const from = performance.now();
    await act();
    times.push(performance.now() - from);
  }
  return Math.min(...times);
}

try {
  for (const number of given.length === 0 ? [0, 1, 50, 5000] : given) await measure(number);
  console.log(`load ${loadavg()[0]?.toFixed(1)}`);
} finally {
  await lab.close();
  rmSync(home, { recursive: true, force: true });
}
