import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { UserError } from '../../errors.ts';

/** The account that the server runs under. `other`: not ours, so files are given to it and processes started as it. */
export type Account = { uid: number; gid: number; name: string; other: boolean };

/** Tried in this order when root starts a server for the first time: PostgreSQL refuses to run as root. */
const candidates = ['dnsblwatch', 'postgres', 'nobody'];

/** Ours; as root the owner of the data that is there, else a machine account without rights. */
export function accountFor(data: string): Account {
  if (process.getuid?.() !== 0) return ourselves();
  const owner = ownerOf(data);
  if (owner !== null && owner.uid !== 0) return { ...owner, name: nameOf(owner.uid), other: true };
  for (const name of candidates) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== null && gid !== null && uid !== 0) return { uid, gid, name, other: true };
  }
  throw new UserError(
    `PostgreSQL does not run as root, and none of the accounts ${candidates.join(', ')} exists on this machine: ` +
      'create one (useradd --system dnsblwatch), run as an ordinary user, or give --database postgres://…',
  );
}

function ourselves(): Account {
  try {
    const { uid, gid, username } = userInfo();
    return { uid, gid, name: username, other: false };
  } catch {
    throw new UserError(
      `PostgreSQL needs an account with a name, and user id ${process.getuid?.()} has none in /etc/passwd: ` +
        'add one, run as another user, or give --database postgres://…',
    );
  }
}

/** What child_process needs to start something as this account. No variable of ours reaches it. */
export function as(account: Account): { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv } {
  const env = { PATH: '/usr/bin:/bin:/usr/local/bin', LC_ALL: 'C', TZ: 'UTC' };
  return account.other ? { uid: account.uid, gid: account.gid, cwd: '/', env } : { cwd: '/', env };
}

/** Whether the account can enter this folder, tried rather than computed: access lists and mounts count too. */
export function canEnter(account: Account, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...as(account), stdio: 'ignore' }).status === 0;
}

function ownerOf(folder: string): { uid: number; gid: number } | null {
  try {
    const { uid, gid } = statSync(folder);
    return { uid, gid };
  } catch {
    return null;
  }
}

function idOf(what: '-u' | '-g', name: string): number | null {
  try {
    return Number(execFileSync('id', [what, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return null;
  }
}

function nameOf(uid: number): string {
  try {
    return execFileSync('id', ['-nu', String(uid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    throw new UserError(`the database folder belongs to user id ${uid}, which has no name in /etc/passwd`);
  }
}
