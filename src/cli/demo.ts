import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../db/open.ts';
import { digestOf } from '../demo/digest.ts';
import { type SimulatedLists, startSimulatedLists } from '../demo/lists.ts';
import { STORY } from '../demo/story.ts';
import { FAILED } from '../exit.ts';
import { paintFor } from '../output/colour.ts';
import { run } from './program.ts';
import type { World } from './world.ts';

const NEXT = `The same with the real lists:

  dnsblwatch check 192.0.2.25            is it listed now? (put your address; nothing is recorded)
  dnsblwatch targets add 192.0.2.0/28    watch addresses, prefixes, domains
  dnsblwatch scan                        one recorded scan: for cron, see deploy/
  dnsblwatch history --changes           what changed, and when
  dnsblwatch delist 192.0.2.25           the way off each list
  dnsblwatch doctor                      can this machine ask the lists at all?
`;

/**
 * The whole story without a network: lists that really are asked, over DNS on loopback, a throw-away database, and the
 * commands as a user gives them. Scans that confirm each other need no five minutes between them here.
 */
export async function demo(options: { color?: boolean }, world: World): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-demo-'));
  // Started by root, the database runs under another account that has to get to its folder.
  chmodSync(folder, 0o711);
  const inStory: World = { ...world, env: storyEnvironment(world, folder, options) };
  const paint = paintFor({ terminal: world.outIsTerminal, noColor: options.color === false });
  const give = async (words: string[]): Promise<void> => {
    world.out(`${paint.bold(`$ dnsblwatch ${words.map(quoted).join(' ')}`)}\n`);
    const before = said.errors;
    await run(words, { ...inStory, err: said.hear });
    if (said.errors > before) throw new Error(`the demo's own command failed: ${words.join(' ')}`);
    world.out('\n');
  };
  const said = listenTo(world);
  const lists = await startSimulatedLists();
  try {
    world.out(`${lists.definitions.length} simulated lists answer on 127.0.0.1; the database is a private one.\n\n`);
    const database = await openDatabase(path.join(folder, 'data'), { settings: { fsync: 'off' } });
    try {
      writeSettings(folder, lists);
      for (const chapter of STORY) {
        chapter.happens?.(lists);
        world.out(`${paint.bold(`== ${chapter.title}`)}\n${chapter.tells}\n\n`);
        for (const words of chapter.commands) await give(words);
      }
      world.out(`${paint.bold('== The digest')}\n${await digest(inStory)}\n${NEXT}`);
    } finally {
      await database.close();
    }
  } finally {
    await lists.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return world.signal.aborted ? FAILED : 0;
}

/** Nothing of the user's own settings, database or keys takes part. */
function storyEnvironment({ env }: World, folder: string, options: { color?: boolean }): World['env'] {
  const noColor = options.color === false ? '1' : env.NO_COLOR;
  return { PATH: env.PATH, HOME: folder, NO_COLOR: noColor, DNSBLWATCH_CONFIG: path.join(folder, 'config.json') };
}

function writeSettings(folder: string, { definitions }: SimulatedLists): void {
  writeFileSync(path.join(folder, 'lists.json'), JSON.stringify({ lists: definitions }));
  const config = {
    database: path.join(folder, 'data'),
    catalogue: 'lists.json',
    lists: definitions.map(({ id }) => id),
    timeout: '500ms',
    confirm: { spacing: '0s' },
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
}

/** Passes on what a command says on standard error, and counts its failures. */
function listenTo(world: World): { errors: number; hear(text: string): void } {
  const heard = {
    errors: 0,
    hear(text: string): void {
      if (/^(dnsblwatch|error): /.test(text)) heard.errors += 1;
      world.err(text);
    },
  };
  return heard;
}

async function digest(world: World): Promise<string> {
  const read = async (words: string[]) => {
    let text = '';
    await run([...words, '--format', 'json'], { ...world, out: (more) => (text += more) });
    return JSON.parse(text);
  };
  return digestOf(await read(['history']), await read(['history', '--changes']));
}

const quoted = (word: string): string => (/^[\w.,:/-]+$/.test(word) ? word : `"${word}"`);
