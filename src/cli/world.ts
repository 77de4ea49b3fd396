import { type Accepted, acceptedIn } from '../catalogue/accepted.ts';
import { acceptedFolder, type Env, environment } from '../places.ts';
import { openOutput } from './output.ts';

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
  /** Characters in a line of standard output, where it is a terminal. */
  width?: number;
  /** The same of standard error. */
  errWidth?: number;
  now(): Date;
  /** Catalogue files that need not be checked again; in a checkout all are, for there the program changes. */
  accepted?: Accepted;
  /** Aborts on the first SIGINT or SIGTERM; the second ends the process. */
  signal: AbortSignal;
};

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** `isWritten`: whether all output is out. `program` tells the package of one version from others. */
export function processWorld(program?: string): { world: World; isWritten(): boolean } {
  const stop = new AbortController();
  const stopOnce = (name: NodeJS.Signals): void => {
    // With nobody to hear it the next one, whichever of the two, ends the process.
    for (const signal of SIGNALS) process.off(signal, stopOnce);
    stop.abort(name);
  };
  for (const signal of SIGNALS) process.on(signal, stopOnce);
  const [out, err] = [openOutput(1), openOutput(2)];
  const world: World = {
    env: environment(),
    out: out.write,
    err: err.write,
    async input() {
      const parts: Buffer[] = [];
      for await (const part of process.stdin) parts.push(part);
      return Buffer.concat(parts).toString('utf8');
    },
    outIsTerminal: out.isTerminal,
    errIsTerminal: err.isTerminal,
    ...(out.columns === null ? {} : { width: out.columns }),
    ...(err.columns === null ? {} : { errWidth: err.columns }),
    ...(program === undefined ? {} : { accepted: acceptedIn(acceptedFolder(), program) }),
    now: () => new Date(),
    signal: stop.signal,
  };
  return { world, isWritten: () => out.isWritten() && err.isWritten() };
}
