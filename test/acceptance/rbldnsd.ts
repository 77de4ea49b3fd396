import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, freePort, startPart, untilAnswers, ZONES } from './parts.ts';

/** Data of one zone as rbldnsd reads it. */
export type ZoneData = { zone: string; type: 'ip4set' | 'ip4trie'; data: string };

export type Rbldnsd = {
  address: string;
  port: number;
  zones: string[];
  /** Other data for a zone; resolves once rbldnsd answers `name` (below the zone) with `answer`. */
  change(zone: string, edit: (data: string) => string, seen: { name: string; answer: string }): Promise<void>;
  stop(): Promise<void>;
};

/** Seconds. The published half hour would be waited out before a delisting is believed through a cache. */
const TTL = 2;

/** A file of ../shared/zones, in the encoding it is published in. */
export const published = (file: string): string => readFileSync(join(ZONES, file), 'latin1');

/** Comments taken away; `text` is the list's code and TXT for every entry. */
export const entries = (file: string, text: string): string =>
  `:127.0.0.2:${text}\n${published(file)
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')}\n127.0.0.2\n`;

/** The same with short TTLs, positive and negative, and a SOA where the data brings none. */
function shortLived({ zone, data }: ZoneData): string {
  const soa = `$SOA ${TTL} ns.${zone} hostmaster.${zone} 1 60 60 60 ${TTL}`;
  const rest = data.split('\n').filter((line) => !line.startsWith('$SOA') && !line.startsWith('$TTL'));
  return `${soa}\n$NS ${TTL} ns.${zone}\n$TTL ${TTL}\n${rest.join('\n')}\n`;
}

export async function startRbldnsd(served: ZoneData[]): Promise<Rbldnsd> {
  const folder = mkdtempSync(join(tmpdir(), 'dnsblwatch-rbldnsd-'));
  chmodSync(folder, 0o755); // started by root it reads as another account
  const data = new Map(served.map((one) => [one.zone, one]));
  // rbldnsd compares whole seconds, so two writes within one second need different times.
  let written = Math.floor(Date.now() / 1000) - 86_400;
  const write = (one: ZoneData): void => {
    const file = join(folder, one.zone);
    writeFileSync(`${file}.new`, shortLived(one), 'latin1');
    written += 1;
    utimesSync(`${file}.new`, written, written);
    renameSync(`${file}.new`, file);
  };
  for (const one of served) write(one);

  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const args = ['-n', '-4', '-b', `127.0.0.1/${port}`, '-w', folder, '-c', '60', '-t', String(TTL)];
  const first = served[0]?.zone ?? '';
  const part = await startPart(
    'rbldnsd',
    [...args, ...served.map(({ zone, type }) => `${zone}:${type}:${zone}`)],
    async () => (await ask(address, `2.0.0.127.${first}`)) === '127.0.0.2',
  );
  return {
    address,
    port,
    zones: [...data.keys()],
    async change(zone, edit, { name, answer }) {
      const one = data.get(zone);
      if (one === undefined) throw new Error(`rbldnsd does not serve ${zone}`);
      const next = { ...one, data: edit(one.data) };
      data.set(zone, next);
      write(next);
      part.process.kill('SIGHUP'); // reads what has changed
      await untilAnswers(address, `${name}.${zone}`, answer);
    },
    async stop() {
      await part.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
