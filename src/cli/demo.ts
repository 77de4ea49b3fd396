import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '../db/open.ts';
import { type SimulatedLists, startSimulatedLists } from '../demo/lists.ts';
import { STORY } from '../demo/story.ts';
import { FAILED } from '../exit.ts';
import { paintFor } from '../output/colour.ts';
import { count } from '../output/table.ts';
import { run } from './program.ts';
import { say } from './say.ts';
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
 * commands as a user gives them. Only the clock is the story's own: it ends now, and began a day ago.
 */
export async function demo(options: { color?: boolean }, world: World): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'dnsblwatch-demo-'));
  // Started by root, the database runs under another account that has to get to its folder.
  chmodSync(folder, 0o711);
  const clock = storyClock(world);
  const inStory: World = { ...world, env: storyEnvironment(world, folder, options), now: clock.now };
  const paint = paintFor({ terminal: world.outIsTerminal, noColor: options.color === false });
  const give = async (words: string[]): Promise<void> => {
    say(world, `${paint.bold(`$ dnsblwatch ${words.map(quoted).join(' ')}`)}\n`);
    const before = said.errors;
    let silent = true;
    const out = (text: string): void => {
      silent = false;
      world.out(text);
    };
    await run(words, { ...inStory, out, err: said.hear });
    if (said.errors > before) throw new Error(`the demo's own command failed: ${words.join(' ')}`);
    world.out(silent ? `${paint.dim('(nothing has changed, so it says nothing)')}\n\n` : '\n');
  };
  const said = listenTo(world);
  const lists = await startSimulatedLists();
  try {
    const number = lists.definitions.length;
    say(
      world,
      `${number} simulated lists answer DNS on 127.0.0.1, and a private database is started. Every line below is what the command really says; only the clock is turned.\n\n`,
    );
    const database = await openDatabase(path.join(folder, 'data'), { settings: { fsync: 'off' } });
    try {
      writeSettings(folder, lists);
      for (const chapter of STORY) {
        clock.forward(chapter.after);
        chapter.happens?.(lists);
        const at = chapter.after === 0 ? '' : `${count(chapter.after, 'hour')} later: `;
        say(world, `${paint.bold(`== ${at}${chapter.title}`)}\n${chapter.tells}\n\n`);
        for (const words of chapter.commands) await give(words);
      }
      say(
        world,
        `${paint.bold('== The day in short')}\nWhat a channel gets every morning: mail, Slack, Teams, DingTalk and others.\n\n`,
      );
      await give(['digest', '--period', '2d']);
      world.out(NEXT);
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
  return {
    PATH: env.PATH,
    HOME: folder,
    DNSBLWATCH_STATE: folder,
    NO_COLOR: noColor,
    DNSBLWATCH_CONFIG: path.join(folder, 'config.json'),
  };
}

function writeSettings(folder: string, { definitions }: SimulatedLists): void {
  writeFileSync(path.join(folder, 'lists.json'), JSON.stringify({ lists: definitions }));
  const config = {
    database: path.join(folder, 'data'),
    catalogue: 'lists.json',
    lists: definitions.map(({ id }) => id),
    timeout: '500ms',
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
}

const HOUR = 3_600_000;

/** A clock that goes as the world's does, from so long before it that the story ends now. */
function storyClock(world: World): { now(): Date; forward(hours: number): void } {
  let behind = STORY.reduce((sum, { after }) => sum + after, 0);
  return {
    now: () => new Date(world.now().getTime() - behind * HOUR),
    forward(hours) {
      behind -= hours;
    },
  };
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

const quoted = (word: string): string => (/^[\w.,:/-]+$/.test(word) ? word : `"${word}"`);
