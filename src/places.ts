import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Env = Readonly<Record<string, string | undefined>>;

/** Where things lie: as root the system's folders, else those of XDG. DNSBLWATCH_STATE is another folder for state. */
export type Places = { config: string; data: string; state: string; cache: string };

/** The environment of this process; read nowhere else. */
export function environment(): Env {
  return process.env;
}

export function placesOf(env: Env, root: boolean = process.getuid?.() === 0): Places {
  const name = 'dnsblwatch';
  if (root) {
    const data = `/var/lib/${name}`;
    const state = env.DNSBLWATCH_STATE || join(data, 'state');
    return { config: `/etc/${name}/config.yaml`, data, state, cache: `/var/cache/${name}` };
  }
  const home = env.HOME || homedir();
  const folder = (variable: string, ...otherwise: string[]): string => {
    const given = env[variable];
    // The XDG specification: a relative path is to be ignored.
    return join(given !== undefined && isAbsolute(given) ? given : join(home, ...otherwise), name);
  };
  return {
    config: join(folder('XDG_CONFIG_HOME', '.config'), 'config.yaml'),
    data: folder('XDG_DATA_HOME', '.local', 'share'),
    state: env.DNSBLWATCH_STATE || folder('XDG_STATE_HOME', '.local', 'state'),
    cache: folder('XDG_CACHE_HOME', '.cache'),
  };
}

/** Where the program's code is kept compiled. */
export const codeFolder = (): string => inCache('code');

/** Where catalogue files are kept that were found in order. */
export const acceptedFolder = (): string => inCache('catalogue');

function inCache(folder: string): string {
  return join(placesOf(environment()).cache, folder);
}
