import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ListDefinition } from '../src/catalogue/list.ts';

export const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

/** For a process of the program: nothing of this machine's own settings, and no database but the one that is named. */
export function environmentOf(home: string, database?: string): NodeJS.ProcessEnv {
  const env = { PATH: process.env.PATH ?? '', HOME: home, DNSBLWATCH_STATE: path.join(home, 'state') };
  return database === undefined ? env : { ...env, DNSBLWATCH_DATABASE: database };
}

export type Ran = { status: number | null; out: string; err: string };

/** A folder with the files that the program is started with. */
export type Desk = {
  /** Writes a catalogue file; gives its path. */
  catalogue(lists: ListDefinition[]): string;
  /** Writes a file of any kind; gives its path. */
  file(name: string, text: string): string;
  /** Runs the program as a user does: another process, its words, its exit status. */
  run(...words: string[]): Promise<Ran>;
  close(): void;
};

export function openDesk(): Desk {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-desk-'));
  const file = (name: string, text: string): string => {
    const written = path.join(folder, name);
    writeFileSync(written, text);
    return written;
  };
  let catalogues = 0;
  return {
    file,
    catalogue(lists) {
      catalogues += 1;
      return file(`catalogue-${catalogues}.json`, JSON.stringify({ lists }));
    },
    async run(...words) {
      const child = spawn(process.execPath, [MAIN, ...words], {
        env: environmentOf(folder),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ran: Ran = { status: null, out: '', err: '' };
      child.stdout.on('data', (chunk: Buffer) => {
        ran.out += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        ran.err += chunk.toString();
      });
      [ran.status] = await once(child, 'close');
      return ran;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What it printed with `--format json`. */
export function printed<Document>({ out, err, status }: Ran): Document {
  try {
    return JSON.parse(out);
  } catch {
    throw new Error(`no JSON on standard output (exit ${status}): ${out.slice(0, 500)}\n${err.slice(0, 2000)}`);
  }
}
