import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ListDefinition } from '../../src/catalogue/list.ts';
import { temporaryHome } from './world.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

type Event = { msg: string; level: number; [field: string]: unknown };
type Ended = { status: number | null; signal: NodeJS.Signals | null };

/** A `serve` or `worker` as systemd has it: a process of its own, whose log is read. */
type Service = {
  /** Resolves when the log says so, or has said so; rejects if it ends without. */
  seen(message: string): Promise<Event>;
  /** What it said so far. */
  events: Event[];
  kill(signal: NodeJS.Signals): void;
  ended: Promise<Ended>;
};

export type Office = {
  /** What its processes are started with. */
  env: Record<string, string>;
  /** Writes the configuration that all its commands read. */
  configure(config: { schedules?: object; [key: string]: unknown }): void;
  service(role: 'serve' | 'worker', ...words: string[]): Service;
  /** Runs a command to its end. */
  run(...words: string[]): Promise<Ended & { out: string; err: string }>;
  /** Ends what still runs. */
  close(): Promise<void>;
};

/** A folder with a configuration and a catalogue, for real processes on one database. */
export function openOffice(database: string, lists: ListDefinition[]): Office {
  const { home, remove } = temporaryHome();
  const running = new Set<ChildProcess>();
  writeFileSync(path.join(home, 'lists.json'), JSON.stringify({ lists }));
  const config = path.join(home, 'config.json');
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    DNSBLWATCH_STATE: path.join(home, 'state'),
    DNSBLWATCH_CONFIG: config,
    DNSBLWATCH_DATABASE: database,
  };
  const start = (words: string[]): ChildProcess => {
    const child = spawn(process.execPath, [MAIN, ...words], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  };
  return {
    env,
    configure({ schedules, ...more }) {
      const ids = lists.map(({ id }) => id).join();
      // A follow-up is due once an hour, whenever that is while a test runs; audits begin at once.
      const quiet = { audit: 'off', ...schedules, 'follow-up': 'off' };
      const given = {
        ...{ catalogue: 'lists.json', lists: ids, serve: { listen: 'off' } },
        // The lists answer; how soon is a question of what else this machine does.
        ...{ timeout: '30s', ...more, schedules: quiet },
      };
      writeFileSync(config, JSON.stringify(given));
    },
    service: (role, ...words) => serviceOf(start([role, '--log', 'json', ...words])),
    async run(...words) {
      const child = start(words);
      const said = { out: '', err: '' };
      child.stdout?.on('data', (chunk: Buffer) => {
        said.out += chunk.toString();
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        said.err += chunk.toString();
      });
      const [status, signal] = await once(child, 'close');
      return { status, signal, ...said };
    },
    async close() {
      await Promise.all(
        [...running].map(async (child) => {
          const ended = once(child, 'exit');
          child.kill('SIGKILL');
          await ended;
        }),
      );
      remove();
    },
  };
}

function serviceOf(child: ChildProcess): Service {
  const events: Event[] = [];
  const waiting = new Set<{ message: string; found(event: Event): void; failed(error: Error): void }>();
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  lines.on('line', (line) => {
    const event: Event = line.startsWith('{') ? JSON.parse(line) : { msg: line, level: 60 };
    events.push(event);
    for (const one of waiting)
      if (one.message === event.msg) {
        waiting.delete(one);
        one.found(event);
      }
  });
  const ended = once(child, 'close').then(([status, signal]): Ended => {
    for (const { message, failed } of waiting)
      failed(new Error(`ended (${status ?? signal}) without "${message}": ${JSON.stringify(events, null, 1)}`));
    return { status, signal };
  });
  return {
    events,
    ended,
    kill: (signal) => void child.kill(signal),
    seen: (message) =>
      new Promise((found, failed) => {
        const before = events.find(({ msg }) => msg === message);
        if (before !== undefined) return found(before);
        waiting.add({ message, found, failed });
      }),
  };
}
