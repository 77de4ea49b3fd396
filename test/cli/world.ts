import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../../src/cli/program.ts';
import type { World } from '../../src/cli/world.ts';

export type Ran = { status: number; out: string; err: string };

/** A home of its own for the commands of a test file. */
export function temporaryHome(): { home: string; remove(): void } {
  const home = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-home-'));
  return { home, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Runs a command line in this process, as the program does; its state lies in its home, for root too. */
export async function command(
  args: string[],
  { input = '', env = {}, ...more }: Partial<Omit<World, 'input'>> & { input?: string } = {},
): Promise<Ran> {
  const ran: Ran = { status: -1, out: '', err: '' };
  const state = env.HOME === undefined ? {} : { DNSBLWATCH_STATE: path.join(env.HOME, 'state') };
  ran.status = await run(args, {
    env: { ...state, ...env },
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    input: async () => input,
    outIsTerminal: false,
    errIsTerminal: false,
    now: () => new Date(),
    signal: new AbortController().signal,
    ...more,
  });
  return ran;
}
