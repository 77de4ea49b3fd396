import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * What a process took: seconds, seconds of CPU, its largest memory, and how long in ms its event loop held anybody up at
 * most: `stall` by the clock, `turn` by its own CPU, as it would be on a machine that does nothing else.
 */
export type Cost = { seconds: number; cpu: number; megabytes: number; stall: number; turn: number; out: string };

type Run = {
  env?: Record<string, string>;
  input?: string /** What is read of its output. */;
  read?: 'all' | 'last line';
};

export async function costOf(words: string[], { env = {}, input, read = 'all' }: Run = {}): Promise<Cost> {
  const began = performance.now();
  const told = new URL('cost-told.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', told, ...words], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit', 'pipe'],
  });
  if (input !== undefined) child.stdin?.end(input);
  const [, , , resources] = child.stdio;
  if (!(resources instanceof Readable) || child.stdout === null) throw new Error('no pipe');
  const [taken, out] = await Promise.all([
    text(resources),
    read === 'all' ? text(child.stdout) : lastLine(child.stdout),
  ]);
  return { ...JSON.parse(taken), seconds: (performance.now() - began) / 1000, out };
}

async function lastLine(stream: Readable): Promise<string> {
  let last = '';
  for await (const line of createInterface(stream)) last = line;
  return last;
}

export const median = (values: number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;

/** Seconds of CPU that a process took with all its children, over or not; from Linux's /proc. */
export function cpuOfTree(pid: number): number {
  const own = statOf(pid);
  if (own === null) return 0;
  const children = readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    return stat?.parent === pid ? [stat.cpu] : [];
  });
  return children.reduce((sum, cpu) => sum + cpu, own.cpu + own.ofEnded);
}

const TICKS_A_SECOND = 100;

function statOf(pid: number): { parent: number; cpu: number; ofEnded: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
    return {
      parent: fields[1] ?? 0,
      cpu: (user + system) / TICKS_A_SECOND,
      ofEnded: (childUser + childSystem) / TICKS_A_SECOND,
    };
  } catch {
    return null;
  }
}
