import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { UserError } from '../../errors.ts';
import { type Account, accountFor, as, canEnter } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';

/** The only user of a private server. */
export const superuser = 'dnsblwatch';

/** PostgreSQL's own folder inside the database folder. */
export function dataOf(folder: string): string {
  return path.join(folder, 'postgres');
}

/** Makes the database folder, and says what to do where that cannot be. */
export function makeFolder(folder: string): void {
  if (existsSync(path.join(folder, 'PG_VERSION')))
    throw new UserError(
      `${folder} is the data folder of a PostgreSQL server: give that server's address (postgres://…), ` +
        'or a folder for a database of its own',
    );
  try {
    mkdirSync(folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    if (!lstatSync(`${folder}/.`).isDirectory()) throw new Error('not a folder');
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** A file error in the database folder, as something the user can act on. */
export function folderError(folder: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code;
  const why: Record<string, string> = {
    EACCES: `user ${process.getuid?.()} may not write there`,
    EPERM: `user ${process.getuid?.()} may not write there`,
    EROFS: 'it is on a read-only file system',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EEXIST: 'a file of that name is in the way',
    ENOTDIR: 'a file is in the way',
    ENAMETOOLONG: 'the path is too long',
    ELOOP: 'its links go round in a circle',
  };
  const reason = code === undefined ? undefined : why[code];
  if (reason === undefined) return error as Error;
  return new UserError(
    `The database folder ${folder} cannot be used: ${reason}. Mend that, or give another with --database`,
  );
}

/** Under the folder's lock: who runs the server and with which programs, with the data there and settings written. */
export function prepare(folder: string): { account: Account; binaries: Binaries } {
  const data = dataOf(folder);
  const account = accountFor(data);
  if (account.other) letIn(folder, account);
  const wrote = existsSync(data) ? majorOf(data) : null;
  const binaries = findBinaries(folder, account, wrote);
  if (wrote === null) initialise(folder, account, binaries);
  writeAccess(data, account);
  return { account, binaries };
}

/** The version of PostgreSQL that wrote the data. */
export function majorOf(data: string): number {
  try {
    return Number(readFileSync(path.join(data, 'PG_VERSION'), 'utf8'));
  } catch {
    throw new UserError(`${data} holds no PostgreSQL data (no PG_VERSION): give another folder with --database`);
  }
}

/** Root's server runs as another account: that one must be able to go through the folder, not to read it. */
function letIn(folder: string, account: Account): void {
  if (canEnter(account, folder)) return;
  const foreign = readdirSync(folder).some(
    (name) => !/^(postgres($|-|ql-)|new\.|program-|lock|ledger|server\.log)/.test(name),
  );
  if (!foreign && lstatSync(folder).uid === 0) chmodSync(folder, 0o711);
  if (canEnter(account, folder)) return;
  throw new UserError(
    `The database folder ${folder} cannot be reached by the account ${account.name}, under which PostgreSQL runs ` +
      'because it refuses to run as root: a folder on the way does not let others in. ' +
      'Use --database /var/lib/dnsblwatch, run as an ordinary user, or chmod o+x the folders on the way',
  );
}

/** initdb into a folder beside, renamed when it is whole: a data folder that exists is complete. */
function initialise(folder: string, account: Account, binaries: Binaries): void {
  const part = path.join(folder, `new.${process.pid}`);
  mkdirSync(part, { mode: 0o700 });
  if (account.other) chownSync(part, account.uid, account.gid);
  const locale = binaries.major >= 17 ? ['--locale-provider=builtin', '--locale=C.UTF-8'] : ['--no-locale'];
  const run = spawnSync(
    path.join(binaries.bin, 'initdb'),
    ['-D', part, '-U', superuser, '-E', 'UTF8', ...locale, '-A', 'peer'],
    { ...as(account), encoding: 'utf8' },
  );
  if (run.status === 0) {
    renameSync(part, dataOf(folder));
    return;
  }
  rmSync(part, { recursive: true, force: true });
  const said = `${run.error?.message ?? ''}${run.stdout ?? ''}${run.stderr ?? ''}`;
  if (/No space left/.test(said)) throw folderError(folder, { code: 'ENOSPC' });
  const why = said.split('\n').find((line) => /error|fatal|could not|EPERM|EACCES/i.test(line)) ?? said.slice(-300);
  throw new UserError(`PostgreSQL could not make its data in ${folder} as ${account.name}: ${why.trim()}`);
}

/** Only the owner and root, as the system itself names the process at the other end of the socket, get in. */
function writeAccess(data: string, account: Account): void {
  const names = [...new Set([account.name, 'root'])];
  const files = {
    'pg_hba.conf': 'local all all peer map=owner\n',
    'pg_ident.conf': names.map((name) => `owner "${name}" ${superuser}\n`).join(''),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(data, name), text, { mode: 0o600 });
}
