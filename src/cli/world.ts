import { type Env, environment } from '../places.ts';

/** All that a command has to do with the process it runs in. */
export type World = {
  env: Env;
  out(text: string): void;
  err(text: string): void;
  /** Standard input as text, read when first asked for. */
  input(): Promise<string>;
  /** Whether standard output and standard error are terminals. */
  outIsTerminal: boolean;
  errIsTerminal: boolean;
  now(): Date;
  /** Aborts on the first SIGINT or SIGTERM; the second ends the process. */
  signal: AbortSignal;
};

export function processWorld(): World {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(name));
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader (head, less) has seen enough.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    env: environment(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    async input() {
      const parts: Buffer[] = [];
      for await (const part of process.stdin) parts.push(part);
      return Buffer.concat(parts).toString('utf8');
    },
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    now: () => new Date(),
    signal: stop.signal,
  };
}
